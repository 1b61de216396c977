"""How commands end: exit codes, how errors are told, and Ctrl-C."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, TypeVar

import typer

from pipeline.cli.output import explain, print_json, say
from pipeline.domain.errors import InvalidInput, Misconfigured, PipelineError

END_SECONDS = 5.0
"""What a command gets to end in order after Ctrl-C."""

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
    """Run ``work`` and return what it gives. Ctrl-C cancels it, and ends the process soon, whatever still hangs."""

    async def watched() -> T:
        try:
            return await work
        except asyncio.CancelledError:
            end = threading.Timer(END_SECONDS, _end_at_once)
            end.daemon = True
            end.start()
            raise

    return asyncio.run(watched())


def _end_at_once() -> None:
    """Threads in a library's hands cannot be told to stop, and Python would wait for them."""
    say("Interrupted.", "yellow")
    os._exit(ExitCode.INTERRUPTED)


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
