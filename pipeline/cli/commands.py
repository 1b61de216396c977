"""The commands of ``pipeline``."""

from typing import Annotated

import typer

from pipeline import __version__
from pipeline.cli.lazy import LazyCommand, LazyGroup


class _Commands(LazyGroup):
    lazy = (
        LazyCommand(
            "run",
            "pipeline.cli.run:run",
            "Take a brief through the whole pipeline here and now; no server is needed.",
        ),
        LazyCommand(
            "serve",
            "pipeline.cli.serve:serve",
            "Start the service. SIGTERM or Ctrl-C lets running jobs finish; a second one ends it at once.",
        ),
        LazyCommand(
            "jobs",
            "pipeline.cli.jobs:jobs",
            "Look at jobs and steer them; works beside a running service.",
        ),
        LazyCommand(
            "spaces",
            "pipeline.cli.spaces.commands:spaces",
            "Create and steer Hugging Face Spaces, with HF_TOKEN.",
        ),
    )


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


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
