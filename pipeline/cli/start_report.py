"""What a process says when it has started: a short table for people, one line of the log for programs."""

import logging
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from pipeline.cli.output import plain, stderr

_log = logging.getLogger(__name__)


def show_start(report: Mapping[str, Sequence[str]], form: str) -> None:
    """``report`` in the ``form`` that LOG_FORMAT asks for."""
    from pipeline.logs import is_text

    if not is_text(form):
        fields = {name: lines[0] if len(lines) == 1 else list(lines) for name, lines in report.items()}
        _log.info("started", extra={"action": "service.started", **fields})
    elif _log.isEnabledFor(logging.INFO):
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, lines in report.items():
            table.add_row(name, Text("\n".join(map(plain, lines))))
        stderr().print(table)
