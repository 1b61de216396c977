"""``pipeline spaces``: Spaces of the Hugging Face Hub, with HF_TOKEN and without a service."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python

from pipeline.cli.environment import read_quietly
from pipeline.cli.examples import examples
from pipeline.cli.exits import ExitCode, exit_codes
from pipeline.cli.output import plain, print_json, say
from pipeline.cli.spaces import creation, settings
from pipeline.cli.spaces.hub import RUNNING, Ending, end_by_stage, perform, run_change, use_hub, watch
from pipeline.cli.spaces.options import WATCH_SECONDS, AsJson, SpaceId, SpaceIds, Timeout, Watch
from pipeline.cli.spaces.provision import provision
from pipeline.cli.spaces.tables import print_facts, print_rows
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import LogLine, Space, SpaceRuntime
from pipeline.manage_spaces.running import pause_space, restart_space, wake_space, wake_spaces
from pipeline.ports import SpaceHost
from pipeline.shapes.spaces import DeletedReply, RuntimeView, SpaceView, WakeReply

FOLLOW_SECONDS = 3600

spaces = typer.Typer(no_args_is_help=True)
spaces.command(epilog=examples("pipeline spaces create my-app --watch", "pipeline spaces create my-app --name demo"))(
    creation.create
)


@spaces.command("list", epilog=examples("pipeline spaces list", "pipeline spaces list my-team --json"))
def list_spaces(
    owner: Annotated[str | None, typer.Argument(metavar="[OWNER]", help="Default: HF_OWNER, else the token's.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List Spaces, the newest first."""
    with exit_codes(as_json=as_json):
        owner = owner or read_quietly().hf_owner

        async def find(host: SpaceHost) -> tuple[str, tuple[Space, ...]]:
            named = owner or await host.owner()
            return named, await host.spaces(named)

        named, found = use_hub(find)
        views = [SpaceView.model_validate(space) for space in found]
        if as_json:
            print_json({"ok": True, "owner": named, "spaces": [view.model_dump(mode="json") for view in views]})
        elif views:
            print_rows([_row(view) for view in views])
        else:
            say(f"{named} has no Space that this token may see.")


def _row(view: SpaceView) -> dict[str, object]:
    stage = view.runtime.stage if view.runtime else None
    return view.model_dump(include={"space_id", "sdk", "visibility", "modified_at"}) | {"stage": stage}


@spaces.command(epilog=examples("pipeline spaces info you/my-app"))
def info(space_id: SpaceId, *, as_json: AsJson = False) -> None:
    """Show all about a Space."""
    perform(lambda host, _: host.info(space_id), Ending(as_json), space_id, view=SpaceView.model_validate)


@spaces.command(epilog=examples("pipeline spaces runtime you/my-app --watch"))
def runtime(
    space_id: SpaceId, *, wait: Watch = False, timeout: Timeout = WATCH_SECONDS, as_json: AsJson = False
) -> None:
    """Say how a Space is doing."""

    async def look(host: SpaceHost) -> SpaceRuntime:
        return await (watch(host, space_id, timeout, has_changed=False) if wait else host.runtime(space_id))

    with exit_codes(as_json=as_json):
        seen = use_hub(look)
        view = RuntimeView.model_validate(seen)
        if as_json:
            print_json(view.model_dump(mode="json") | {"ok": not wait or seen.stage == RUNNING})
        else:
            print_facts(view)
    end_by_stage(space_id, seen if wait else None)


@spaces.command(epilog=examples("pipeline spaces pause you/my-app"))
def pause(space_id: SpaceId, *, as_json: AsJson = False) -> None:
    """Stop the app until it is restarted; it costs nothing meanwhile."""
    run_change(lambda host, _: pause_space(host, space_id), Ending(as_json), space_id)


