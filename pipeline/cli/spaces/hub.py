"""The Hub as commands use it: with HF_TOKEN, without a service in between."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import typer

from pipeline.bootstrap import open_spaces
from pipeline.cli.exits import ExitCode, exit_codes
from pipeline.cli.output import print_json, say
from pipeline.cli.spaces.progress import SpaceProgress, watch_stage
from pipeline.cli.spaces.tables import print_change
from pipeline.clock import SystemClock
from pipeline.domain.space import BROKEN, SpaceRuntime
from pipeline.logs import configure_logging
from pipeline.manage_space.changes import Changed
from pipeline.ports import Progress, SpaceHost
from pipeline.settings import Settings
from pipeline.shapes.spaces import ChangeReply, RuntimeView

RUNNING = "RUNNING"

T = TypeVar("T")


def read_quietly() -> Settings:
    """The environment; the log says nothing but warnings, and no secret."""
    settings = Settings.from_environment()
    configure_logging(settings.secrets(), level=logging.WARNING)
    return settings


def use_hub(use: Callable[[SpaceHost], Awaitable[T]]) -> T:
    """What ``use`` gives. Raises Misconfigured without a token, and what ``use`` raises."""
    settings = read_quietly()

    async def used() -> T:
        return await use(open_spaces(settings)(None))

    return asyncio.run(used())


def run_change(
    space_id: str,
    change: Callable[[SpaceHost, Progress], Awaitable[Changed]],
    *,
    watch_seconds: float | None = None,
    as_json: bool,
    steps: int | None = None,
) -> None:
    """Change a Space, watch it if asked to, print what came of it, and end with the exit code.

    Args:
        space_id: ``owner/name``.
        change: makes the change, and tells each step.
        watch_seconds: to wait until it runs or breaks; None = not at all.
        as_json: one JSON document instead of a table.
        steps: how many there are; None = nobody knows.
    """

    async def changed_and_watched(host: SpaceHost) -> tuple[Changed, SpaceRuntime | None]:
        with SpaceProgress(space_id, steps) as progress:
            changed = await change(host, progress.show)
        if watch_seconds is None:
            return changed, None
        return changed, await watch(host, space_id, watch_seconds, has_changed=changed.restarts)

    with exit_codes(as_json=as_json):
        changed, watched = use_hub(changed_and_watched)
        reply = ChangeReply.of(changed)
        if watched:
            reply = reply.model_copy(update={"runtime": RuntimeView.of(watched)})
        if as_json:
            print_json(with_verdict(reply.model_dump(mode="json"), watched))
        else:
            print_change(reply)
    end_by_stage(space_id, watched)


async def watch(host: SpaceHost, space_id: str, seconds: float, *, has_changed: bool) -> SpaceRuntime:
    """Wait until it runs, breaks or rests; every new stage is shown."""
    with SpaceProgress(space_id) as progress:
        return await watch_stage(host, SystemClock(), space_id, seconds, progress.show, has_changed=has_changed)


def with_verdict(document: dict[str, Any], watched: SpaceRuntime | None) -> dict[str, Any]:
    """``document`` that is only ok if what was waited for runs."""
    return document | {"ok": watched is None or watched.stage == RUNNING}


def end_by_stage(space_id: str, watched: SpaceRuntime | None) -> None:
    """End the command with a failure when what was waited for does not run."""
    if watched is None or watched.stage == RUNNING:
        return
    if watched.stage in BROKEN:
        build = "" if watched.stage == "RUNTIME_ERROR" else " --build"
        say(f"It does not run. `pipeline spaces logs {space_id}{build}` shows why.", "red")
    else:
        say(f"It does not run: `pipeline spaces wake {space_id}` starts it.", "yellow")
    raise typer.Exit(ExitCode.FAILED)
