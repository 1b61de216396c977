"""A job's timeline on standard error: a bar on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pipeline.cli.output import plain, say, stderr
from pipeline.domain.job import EventKind, JobEvent, Stage


class StageProgress:
    """Shows the events of one job as they come, within a ``with`` block."""

    def __init__(self, title: str) -> None:
        self._title = plain(title)
        console = stderr()
        self._bar = (
            Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
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
            self._line = self._bar.add_task(self._title, total=len(Stage))
        else:
            say(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, event: JobEvent) -> None:
        """One more event."""
        if self._bar:
            self._show_on_bar(self._bar, event)
        elif line := _line(event):
            say(line)

    def _show_on_bar(self, bar: Progress, event: JobEvent) -> None:
        if event.stage is None:
            return
        if event.kind is EventKind.FINISHED:
            bar.advance(self._line)
        elif event.kind in {EventKind.STARTED, EventKind.PROGRESS}:
            detail = f": {plain(event.detail)}" if event.detail else ""
            bar.update(
                self._line, description=f"{self._title}, {event.stage}{detail}"[: max(bar.console.width - 50, 20)]
            )


def _line(event: JobEvent) -> str:
    if event.stage is None:
        return ""
    detail = f"  {event.detail}" if event.detail else ""
    match event.kind:
        case EventKind.FINISHED:
            took = "" if event.seconds is None else f"{event.seconds:8.2f} s"
            return f"  {event.stage:<9}{took}{detail}"
        case EventKind.FAILED:
            return f"  {event.stage:<9}  failed{detail}"
        case EventKind.PROGRESS:
            return f"  {event.stage:<9}        …{detail}"
        case _:
            return ""
