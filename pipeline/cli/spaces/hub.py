"""The Hub as commands use it: with HF_TOKEN, without a service in between."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import typer
from pydantic import BaseModel

from pipeline.bootstrap.spaces import open_spaces
from pipeline.cli.environment import read_quietly
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.output import print_json, say
from pipeline.cli.progress import ProgressBar
from pipeline.cli.spaces.tables import print_facts
from pipeline.domain.errors import DeadlineExceeded
from pipeline.domain.space import BROKEN, RESTING, SpaceRuntime
from pipeline.ports import Progress, SpaceHost
from pipeline.shapes.spaces import ChangeReply, CreateSpaceReply, RuntimeView, SpaceView

RUNNING = "RUNNING"

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=ChangeReply | CreateSpaceReply | SpaceView)


def use_hub(use: Callable[[SpaceHost], Awaitable[T]]) -> T:
    """What ``use`` gives. Raises Misconfigured without a token, and what ``use`` raises."""
    settings = read_quietly()

    async def used() -> T:
        return await use(open_spaces(settings)(None))

    return run_async(used())


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ends."""

    as_json: bool  # one JSON document instead of a table
    watch_seconds: float | None = None  # waits so long at most until the app runs or breaks; None = not at all

    def print(self, reply: M, watched: SpaceRuntime | None = None, show: Callable[[M], None] = print_facts) -> None:
        """Print what came of it, and how the app is doing; what was waited for is only good if it runs."""
        runtime = RuntimeView.model_validate(watched) if watched else getattr(reply, "runtime", None)
        if not self.as_json:
            show(reply)
            if runtime:
                print_facts(runtime)
            return
        document = {"ok": True} | reply.model_dump(mode="json")
        if watched and runtime:
            document |= {"ok": watched.stage == RUNNING, "runtime": runtime.model_dump(mode="json")}
        print_json(document)


def perform(
    use: Callable[[SpaceHost, Progress], Awaitable[T]],
    ending: Ending,
    title: str,
    *,
    view: Callable[[T], R],
    steps: int | None = None,
    has_changed: Callable[[R], bool] = lambda _: True,
) -> None:
    """Use the Hub, watch the Space if asked to, print what came of it, and end with the exit code.

    Args:
        use: what is to be done; tells each step.
        ending: how the command ends.
        title: of the progress bar.
        view: what is told of the result.
        steps: how many there are; None = nobody knows.
        has_changed: whether the Space starts anew, so that its stage is not to be believed at once.
    """

    async def used(host: SpaceHost) -> tuple[R, SpaceRuntime | None]:
        with ProgressBar(title, steps) as bar:
            reply = view(await use(host, bar.show))
        if ending.watch_seconds is None:
            return reply, None
        return reply, await watch(host, reply.space_id, ending.watch_seconds, has_changed=has_changed(reply))

    with exit_codes(as_json=ending.as_json):
        reply, watched = use_hub(used)
        ending.print(reply, watched)
    end_by_stage(reply.space_id, watched)


run_change = partial(perform, view=ChangeReply.model_validate, has_changed=lambda reply: reply.restarts)
"""What ``perform`` does, for use cases that change a Space."""


async def watch(host: SpaceHost, space_id: str, seconds: float, *, has_changed: bool) -> SpaceRuntime:
    """Wait until a Space runs, breaks or rests; every new stage is shown, and the end of the log of what broke.

    Raises HubError, and DeadlineExceeded.
    """
    settled: SpaceRuntime | None = None
    with ProgressBar(space_id) as bar:
        async with aclosing(host.watch(space_id, seconds, has_changed=has_changed)) as looks:
            async for look in looks:
                stage = look.runtime.stage
                if look.is_new:
                    bar.show(stage)
                if look.is_current and (stage == RUNNING or stage in BROKEN | RESTING):
                    settled = look.runtime
                    break
    if settled is None:
        raise DeadlineExceeded(
            f"the Space {space_id} is {stage} after {look.waited:.0f} s: `pipeline spaces runtime {space_id} --watch` "
            "waits longer"
        )
    if stage in BROKEN:
        from pipeline.publishing.space_watch import failure_of

        say(await failure_of(host, space_id, settled), "dim")
    return settled


def end_by_stage(space_id: str, watched: SpaceRuntime | None) -> None:
    """End the command with a failure when what was waited for does not run."""
    if watched is None or watched.stage == RUNNING:
        return
    if watched.stage in BROKEN:
        build = "" if watched.stage == "RUNTIME_ERROR" else " --build"
        say(f"It does not run. `pipeline spaces logs {space_id}{build}` shows the whole log.", "red")
    else:
        say(f"It does not run: `pipeline spaces wake {space_id}` starts it.", "yellow")
    raise typer.Exit(ExitCode.FAILED)
