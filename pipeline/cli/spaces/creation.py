"""``pipeline spaces`` create, duplicate and upload: whatever brings files into a Space."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.bootstrap import open_create_space, open_secret_scanner, open_spaces
from pipeline.cli.exits import exit_codes
from pipeline.cli.output import print_json, say
from pipeline.cli.spaces.folder import Folder, kind_of, read_folder
from pipeline.cli.spaces.hub import end_by_stage, read_quietly, use_hub, watch, with_verdict
from pipeline.cli.spaces.inputs import read_secrets, read_variables
from pipeline.cli.spaces.options import (
    WATCH_SECONDS,
    AsJson,
    EnvFile,
    FromEnv,
    SetVariables,
    SleepTime,
    SpaceId,
    Stdin,
    Timeout,
    Watch,
)
from pipeline.cli.spaces.progress import SpaceProgress
from pipeline.cli.spaces.tables import print_change, print_created, print_runtime, print_space
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import CreatedSpace, NewSpace, SpaceRuntime
from pipeline.domain.space_rules import MAX_SPACE_BYTES
from pipeline.manage_space.copies import Copied, CopyWish, copy_space
from pipeline.manage_space.files import Uploaded, upload_files
from pipeline.ports import SpaceHost
from pipeline.settings import Settings
from pipeline.shapes.json_object import read_object
from pipeline.shapes.new_space import CreateSpaceReply
from pipeline.shapes.spaces import CopyReply, RuntimeView, UploadReply

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
    env_file: EnvFile = None,
    from_env: FromEnv = None,
    stdin: Stdin = None,
    pairs: SetVariables = None,
    hardware: Annotated[str | None, typer.Option(help="In the Hub's words: cpu-basic, t4-small …")] = None,
    sleep_time: SleepTime = None,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Make a new Space from a folder: its settings in one request, then all its files in one commit.

    What is missing is added, as POST /create-space does: the card in README.md, requirements.txt, a Dockerfile.
    """
    with exit_codes(as_json=as_json):
        read = read_folder(folder)
        _tell_left_out(read)
        new = NewSpace(
            kind=kind or kind_of(read.files),
            files=read.files,
            parameters=_read_parameters(parameters) if parameters else {},
            name=name,
            private=private,
            secrets=read_secrets(env_file, from_env, stdin),
            variables=read_variables(pairs),
            hardware=hardware,
            sleep_seconds=sleep_time,
        )
        created, watched = asyncio.run(_create(read_quietly(), new, timeout if wait else None))
        reply = CreateSpaceReply.of(created)
        if as_json:
            print_json(_with_runtime(reply.model_dump(mode="json"), watched))
        else:
            print_created(reply)
            if watched:
                print_runtime(RuntimeView.of(watched))
            else:
                say(reply.note)
    end_by_stage(created.id, watched)


