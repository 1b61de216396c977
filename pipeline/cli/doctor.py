"""``pipeline doctor``: what is configured, reachable and missing, and what to do about it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipeline import __version__
from pipeline.cli.environment import log_as_told
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.output import plain, print_json, stdout
from pipeline.cli.progress import ProgressBar
from pipeline.domain.diagnosis import Condition

STYLES = {Condition.OK: "green", Condition.WARNING: "yellow", Condition.FAILED: "red", Condition.NOT_CONFIGURED: "dim"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    calls: Annotated[
        bool, typer.Option("--calls/--no-calls", help="Whether each model is asked a question, which costs a little.")
    ] = True,
) -> None:
    """The command."""
    from pipeline.bootstrap.doctor import all_looks, examine
    from pipeline.bootstrap.environment import read_settings
    from pipeline.logs import Redactor

    with exit_codes(as_json=as_json):
        settings = read_settings()
        log_as_told(settings, level="error")
        looks, hide = all_looks(settings, calls=calls), Redactor(settings.secrets()).redact
        with ProgressBar("doctor", len(looks)) as progress:
            rows = hide(run_async(examine(looks, progress.show)))
        has_failed = any(row["verdict"] == Condition.FAILED for row in rows)
        if as_json:
            print_json({"ok": not has_failed, "version": __version__, "rows": rows})
        else:
            _print(rows)
    if has_failed:
        raise typer.Exit(ExitCode.CONFIGURATION)


def _print(rows: Sequence[Mapping[str, str]]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        mend = f"\n→ {plain(row['mend'])}" if row["mend"] else ""
        found = Text.assemble((plain(row["name"]), "bold"), f": {plain(row['found'])}{mend}")
        table.add_row(Text(row["verdict"], STYLES[Condition(row["verdict"])]), found)
    stdout().print(table, markup=False)
