"""``pipeline spaces provision``: many Spaces from a file, in this process, with no server."""

import asyncio
from typing import Annotated

import typer

from pipeline.bootstrap.spaces import open_provision_spaces
from pipeline.cli.environment import read_quietly
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.output import print_json, say
from pipeline.cli.progress import ProgressBar
from pipeline.cli.spaces.inputs import read_secrets
from pipeline.cli.spaces.options import AsJson, EnvFile, FromEnv
from pipeline.cli.spaces.provision_files import read_list, read_template, with_secrets
from pipeline.cli.spaces.tables import print_provision, state_of
from pipeline.domain.provision import ProvisionOrder, SpaceOutcome, SpaceStatus
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.shapes.provision import provision_from
from pipeline.shapes.spaces import ProvisionReply


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
        document = with_secrets(read_list(file), read_secrets(env_file, from_env, None))
        order, is_dry_run = provision_from(document, read_template(template) if template else None)
        order = ProvisionOrder(order.template, order.spaces, replace_secrets or order.replace_secrets)
        is_dry_run = dry_run or is_dry_run
        hidden = {value for wanted in order.spaces for value in wanted.settings.secrets.values() if value}
        provision_spaces = open_provision_spaces(read_quietly(*hidden))
        outcomes = run_async(_provision(provision_spaces, order, is_dry_run=is_dry_run))
        reply = ProvisionReply.of(outcomes, is_dry_run=is_dry_run)
        if as_json:
            print_json(reply.model_dump(mode="json"))
        else:
            print_provision(reply)
    if not reply.ok:
        raise typer.Exit(ExitCode.FAILED)


async def _provision(
    provision_spaces: ProvisionSpaces, order: ProvisionOrder, *, is_dry_run: bool
) -> tuple[SpaceOutcome, ...]:
    if is_dry_run:
        say("Dry run: nothing is changed.")
        return await provision_spaces.plan(order, None)
    with ProgressBar("Provisioning", len(order.spaces)) as bar:

        def show(outcome: SpaceOutcome) -> None:
            if outcome.status is not SpaceStatus.RUNNING:
                bar.show(f"{outcome.id}: {state_of(outcome)}")

        try:
            return await provision_spaces(order, None, show)
        except asyncio.CancelledError:
            say("Run the same command again to go on: it finds what is there.")
            raise