@spaces.command(epilog=examples("pipeline spaces restart you/my-app --factory-reboot --watch"))
def restart(
    space_id: SpaceId,
    *,
    factory_reboot: Annotated[bool, typer.Option(help="Build it anew as well.")] = False,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Start the app anew."""
    ending = Ending(as_json, timeout if wait else None)
    run_change(lambda host, _: restart_space(host, space_id, factory_reboot=factory_reboot), ending, space_id)


@spaces.command(epilog=examples("pipeline spaces wake you/my-app you/other"))
def wake(
    space_ids: SpaceIds, *, wait: Watch = False, timeout: Timeout = WATCH_SECONDS, as_json: AsJson = False
) -> None:
    """Start apps that sleep, were stopped or paused, for instance before a demonstration."""
    if len(space_ids) == 1:
        ending = Ending(as_json, timeout if wait else None)
        run_change(lambda host, _: wake_space(host, space_ids[0]), ending, space_ids[0])
        return
    with exit_codes(as_json=as_json):
        if wait:
            raise InvalidInput(FieldProblem("--watch", "takes one Space"))
        reply = WakeReply.of(use_hub(lambda host: wake_spaces(host, space_ids)))
        Ending(as_json).print(reply, show=lambda reply: print_rows([*map(asdict, reply.spaces)]))
    if not reply.ok:
        raise typer.Exit(ExitCode.FAILED)


_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "duplicate": (creation.duplicate, "you/my-app you/copy --private"),
    "provision": (provision, "class.csv --template you/my-app --dry-run"),
    "upload": (creation.upload, "you/my-app app.py"),
    "hardware": (settings.set_hardware, "you/my-app t4-small --sleep-time 3600"),
    "sleep-time": (settings.set_sleep_time, "you/my-app never"),
    "variables": (settings.use_variables, "you/my-app --set LEVEL=2"),
    "secrets": (settings.use_secrets, "you/my-app --set API_KEY"),
    "volumes": (settings.use_volumes, "you/my-app --mount bucket:you/files:/data"),
    "storage": (settings.storage, "you/my-app"),
    "dev-mode": (settings.set_dev_mode, "you/my-app on"),
    "visibility": (settings.set_visibility, "you/my-app private"),
}
for _name, (_command, _as_typed) in _COMMANDS.items():
    spaces.command(_name, epilog=examples(f"pipeline spaces {_name} {_as_typed}"))(_command)


@spaces.command(epilog=examples("pipeline spaces logs you/my-app --build"))
def logs(
    space_id: SpaceId,
    *,
    build: Annotated[bool, typer.Option("--build", help="The log of the build instead of the run.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    timeout: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds that --follow lasts at most.")] = (
        FOLLOW_SECONDS
    ),
    as_json: AsJson = False,
) -> None:
    """Show a Space's log."""

    async def read(host: SpaceHost) -> list[LogLine]:
        lines: list[LogLine] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                async for line in host.logs(space_id, build=build, follow=follow):
                    if as_json:
                        lines.append(line)
                    else:
                        typer.echo(plain(line.text))
        return lines

    with exit_codes(as_json=as_json):
        if follow and as_json:
            raise InvalidInput(FieldProblem("--json", "is one document, and --follow has no end: leave one out"))
        lines = use_hub(read)
        if as_json:
            document = {"ok": True, "space_id": space_id, "log": "build" if build else "run", "lines": lines}
            print_json(to_jsonable_python(document))


@spaces.command(epilog=examples("pipeline spaces delete you/my-app"))
def delete(
    space_id: SpaceId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a Space for good, with all its files, settings and history."""
    with exit_codes(as_json=as_json):
        use_hub(lambda host: host.info(space_id))  # a wrong name is told before anything is asked
        if not yes and not typer.confirm(f"Delete {space_id} for good?", err=True):
            say("Nothing was deleted.")
            raise typer.Exit(ExitCode.FAILED)
        use_hub(lambda host: host.delete(space_id))
        Ending(as_json).print(DeletedReply(space_id=space_id), show=lambda _: say(f"{space_id} is deleted."))
