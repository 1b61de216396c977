"""The commands of ``pipeline``, by a line of help each; what is called is imported then."""

import os
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from pipeline import __version__
from pipeline.cli.examples import examples


class _Lazy(TyperCommand):
    """Stands in the list for a command, or a Typer app with commands of its own, at ``module:attribute``."""

    def __init__(self, name: str, line: str, place: str, *as_typed: str) -> None:
        super().__init__(name, help=line, epilog=examples(*as_typed))
        self._place = place

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Of what it stands for: with this its group begins to run it."""
        module, _, attribute = self._place.partition(":")
        found, group = getattr(import_module(module), attribute), typer.Typer()
        if isinstance(found, typer.Typer):
            group.add_typer(found, name=self.name, help=self.help, epilog=self.epilog)
        else:
            group.command(self.name, help=self.help, epilog=self.epilog)(found)
        return get_group(group).commands[str(self.name)].make_context(*args, **kwargs)


COMMANDS = (
    _Lazy(
        "run",
        "Take a brief through the whole pipeline here and now; no server is needed.",
        "pipeline.cli.run:run",
        "pipeline run brief.json --open",
        "pipeline run brief.json --target github-pages --strict",
    ),
    _Lazy(
        "batch",
        "Take many briefs through the pipeline here and now, a line of a file each; a line of result as each ends.",
        "pipeline.cli.batch:batch",
        "pipeline batch briefs.jsonl --parallel 8",
        "pipeline batch briefs.jsonl --resume --only failed --json",
    ),
    _Lazy(
        "check",
        "Look at a folder of files as the pipeline looks at an app before it is published; publishes nothing.",
        "pipeline.cli.check:check",
        "pipeline check my-app/ --brief brief.json",
        "pipeline check my-app/ --checks checks.json --strict",
    ),
    _Lazy(
        "open",
        "Show what a job has published in the browser; an app on this machine is served until Ctrl-C.",
        "pipeline.cli.page:open_app",
        "pipeline open latest",
    ),
    _Lazy(
        "serve",
        "Start the service, with its worker. SIGTERM or Ctrl-C lets running jobs finish; a second one ends it at once.",
        "pipeline.cli.serve:serve",
        "DEPLOY_SECRET=a-secret-of-yours pipeline serve --port 8000",
    ),
    _Lazy(
        "jobs",
        "Look at jobs and steer them; works beside a running service.",
        "pipeline.cli.jobs:jobs",
        "pipeline jobs list",
        "pipeline jobs show latest",
    ),
    _Lazy(
        "doctor",
        "Say what is configured, reachable and missing, and what to do about it.",
        "pipeline.cli.doctor:doctor",
        "pipeline doctor",
        "pipeline doctor --no-calls --json",
    ),
    _Lazy(
        "evaluate",
        "Play the evaluator for a service: send briefs, take callbacks, judge what it has published.",
        "pipeline.cli.evaluate:evaluate",
        "pipeline evaluate briefs/ --endpoint http://127.0.0.1:8000",
        "pipeline evaluate brief.json --endpoint URL --report score.html",
    ),
    _Lazy(
        "spaces",
        "Create and steer Hugging Face Spaces, with HF_TOKEN.",
        "pipeline.cli.spaces.commands:spaces",
        "pipeline spaces list",
        "pipeline spaces create my-app --watch",
    ),
)


class _Commands(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {str(command.name): command for command in COMMANDS}


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("pipeline run brief.json --open", "pipeline jobs list", "pipeline COMMAND -h"),
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pipeline {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    env_file: Annotated[
        str | None,
        typer.Option(
            "--env-file", metavar="FILE", help="Variables for what the environment does not set; default: .env."
        ),
    ] = None,
) -> None:
    """Turns a written brief into a live, checked web app."""
    if env_file:
        os.environ["ENV_FILE"] = env_file
