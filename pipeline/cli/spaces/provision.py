"""``pipeline spaces provision``: many Spaces from a file, in this process, with no server."""

import asyncio
import logging
from typing import Annotated, Self

import typer
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipeline.bootstrap import Services, build, read_settings
from pipeline.cli.exits import ExitCode, exit_codes
from pipeline.cli.output import plain, print_json, say, stderr, stdout
from pipeline.cli.spaces.inputs import read_secrets
from pipeline.cli.spaces.options import AsJson, EnvFile, FromEnv
from pipeline.cli.spaces.provision_files import read_list, read_template, with_secrets
from pipeline.domain.provision import Provision, ProvisionOrder, SpaceAction, SpaceOutcome, SpaceStatus
from pipeline.logs import configure_logging
from pipeline.settings import Settings
from pipeline.shapes.provision import ProvisionReply, SpaceReply, provision_from

DRAIN_SECONDS = 1
"""For a provision that was interrupted: it goes on from its records anyway."""

LOOK_SECONDS = 0.5
STYLES = {SpaceStatus.SUCCEEDED: "green", SpaceStatus.FAILED: "red"}
DONE_WORDS = {
    SpaceAction.CREATE: "created",
    SpaceAction.UPDATE: "updated",
    SpaceAction.UNCHANGED: "unchanged",
}


def provision(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE.yaml|FILE.csv",
            help="YAML: template and spaces, as POST /spaces/provision takes them. CSV: a Space on each line, with the "
            "columns name, hardware, sleep_time, private, secret:KEY and variable:KEY.",
        ),
    ],
    *,
    template: Annotated[
        str | None, typer.Option(metavar="ID|FOLDER", help="A Space to copy, or a folder with an app.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    replace_secrets: Annotated[
        bool, typer.Option("--replace-secrets", help="Set secrets again that a Space has already.")
    ] = False,
    env_file: EnvFile = None,
    from_env: FromEnv = None,
    as_json: AsJson = False,
) -> None:
    """Create or update many Spaces from one template. Run it again to go on after an interruption.

    Secrets of --env-file and --from-env are set in every Space that does not name them itself.
    """
    with exit_codes(as_json=as_json):
        secrets = read_secrets(env_file, from_env, None)
        document = with_secrets(read_list(file), secrets)
        order, is_dry_run = provision_from(document, read_template(template) if template else None)
        order = ProvisionOrder(order.template, order.spaces, replace_secrets or order.replace_secrets)
        settings = read_settings()
        hidden = {value for wanted in order.spaces for value in wanted.secrets.values() if value}
        configure_logging((*settings.secrets(), *hidden), level=logging.WARNING)
        reply = asyncio.run(_plan(settings, order) if dry_run or is_dry_run else _provision(settings, order))
        if as_json:
            print_json(reply.model_dump(mode="json"))
        else:
            _print(reply)
    if not reply.ok:
        raise typer.Exit(ExitCode.FAILED)


async def _plan(settings: Settings, order: ProvisionOrder) -> ProvisionReply:
    services = build(settings)
    try:
        await services.provision_spaces.check(order, None)
        say("Dry run: nothing is changed.")
        return ProvisionReply.of_plan(await services.provision_spaces.plan(order, None))
    finally:
        services.database.close()


async def _provision(settings: Settings, order: ProvisionOrder) -> ProvisionReply:
    services = build(settings)
    try:
        await services.provision_spaces.check(order, None)
        await services.start()
    except BaseException:
        services.database.close()
        raise
    try:
        return ProvisionReply.of(await _until_ended(services, order), settings.own_address)
    finally:
        await services.stop(DRAIN_SECONDS)


async def _until_ended(services: Services, order: ProvisionOrder) -> Provision:
    accepted = await services.provisions.accept(order, None)
    try:
        with _Bar(len(order.spaces)) as bar:
            while True:
                provision = await services.provisions.wait(accepted.id, None, LOOK_SECONDS)
                bar.show(provision.spaces)
                if provision.status.is_final:
                    return provision
    except asyncio.CancelledError:
        say("The order is on record: it goes on when this command or `pipeline serve` starts here again.")
        raise


class _Bar:
    """On a terminal a bar, elsewhere a line for every Space that has ended."""

    def __init__(self, total: int) -> None:
        console = stderr()
        self._told: set[str] = set()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._line = self._progress.add_task("Provisioning", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, outcomes: tuple[SpaceOutcome, ...]) -> None:
        ended = [outcome for outcome in outcomes if outcome.status.is_final]
        self._progress.update(self._line, completed=len(ended))
        for outcome in ended:
            if self._progress.disable and outcome.name not in self._told:
                say(f"  {outcome.id or outcome.name}: {_state(SpaceReply.of(outcome))}")
            self._told.add(outcome.name)


def _print(reply: ProvisionReply) -> None:
    """One line per Space, and below the table what is to be known of some."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("space", "state", "changes"):
        table.add_column(heading, overflow="fold")
    for space in reply.spaces:
        state = Text(_state(space), style=STYLES.get(space.status, ""))
        table.add_row(Text(plain(space.id or space.name)), state, Text(plain(", ".join(space.changes))))
    stdout().print(table)
    for space in reply.spaces:
        name = space.id or space.name
        if space.warning:
            say(f"{name}: {space.warning}", "yellow")
        if space.error:
            say(f"{name}: {space.error}", "red")
    if reply.error:
        say(reply.error, "red")


def _state(space: SpaceReply) -> str:
    if space.status is SpaceStatus.SUCCEEDED and space.action:
        return DONE_WORDS[space.action]
    if space.status is SpaceStatus.PLANNED and space.action:
        return f"would be {DONE_WORDS[space.action]}"
    return space.status
