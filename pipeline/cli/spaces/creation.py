"""``pipeline spaces`` create, duplicate and upload: whatever brings files into a Space."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.bootstrap.spaces import open_create_space, open_secret_scanner
from pipeline.cli.environment import read_quietly
from pipeline.cli.exits import exit_codes
from pipeline.cli.output import say
from pipeline.cli.sources import read_source
from pipeline.cli.spaces import options as opt
from pipeline.cli.spaces.folder import kind_of, read_folder
from pipeline.cli.spaces.hub import Ending, perform
from pipeline.cli.spaces.inputs import read_secrets, read_variables
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import STATIC, AppTemplate, NewSpace, SpaceSettings
from pipeline.domain.space_rules import MAX_SPACE_BYTES
from pipeline.manage_spaces.creation import copy_space
from pipeline.manage_spaces.files import upload_files
from pipeline.shapes.json_object import read_object
from pipeline.shapes.spaces import CopyReply, CreateSpaceReply, UploadReply

LONGEST_PARAMETERS = 1024 * 1024


def create(
    folder: Annotated[Path, typer.Argument(help="With the app's files.")],
    *,
    name: Annotated[str | None, typer.Option(metavar="[OWNER/]NAME", help="Default: a new one.")] = None,
    kind: Annotated[SpaceSdk | None, typer.Option("--type", help="Default: as the files look.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Only its owner sees it.")] = False,
    parameters: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="An object that the app finds as PARAMS.")
    ] = None,
    env_file: opt.EnvFile = None,
    from_env: opt.FromEnv = None,
    stdin: opt.Stdin = None,
    pairs: opt.SetVariables = None,
    hardware: opt.Hardware = None,
    sleep_time: opt.SleepTime = None,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """Make a new Space from a folder: its settings in one request, then all its files in one commit.

    What is missing is added, as POST /create-space does: the card in README.md, requirements.txt, a Dockerfile.
    """
    with exit_codes(as_json=as_json):
        files = _read_folder(folder)
        app = AppTemplate(files, kind or kind_of(files), _read_parameters(parameters) if parameters else {})
        settings = SpaceSettings(
            secrets=read_secrets(env_file, from_env, stdin),
            variables=read_variables(pairs),
            hardware=hardware,
            sleep_seconds=sleep_time,
            visibility="private" if private else None,
        )
        create_space = open_create_space(read_quietly())
    perform(
        lambda _, __: create_space(NewSpace(app, name, settings), None),
        Ending(as_json, timeout if wait else None),
        f"creating a {app.kind} Space of {len(files)} files",
        view=CreateSpaceReply.model_validate,
        has_changed=lambda _: app.kind != STATIC,
    )


def duplicate(
    space_id: opt.SpaceId,
    target: Annotated[str | None, typer.Argument(metavar="[[OWNER/]NAME]", help="Default: the same name.")] = None,
    *,
    private: Annotated[bool | None, typer.Option("--private/--public", help="Default: as the source is.")] = None,
    env_file: opt.EnvFile = None,
    from_env: opt.FromEnv = None,
    stdin: opt.Stdin = None,
    pairs: opt.SetVariables = None,
    hardware: opt.Hardware = None,
    sleep_time: opt.SleepTime = None,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """Copy a Space. Its files and variables are copied, its secrets are not: give them anew."""
    with exit_codes(as_json=as_json):
        settings = SpaceSettings(
            secrets=read_secrets(env_file, from_env, stdin),
            variables=read_variables(pairs),
            hardware=hardware,
            sleep_seconds=sleep_time,
            visibility=None if private is None else "private" if private else "public",
        )
    perform(
        lambda host, _: copy_space(host, space_id, target, settings),
        Ending(as_json, timeout if wait else None),
        f"copying {space_id}",
        view=CopyReply.of_copy,
        has_changed=lambda reply: reply.sdk != STATIC,
    )


def upload(
    space_id: opt.SpaceId,
    path: Annotated[Path, typer.Argument(metavar="FILE_OR_FOLDER", help="What to put there.")],
    *,
    to: Annotated[str | None, typer.Option(metavar="PATH", help="Where in the Space; default: the same name.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="It becomes all that the Space holds.")] = False,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
    wait: opt.Watch = False,
    timeout: opt.Timeout = opt.WATCH_SECONDS,
    as_json: opt.AsJson = False,
) -> None:
    """Add or replace files of a Space, in one commit; other files stay. The app is built anew."""
    with exit_codes(as_json=as_json):
        files = _files_to_upload(path, to)
        scanner = open_secret_scanner(read_quietly())
    perform(
        lambda host, _: upload_files(host, scanner, space_id, files, replace=replace, message=message),
        Ending(as_json, timeout if wait else None),
        f"uploading {len(files)} file{'s' * (len(files) != 1)} to {space_id}",
        view=UploadReply.model_validate,
        has_changed=lambda reply: reply.restarts,
    )


def _files_to_upload(path: Path, to: str | None) -> AppFiles:
    if path.is_dir():
        prefix = f"{to.strip('/')}/" if to else ""
        return AppFiles({prefix + name: content for name, content in _read_folder(path).items()})
    return AppFiles({to or path.name: read_source("FILE_OR_FOLDER", path, MAX_SPACE_BYTES)})


def _read_folder(path: Path) -> AppFiles:
    read = read_folder(path)
    for name in read.left_out:
        say(f"Left out: {name}", "yellow")
    return read.files


def _read_parameters(file: Path) -> dict[str, Any]:
    return read_object(read_source("--parameters", file, LONGEST_PARAMETERS), f"--parameters {file}")
