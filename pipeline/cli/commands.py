"""The commands of ``pipeline``."""

from typing import Annotated

import typer

from pipeline import __version__
from pipeline.cli.jobs import jobs
from pipeline.cli.run import run
from pipeline.cli.serve import serve
from pipeline.cli.spaces.commands import spaces

app = typer.Typer(
    help="Turns a written brief into a live, checked web app.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(serve)
app.add_typer(jobs, name="jobs")
app.add_typer(spaces, name="spaces")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pipeline {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Turns a written brief into a live, checked web app."""
