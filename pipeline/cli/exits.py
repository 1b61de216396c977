"""How commands end: exit codes, how errors are told, and Ctrl-C."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from enum import IntEnum
from typing import Any, TypeVar

import typer

from pipeline.cli.output import explain, print_json, say
from pipeline.domain.errors import InvalidInput, Misconfigured, PipelineError

T = TypeVar("T")


class ExitCode(IntEnum):
    """What the caller's shell is told."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    INTERRUPTED = 130
    """128 + SIGINT, as shells have it."""


@contextmanager
def exit_codes(*, as_json: bool = False) -> Iterator[None]:
    """Tell an error of the block on standard error, with ``as_json`` on standard output too, and end with its code."""
    try:
        yield
    except PipelineError as error:
        explain(error)
        if as_json:
            print_json(_error_document(error))
        raise typer.Exit(_exit_code(error)) from error
    except KeyboardInterrupt as interrupt:
        say("Interrupted.", "yellow")
        if as_json:
            print_json({"ok": False, "error": "interrupted"})
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``. A Ctrl-C that comes while the event loop is made waits for that: half of one cannot end."""
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    with closing(work), asyncio.Runner() as runner:
        signal.signal(signal.SIGINT, before)
        for number in held[:1]:
            signal.raise_signal(number)
        return runner.run(work)


def _error_document(error: PipelineError) -> dict[str, object]:
    """The same shape as a refusal over HTTP."""
    document: dict[str, object] = {"ok": False, "error": str(error)}
    if isinstance(error, InvalidInput):
        document["fields"] = [{"field": p.field, "problem": p.problem} for p in error.problems]
    return document


def _exit_code(error: PipelineError) -> ExitCode:
    match error:
        case InvalidInput():
            return ExitCode.USAGE
        case Misconfigured():
            return ExitCode.CONFIGURATION
        case _:
            return ExitCode.FAILED
