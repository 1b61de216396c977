"""``pipeline spaces`` hardware, sleep-time, variables, secrets, volumes, dev-mode, visibility and storage."""

from enum import StrEnum
from typing import Annotated

import typer

from pipeline.cli.exits import exit_codes
from pipeline.cli.output import print_json
from pipeline.cli.spaces.hub import run_change, use_hub
from pipeline.cli.spaces.inputs import read_secrets, read_variables, read_volumes
from pipeline.cli.spaces.options import (
    WATCH_SECONDS,
    AsJson,
    Delete,
    EnvFile,
    FromEnv,
    SetVariables,
    SleepTime,
    SpaceId,
    Stdin,
    Timeout,
    VariablesFile,
    Watch,
)
from pipeline.cli.spaces.tables import print_secrets, print_variables, print_volumes
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.manage_space.changes import change_space
from pipeline.manage_space.wishes import STORAGE_IS_GONE, NewSetting, SpaceChanges
from pipeline.shapes.spaces import SecretList, VariableList, VolumeView


class Visibility(StrEnum):
    """Who sees a Space, in the Hub's words."""

    PUBLIC = "public"
    PRIVATE = "private"
    PROTECTED = "protected"


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def set_hardware(
    space_id: SpaceId,
    hardware: Annotated[str, typer.Argument(help="In the Hub's words: cpu-basic, t4-small …")],
    *,
    sleep_time: SleepTime = None,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Ask for other hardware. Restarts the app."""
    changes = SpaceChanges(hardware=hardware, sleep_seconds=sleep_time)
    _change(space_id, changes, timeout if wait else None, as_json=as_json)


def set_sleep_time(
    space_id: SpaceId,
    seconds: Annotated[int, typer.Argument(help="Without visitors; never for -1, written as `-- -1`.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Set when the app falls asleep. Nothing restarts."""
    _change(space_id, SpaceChanges(sleep_seconds=seconds), None, as_json=as_json)


def use_variables(
    space_id: SpaceId,
    *,
    pairs: SetVariables = None,
    file: VariablesFile = None,
    delete: Delete = None,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """List variables; with --set, --file or --delete change them, which restarts the app."""
    with exit_codes(as_json=as_json):
        variables = read_variables(pairs, file)
        if not variables and not delete:
            listed = VariableList.of(space_id, use_hub(lambda host: host.variables(space_id)))
            print_json(listed.model_dump(mode="json")) if as_json else print_variables(listed)
            return
    changes = SpaceChanges(variables=_new(variables), variables_to_delete=tuple(dict.fromkeys(delete or [])))
    _change(space_id, changes, timeout if wait else None, as_json=as_json)


def use_secrets(
    space_id: SpaceId,
    *,
    env_file: EnvFile = None,
    from_env: FromEnv = None,
    stdin: Stdin = None,
    delete: Delete = None,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """List the names of secrets; with --env-file, --from-env, --stdin or --delete change them, which restarts the app.

    Values are taken from files, the environment or standard input only, and are never shown.
    """
    with exit_codes(as_json=as_json):
        secrets = read_secrets(env_file, from_env, stdin)
        if not secrets and not delete:
            listed = SecretList.of(space_id, use_hub(lambda host: host.secrets(space_id)))
            print_json(listed.model_dump(mode="json")) if as_json else print_secrets(listed)
            return
    changes = SpaceChanges(secrets=_new(secrets), secrets_to_delete=tuple(dict.fromkeys(delete or [])))
    _change(space_id, changes, timeout if wait else None, as_json=as_json)


def use_volumes(
    space_id: SpaceId,
    *,
    mount: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE:SOURCE:/FOLDER[:ro]", help="bucket:owner/name:/data; all that is to be mounted."),
    ] = None,
    unmount: Annotated[bool, typer.Option("--unmount", help="Unmount everything.")] = False,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """List volumes; with --mount or --unmount change them, which restarts the app."""
    with exit_codes(as_json=as_json):
        if mount and unmount:
            raise InvalidInput(FieldProblem("--unmount", "--mount names all that is to be mounted: leave one out"))
        volumes = read_volumes(mount or [])
        if not mount and not unmount:
            runtime = use_hub(lambda host: host.runtime(space_id))
            listed = [VolumeView.of(volume) for volume in runtime.volumes]
            if as_json:
                documents = [volume.model_dump(mode="json") for volume in listed]
                print_json({"ok": True, "space_id": space_id, "volumes": documents})
            else:
                print_volumes(listed)
            return
    _change(space_id, SpaceChanges(volumes=volumes), timeout if wait else None, as_json=as_json)


def set_dev_mode(
    space_id: SpaceId,
    switch: Switch,
    *,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Let the app's files be changed while it runs, or no more. Restarts the app."""
    changes = SpaceChanges(is_dev_mode=switch is Switch.ON)
    _change(space_id, changes, timeout if wait else None, as_json=as_json)


def set_visibility(space_id: SpaceId, visibility: Visibility, *, as_json: AsJson = False) -> None:
    """Say who sees a Space; protected: the app for everybody, its code for the owner."""
    _change(space_id, SpaceChanges(visibility=visibility.value), None, as_json=as_json)


def storage(
    _space_id: Annotated[str, typer.Argument(metavar="OWNER/NAME")],
    _tier: Annotated[str | None, typer.Argument(metavar="[TIER]")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Gone from the Hub; says what to do instead."""
    with exit_codes(as_json=as_json):
        raise InvalidInput(FieldProblem("storage", STORAGE_IS_GONE))


def _change(space_id: str, changes: SpaceChanges, watch_seconds: float | None, *, as_json: bool) -> None:
    steps = len(changes.secrets) + len(changes.variables)
    steps += len(changes.secrets_to_delete) + len(changes.variables_to_delete)
    run_change(
        space_id,
        lambda host, progress: change_space(host, space_id, changes, progress),
        watch_seconds=watch_seconds,
        as_json=as_json,
        steps=steps or None,
    )


def _new(settings: dict[str, str]) -> dict[str, NewSetting]:
    return {key: NewSetting(value) for key, value in settings.items()}
