"""What is under way, on standard error: a bar on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipeline.cli.output import plain, say, stderr
from pipeline.domain.job import EventKind, Job, JobEvent, Stage
from pipeline.ports import Jobs

BESIDE_THE_TEXT = 50  # columns


class ProgressBar:
    """Shows steps as they are taken, within a ``with`` block.

    Args:
        title: of the whole.
        steps: how many there are; None = nobody knows.
    """

    def __init__(self, title: str, steps: int | None = None) -> None:
        self._title = plain(title)
        console = stderr()
        count = [MofNCompleteColumn()] if steps else []
        text = TextColumn("{task.description}", markup=False)
        self._bar = Progress(
            *(SpinnerColumn(), text, BarColumn(), *count, TimeElapsedColumn()),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._steps = steps
        self._line = TaskID(0)

    def __enter__(self) -> Self:
        self._line = self._bar.add_task(self._title, total=self._steps)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, text: str) -> None:
        """One more step was taken."""
        self._show(f"{self._title}: {plain(text)}", f"  {self._title}: {text}", steps=1)

    def _show(self, text: str, line: str, *, steps: int = 0, stays: bool = False) -> None:
        """Let the bar say ``text``, if any, below a ``line`` that ``stays``; without a terminal, say the line."""
        if self._bar.disable:
            if line:
                say(line)
            return
        if stays:
            self._bar.console.print(Text(plain(line), overflow="ellipsis", no_wrap=True))
        shortened = text[: max(self._bar.console.width - BESIDE_THE_TEXT, 20)]
        self._bar.update(self._line, description=shortened or None, advance=steps)


class StageProgress(ProgressBar):
    """Shows the events of one job as they come."""

    def __init__(self, title: str) -> None:
        super().__init__(title, len(Stage))

    def __enter__(self) -> Self:
        super().__enter__()
        self._show("", self._title)
        return self

    def show_event(self, event: JobEvent) -> None:
        """One more event."""
        if event.stage is None:
            return
        detail = f"  {event.detail}" if event.detail else ""
        doing = f"{self._title}, {event.stage}{f': {plain(event.detail)}' if event.detail else ''}"
        match event.kind:
            case EventKind.STARTED:
                self._show(doing, "")
            case EventKind.PROGRESS:
                self._show(doing, f"  {event.stage:<9}        …{detail}")
            case EventKind.FINISHED:
                took = "" if event.seconds is None else f"{event.seconds:8.2f} s"
                self._show("", f"  {event.stage:<9}{took}{detail}", steps=1, stays=True)
            case EventKind.FAILED:
                self._show("", f"  {event.stage:<9}  failed{detail}", stays=True)


async def follow(jobs: Jobs, job: Job) -> Job:
    """Show the timeline of ``job`` as it grows; the job as it ended."""
    with StageProgress(f"{job.key.task}, round {job.key.round}") as progress:
        async for event in jobs.watch(job.id):
            if event:
                progress.show_event(event)
    return await jobs.get(job.id)
