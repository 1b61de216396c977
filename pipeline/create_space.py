"""The use case of POST /create-space: files become a new Hugging Face Space, in one commit or not at all."""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress

from pipeline.assembly import SpaceApp, assemble_space, title_of
from pipeline.domain.errors import FieldProblem, HubError, InvalidInput, SpaceConflict
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk, slug
from pipeline.domain.space import CreatedSpace, NewSpace, Space, SpaceSettings, space_id_problem
from pipeline.domain.space_rules import (
    MAX_SPACE_BYTES,
    MAX_SPACE_FILES,
    hardware_problem,
    setting_problems,
    sleep_problem,
    space_name_problem,
)
from pipeline.ports import Clock, SecretScanner, SpaceHost, SpaceHosts

_NAMES_TRIED = 5

_LONGEST_SLUG = 40
_SUFFIX_BYTES = 3
_SHORTEST_SECRET = 8  # shorter values stand in files by chance
_COMMIT_MESSAGE = "Add the app"


class CreateSpace:
    """Creates Spaces.

    Args:
        hosts: the Hub, as the one who asks sees it.
        secrets: looks for the operator's secrets in what is to be published.
        clock: for the year of the copyright.
        owner: under whose name the operator's token creates; None = the token's own.
    """

    def __init__(self, hosts: SpaceHosts, secrets: SecretScanner, clock: Clock, *, owner: str | None = None) -> None:
        self._owner = owner
        self._hosts = hosts
        self._secrets = secrets
        self._clock = clock

    async def __call__(self, new: NewSpace, token: str | None) -> CreatedSpace:
        """Create the Space with its secrets and variables, and put all files there in one commit.

        Everything that can be told to be wrong is refused before the Hub is asked. When the commit fails, the Space is
        deleted again.

        Args:
            new: what is asked for.
            token: of the Hub, to act with; None = the operator's.

        Raises:
            InvalidInput: every broken rule of every field.
            SecretFound: the files, names, parameters or variables hold one of the operator's secrets.
            SpaceConflict: the name that was asked for is taken.
            HubError: the Hub refused or did not answer.
            Misconfigured: the operator's token is asked for, and there is none.
        """
        if problems := await asyncio.to_thread(new_space_problems, new):
            raise InvalidInput(*problems)
        title = title_of(new.files) or _title_from(new.name)
        app = await asyncio.to_thread(
            assemble_space,
            new.files,
            new.kind,
            title=title or f"{new.kind.capitalize()} app",
            year=self._clock.now().year,
            parameters=new.parameters,
        )
        await asyncio.to_thread(self._refuse_secrets, new, app)
        host = self._hosts(token)
        owner = self._owner if token is None else None
        space = await _create(host, new, app, owner, title or f"{new.kind}-app")
        commit_sha = await _commit_or_delete(host, space, app.files)
        return CreatedSpace(
            id=space.id,
            url=space.url,
            commit_sha=commit_sha,
            host=space.host or await _host_of(host, space.id),
            notes=(*app.notes, *_left_out(new)),
        )

    def _refuse_secrets(self, new: NewSpace, app: SpaceApp) -> None:
        # First what is no file of the caller's, under the name of its field, so that a refusal says which one.
        shown = {"name": new.name, "parameters": dict(new.parameters), "variables": dict(new.variables)}
        told = {field: json.dumps(value, ensure_ascii=False).encode() for field, value in shown.items() if value}
        self._secrets.scan(AppFiles(told))
        self._secrets.scan(app.files)


def new_space_problems(new: NewSpace) -> list[FieldProblem]:
    """Every rule that ``new`` breaks, but for those of its files' contents."""
    return [*_app_problems(new), *_settings_problems(new)]


def _app_problems(new: NewSpace) -> Iterator[FieldProblem]:
    if not new.files:
        yield FieldProblem("files", "is required and must not be empty")
    if len(new.files) > MAX_SPACE_FILES:
        yield FieldProblem("files", f"has more than {MAX_SPACE_FILES} items")
    if new.files.size > MAX_SPACE_BYTES:
        yield FieldProblem("files", f"has more than {MAX_SPACE_BYTES} bytes in all")


def _settings_problems(new: NewSpace) -> Iterator[FieldProblem]:
    if new.name is not None and (problem := space_name_problem(new.name)):
        yield FieldProblem("name", problem)
    if problem := hardware_problem(new.hardware):
        yield FieldProblem("hardware", problem)
    if problem := sleep_problem(new.sleep_seconds):
        yield FieldProblem("sleep_time", problem)
    yield from setting_problems(new.secrets, new.variables)
    if any(_stands_in(value, new.files) for value in new.secrets.values()):
        yield FieldProblem("secrets", "has a value that stands in the files too, where it would be published")
    if new.secrets and new.kind is SpaceSdk.STATIC:
        yield FieldProblem("secrets", "are shown to every visitor of a static Space: use another space_type")


def _stands_in(value: str, files: AppFiles) -> bool:
    raw = value.encode("utf-8", "surrogatepass")
    return len(raw) >= _SHORTEST_SECRET and any(raw in content for content in files.values())


def _left_out(new: NewSpace) -> list[str]:
    if new.kind is SpaceSdk.STATIC and (new.hardware, new.sleep_seconds) != (None, None):
        return ["hardware and sleep_time were left out: a static Space runs no program"]
    return []


def _title_from(name: str | None) -> str | None:
    """A name in words."""
    words = re.sub(r"[-_.]+", " ", name.rpartition("/")[2]).strip() if name else ""
    return words[:1].upper() + words[1:] or None


def _new_name(title: str) -> str:
    """One that hardly anybody has."""
    return f"{slug(title)[:_LONGEST_SLUG].rstrip('-')}-{secrets.token_hex(_SUFFIX_BYTES)}"


async def _create(host: SpaceHost, new: NewSpace, app: SpaceApp, owner: str | None, title: str) -> Space:
    runs_a_program = new.kind is not SpaceSdk.STATIC
    settings = SpaceSettings(
        sdk=app.sdk,
        private=new.private,
        secrets=new.secrets,
        variables=new.variables,
        hardware=new.hardware if runs_a_program else None,
        sleep_seconds=new.sleep_seconds if runs_a_program else None,
    )
    if new.name is not None and "/" in new.name:
        return await host.create(new.name, settings)
    owner = owner or await host.owner()
    if new.name is not None:
        space_id = f"{owner}/{new.name}"
        if problem := space_id_problem(space_id):  # together they may be too long
            raise InvalidInput(FieldProblem("name", problem))
        return await host.create(space_id, settings)
    for _ in range(_NAMES_TRIED - 1):
        with suppress(SpaceConflict):
            return await host.create(f"{owner}/{_new_name(title)}", settings)
    return await host.create(f"{owner}/{_new_name(title)}", settings)


async def _commit_or_delete(host: SpaceHost, space: Space, files: AppFiles) -> str:
    """The commit's sha. Leaves no Space behind that holds nothing of the app, or says that it does."""
    try:
        return await host.commit(space.id, files, _COMMIT_MESSAGE, space.commit_sha)
    except HubError as error:
        try:
            await host.delete(space.id)
        except HubError as left:
            error.args = (f"{error}; the Space {space.id} was created and is still there, without the app: {left}",)
        raise
    except BaseException:  # stopped half-way
        with suppress(HubError):
            await host.delete(space.id)
        raise


async def _host_of(host: SpaceHost, space_id: str) -> str | None:
    """Where the app will be. Not worth failing for: the Space is there."""
    try:
        return (await host.info(space_id)).host
    except HubError:
        return None
