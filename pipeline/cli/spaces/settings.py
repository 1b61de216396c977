"""``pipeline spaces`` hardware, sleep-time, variables, secrets, volumes, dev-mode, visibility and storage."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from pydantic_core import to_jsonable_python

from pipeline.cli.exits import exit_codes
from pipeline.cli.output import print_json, say
from pipeline.cli.spaces import options as opt
from pipeline.cli.spaces.hub import Ending, run_change, use_hub
from pipeline.cli.spaces.inputs import read_secrets, read_variables, read_volumes
from pipeline.cli.spaces.tables import print_rows
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import SettingKind, SpaceSettings
from pipeline.manage_spaces.changes import Key, change_space
from pipeline.shapes.space_changes import STORAGE_IS_GONE
from pipeline.shapes.spaces import SecretView, VariableView


def set_hardware(
    space_id: opt.SpaceId,
    hardware: Annotated[str, typer.Argument(help="In the Hub's words: cpu-basic, t4-small …")],
    *,
    sleep_time: opt.SleepTime = None,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """Ask for other hardware. Restarts the app."""
    settings = SpaceSettings(hardware=hardware, sleep_seconds=sleep_time)
    _change(space_id, settings, Ending(as_json, timeout if wait else None))


def set_sleep_time(space_id: opt.SpaceId, seconds: opt.SleepSeconds, *, as_json: opt.AsJson = False) -> None:
    """Set when the app falls asleep. Nothing restarts."""
    _change(space_id, SpaceSettings(sleep_seconds=seconds), Ending(as_json))


def use_variables(
    space_id: opt.SpaceId,
    *,
    pairs: opt.SetVariables = None,
    file: opt.VariablesFile = None,
    delete: opt.Delete = None,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """List variables; with --set, --file or --delete change them, which restarts the app."""
    with exit_codes(as_json=as_json):
        variables = read_variables(pairs, file)
    _list_or_change(space_id, SettingKind.VARIABLES, variables, delete, Ending(as_json, timeout if wait else None))


def use_secrets(
    space_id: opt.SpaceId,
    *,
    asked: opt.AskFor = None,
    env_file: opt.EnvFile = None,
    from_env: opt.FromEnv = None,
    stdin: opt.Stdin = None,
    delete: opt.Delete = None,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """List the names of secrets; with --set, --env-file, --from-env, --stdin or --delete change them.

    Values are asked for, or taken from files, the environment or standard input, and are never shown. Changes restart
    the app.
    """
    with exit_codes(as_json=as_json):
        secrets = read_secrets(env_file, from_env, stdin, asked)
    _list_or_change(space_id, SettingKind.SECRETS, secrets, delete, Ending(as_json, timeout if wait else None))


def use_volumes(
    space_id: opt.SpaceId,
    *,
    mount: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE:SOURCE:/FOLDER[:ro]", help="bucket:owner/name:/data; all that is to be mounted."),
    ] = None,
    unmount: Annotated[bool, typer.Option("--unmount", help="Unmount everything.")] = False,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """List volumes; with --mount or --unmount change them, which restarts the app."""
    with exit_codes(as_json=as_json):
        if mount and unmount:
            raise InvalidInput(FieldProblem("--unmount", "--mount names all that is to be mounted: leave one out"))
        volumes = read_volumes(mount or [])
        if not mount and not unmount:
            there = use_hub(lambda host: host.runtime(space_id)).volumes
            _list(space_id, "volumes", [*map(asdict, there)], "folder", as_json=as_json)
            return
    _change(space_id, SpaceSettings(volumes=volumes), Ending(as_json, timeout if wait else None))


def set_dev_mode(
    space_id: opt.SpaceId,
    switch: Literal["on", "off"],
    *,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """Let the app's files be changed while it runs, or no more. Restarts the app."""
    settings = SpaceSettings(is_dev_mode=switch == "on")
    _change(space_id, settings, Ending(as_json, timeout if wait else None))


def set_visibility(
    space_id: opt.SpaceId, visibility: Literal["public", "private", "protected"], *, as_json: opt.AsJson = False
) -> None:
    """Say who sees a Space; protected: the app for everybody, its code for the owner."""
    _change(space_id, SpaceSettings(visibility=visibility), Ending(as_json))


def storage(
    _space_id: Annotated[str, typer.Argument(metavar="OWNER/NAME")],
    _tier: Annotated[str | None, typer.Argument(metavar="[TIER]")] = None,
    *,
    as_json: opt.AsJson = False,
) -> None:
    """Gone from the Hub; says what to do instead."""
    with exit_codes(as_json=as_json):
        raise InvalidInput(FieldProblem("storage", STORAGE_IS_GONE))


def _list_or_change(
    space_id: str, kind: SettingKind, values: Mapping[str, str], delete: Sequence[str] | None, ending: Ending
) -> None:
    if values or delete:
        keys = [(kind, key) for key in dict.fromkeys(delete or [])]
        _change(space_id, SpaceSettings.of(kind, values), ending, keys)
        return
    view = SecretView if kind is SettingKind.SECRETS else VariableView
    with exit_codes(as_json=ending.as_json):
        there = [view.model_validate(each).model_dump() for each in use_hub(lambda host: host.settings(space_id, kind))]
        _list(space_id, kind, there, kind.singular, as_json=ending.as_json)


def _list(space_id: str, name: str, rows: Sequence[Mapping[str, Any]], one: str, *, as_json: bool) -> None:
    if as_json:
        print_json(to_jsonable_python({"ok": True, "space_id": space_id, name: rows}))
    elif rows:
        print_rows(rows)
    else:
        say(f"There is no {one}.")


def _change(space_id: str, settings: SpaceSettings, ending: Ending, delete: Sequence[Key] = ()) -> None:
    steps = len(settings.secrets) + len(settings.variables) + len(delete)
    run_change(
        lambda host, progress: change_space(host, space_id, settings, progress, delete=delete),
        ending,
        space_id,
        steps=steps or None,
    )
