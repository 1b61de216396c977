"""How a Space comes to run, on standard error: a moving line on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pipeline.cli.output import plain, say, stderr


class ProgressBar:
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