def duplicate(
    space_id: SpaceId,
    target: Annotated[str | None, typer.Argument(metavar="[[OWNER/]NAME]", help="Default: the same name.")] = None,
    *,
    private: Annotated[bool | None, typer.Option("--private/--public", help="Default: as the source is.")] = None,
    env_file: EnvFile = None,
    from_env: FromEnv = None,
    stdin: Stdin = None,
    pairs: SetVariables = None,
    hardware: Annotated[str | None, typer.Option(help="In the Hub's words: cpu-basic, t4-small …")] = None,
    sleep_time: SleepTime = None,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Copy a Space. Its files and variables are copied, its secrets are not: give them anew."""

    async def copy(host: SpaceHost) -> tuple[Copied, SpaceRuntime | None]:
        with SpaceProgress(f"copying {space_id}"):
            copied = await copy_space(host, space_id, wish)
        if not wait:
            return copied, None
        return copied, await watch(host, copied.space.id, timeout, has_changed=copied.space.sdk != "static")

    with exit_codes(as_json=as_json):
        wish = CopyWish(
            target=target,
            private=private,
            hardware=hardware,
            sleep_seconds=sleep_time,
            secrets=read_secrets(env_file, from_env, stdin),
            variables=read_variables(pairs),
        )
        copied, watched = use_hub(copy)
        reply = CopyReply.of_copy(copied)
        if watched:
            reply = reply.model_copy(update={"runtime": RuntimeView.of(watched)})
        if as_json:
            print_json(with_verdict(reply.model_dump(mode="json"), watched))
        else:
            print_space(reply)
    end_by_stage(copied.space.id, watched)


def upload(
    space_id: SpaceId,
    path: Annotated[Path, typer.Argument(metavar="FILE_OR_FOLDER", help="What to put there.")],
    *,
    to: Annotated[str | None, typer.Option(metavar="PATH", help="Where in the Space; default: the same name.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="It becomes all that the Space holds.")] = False,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
    wait: Watch = False,
    timeout: Timeout = WATCH_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Add or replace files of a Space, in one commit; other files stay. The app is built anew."""

    async def put(host: SpaceHost) -> tuple[Uploaded, SpaceRuntime | None]:
        with SpaceProgress(f"uploading {len(files)} file{'s' * (len(files) != 1)} to {space_id}"):
            uploaded = await upload_files(host, scanner, space_id, files, replace=replace, message=message)
        if not wait:
            return uploaded, None
        return uploaded, await watch(host, space_id, timeout, has_changed=uploaded.changed.restarts)

    with exit_codes(as_json=as_json):
        files = _files_to_upload(path, to)
        scanner = open_secret_scanner(read_quietly())
        uploaded, watched = use_hub(put)
        reply = UploadReply.of_upload(uploaded)
        if watched:
            reply = reply.model_copy(update={"runtime": RuntimeView.of(watched)})
        if as_json:
            print_json(with_verdict(reply.model_dump(mode="json"), watched))
        else:
            print_change(reply)
    end_by_stage(space_id, watched)


async def _create(
    settings: Settings, new: NewSpace, watch_seconds: float | None
) -> tuple[CreatedSpace, SpaceRuntime | None]:
    with SpaceProgress(f"creating a {new.kind} Space of {len(new.files)} files"):
        created = await open_create_space(settings)(new, None)
    if watch_seconds is None:
        return created, None
    host = open_spaces(settings)(None)
    has_changed = new.kind is not SpaceSdk.STATIC
    return created, await watch(host, created.id, watch_seconds, has_changed=has_changed)


def _files_to_upload(path: Path, to: str | None) -> AppFiles:
    if path.is_dir():
        read = read_folder(path)
        _tell_left_out(read)
        prefix = f"{to.strip('/')}/" if to else ""
        return AppFiles({prefix + name: content for name, content in read.files.items()})
    try:
        size = path.stat().st_size
        if size > MAX_SPACE_BYTES or not path.is_file():
            raise InvalidInput(FieldProblem("FILE_OR_FOLDER", f"is no file of at most {MAX_SPACE_BYTES} bytes"))
        return AppFiles({to or path.name: path.read_bytes()})
    except OSError as error:
        raise InvalidInput(FieldProblem("FILE_OR_FOLDER", f"cannot be read: {error.strerror}")) from error


def _tell_left_out(folder: Folder) -> None:
    for path in folder.left_out:
        say(f"Left out: {path}", "yellow")


def _with_runtime(document: dict[str, Any], watched: SpaceRuntime | None) -> dict[str, Any]:
    runtime = {"runtime": RuntimeView.of(watched).model_dump(mode="json")} if watched else {}
    return with_verdict(document | runtime, watched)


def _read_parameters(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST_PARAMETERS + 1)
    except OSError as error:
        raise InvalidInput(FieldProblem("--parameters", f"cannot be read: {error.strerror}")) from error
    if len(content) > LONGEST_PARAMETERS:
        raise InvalidInput(FieldProblem("--parameters", f"is larger than {LONGEST_PARAMETERS} bytes"))
    try:
        return read_object(content)
    except InvalidInput as error:
        raise InvalidInput(*(FieldProblem("--parameters", problem.problem) for problem in error.problems)) from error
