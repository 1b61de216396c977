"""How a Space comes to run, on standard error: a moving line on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pipeline.cli.output import plain, say, stderr
from pipeline.domain.errors import DeadlineExceeded, HubUnreachable, RateLimited
from pipeline.domain.space import BROKEN, BUILDING, RESTING, SpaceRuntime
from pipeline.ports import Clock, SpaceHost
from pipeline.ports import Progress as Tell

FIRST_PAUSE_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 5.0
GRACE_SECONDS = 20.0
"""After a change the Hub may go on telling the stage from before for as long as this."""


class SpaceProgress:
    """Shows steps as they are taken, within a ``with`` block.

    Args:
        title: of the whole.
        steps: how many there are; None = nobody knows.
    """

    def __init__(self, title: str, steps: int | None = None) -> None:
        self._title = plain(title)
        self._steps = steps
        console = stderr()
        self._bar = (
            Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            )
            if console.is_terminal
            else None
        )
        self._line = TaskID(0)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
            self._line = self._bar.add_task(self._title, total=self._steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, text: str) -> None:
        """One more step was taken."""
        if self._bar:
            self._bar.update(self._line, description=f"{self._title}: {plain(text)}", advance=1)
        else:
            say(f"  {self._title}: {text}")


async def watch_stage(
    host: SpaceHost, clock: Clock, space_id: str, seconds: float, tell: Tell, *, has_changed: bool
) -> SpaceRuntime:
    """Wait until a Space runs, breaks or rests, and return how it is doing then.

    Args:
        host: the Hub.
        clock: for the waits.
        space_id: ``owner/name``.
        seconds: to wait at most.
        tell: is told every new stage.
        has_changed: it was changed just now, so that its stage is not to be believed at once.

    Raises:
        DeadlineExceeded: it does none of these in time.
        HubError: the Hub does not tell.
    """
    began, pause, stage = clock.monotonic(), FIRST_PAUSE_SECONDS, ""
    is_believed = not has_changed
    while True:
        runtime = await _look(host, clock, space_id, began + seconds)
        if runtime.stage != stage:
            stage = runtime.stage
            tell(stage)
        waited = clock.monotonic() - began
        is_believed = is_believed or stage in BUILDING or waited >= GRACE_SECONDS
        if is_believed and (stage == "RUNNING" or stage in BROKEN | RESTING):
            return runtime
        if waited >= seconds:
            raise DeadlineExceeded(
                f"the Space {space_id} is {stage} after {waited:.0f} s: `pipeline spaces runtime {space_id} --watch` "
                "waits longer"
            )
        await clock.sleep(pause)
        pause = min(pause + 1, LONGEST_PAUSE_SECONDS)


async def _look(host: SpaceHost, clock: Clock, space_id: str, end: float) -> SpaceRuntime:
    """How it is doing. A Hub that gives no answer for a while is waited for."""
    while True:
        try:
            return await host.runtime(space_id)
        except HubUnreachable:
            if clock.monotonic() + LONGEST_PAUSE_SECONDS > end:
                raise
            await clock.sleep(LONGEST_PAUSE_SECONDS)
        except RateLimited as error:
            if clock.monotonic() + error.retry_after_seconds > end:
                raise
            await clock.sleep(max(error.retry_after_seconds, LONGEST_PAUSE_SECONDS))
