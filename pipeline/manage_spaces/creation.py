"""New Spaces: from files, in one commit or not at all, and copies of others."""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from pipeline.assembly import SpaceApp, assemble_space, title_of
from pipeline.domain.errors import FieldProblem, HubError, InvalidInput, SpaceConflict
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import slug
from pipeline.domain.space import (
    STATIC,
    AppTemplate,
    CreatedSpace,
    NewSpace,
    SettingKind,
    Space,
    SpaceSettings,
    space_id_problem,
)
from pipeline.domain.space_rules import files_problems, misfits, name_problems, published_secrets, settings_problems
from pipeline.ports import Clock, SecretScanner, SpaceHost, SpaceHosts

_NAMES_TRIED = 5
_LONGEST_SLUG = 40
_SUFFIX_BYTES = 3
_COMMIT_MESSAGE = "Add the app"


class SpaceUseCase:
    """What use cases that make Spaces work with.

    Names without an owner are of ``owner`` when the operator's token acts; None = of the token's own.
    """

    def __init__(self, hosts: SpaceHosts, secrets: SecretScanner, clock: Clock, *, owner: str | None = None) -> None:
        self._hosts = hosts
        self._secrets = secrets
        self._clock = clock
        self._owner = owner

    def _assembled(self, app: AppTemplate, name: str | None) -> SpaceApp:
        """All that a Space called ``name`` is to hold. Raises InvalidInput."""
        words = re.sub(r"[-_.]+", " ", (name or "").rpartition("/")[2]).strip()
        title = title_of(app.files) or words[:1].upper() + words[1:] or f"{app.kind.capitalize()} app"
        year = self._clock.now().year
        return assemble_space(app.files, app.kind, title=title, year=year, parameters=app.parameters)

    def _refuse_secrets(self, shown: Mapping[str, object], app: SpaceApp | None) -> None:
        """Raise SecretFound for a secret in the app, or in what is shown beside it, under the name of its field."""
        texts = {field: json.dumps(value, ensure_ascii=False).encode() for field, value in shown.items() if value}
        self._secrets.scan(AppFiles(texts))
        if app:
            self._secrets.scan(app.files)


class CreateSpace(SpaceUseCase):
    """Creates Spaces."""

    async def __call__(self, new: NewSpace, token: str | None) -> CreatedSpace:
        """Create the Space with its secrets and variables, and put all files there in one commit.

        Everything that can be told to be wrong is refused before the Hub is asked. When the commit fails, the Space is
        deleted again.

        ``token`` acts; None = the operator's.

        Raises:
            InvalidInput: every broken rule of every field.
            SecretFound: the files, names, parameters or variables hold one of the operator's secrets.
            SpaceConflict: the name that was asked for is taken.
            HubError: the Hub refused or did not answer.
            Misconfigured: the operator's token is asked for, and there is none.
        """
        settings, notes = new.settings, []
        if new.app.kind == STATIC and (settings.hardware, settings.sleep_seconds) != (None, None):
            settings = replace(settings, hardware=None, sleep_seconds=None)
            notes.append("hardware and sleep_time were left out: a static Space runs no program")
        InvalidInput.check(await asyncio.to_thread(lambda: [*_problems(new), *misfits(settings, new.app.kind)]))
        app = await asyncio.to_thread(self._assembled, new.app, new.name)
        parameters, variables = dict(new.app.parameters or {}), dict(new.settings.variables)
        shown = {"name": new.name, "parameters": parameters, "variables": variables}
        await asyncio.to_thread(self._refuse_secrets, shown, app)
        host = self._hosts(token)
        space = await _create(host, replace(new, settings=settings), app.sdk, self._owner if token is None else None)
        commit_sha = await _commit_or_delete(host, space, app.files)
        return CreatedSpace(
            id=space.id,
            url=space.url,
            commit_sha=commit_sha,
            host=space.host or await _host_of(host, space.id),
            notes=(*app.notes, *notes),
        )


async def copy_space(
    host: SpaceHost, source_id: str, target: str | None, settings: SpaceSettings
) -> tuple[Space, str | None]:
    """Copy a Space to ``owner/name``, or a name under the token's owner (None = the same), with its settings at once.

    Returns:
        The copy, and a warning about secrets of the source that it lacks, as far as the token may see them.

    Raises:
        InvalidInput: a rule is broken; nothing was made.
        SpaceConflict: the name is taken.
        HubError: the Hub refused or did not answer.
    """
    target = target or source_id.partition("/")[2]
    InvalidInput.check([*settings_problems(settings), *name_problems(target, "to_id")])
    source = await host.info(source_id)
    InvalidInput.check(misfits(settings, source.sdk))
    copy = await duplicate(host, source, await space_id_of(host, target), settings)
    missing = sorted({*await _secret_names(host, source.id)} - settings.secrets.keys())
    return copy, (f"secrets are not copied: the copy lacks {', '.join(missing)}" if missing else None)


async def duplicate(host: SpaceHost, source: Space, target_id: str, settings: SpaceSettings) -> Space:
    """The copy; unless they say otherwise, it is seen by no more people than its source. Raises HubError."""
    if settings.visibility is None:
        settings = replace(settings, visibility="public" if source.visibility == "public" else "private")
    return await host.duplicate(source.id, target_id, settings)


async def space_id_of(host: SpaceHost, name: str, owner: str | None = None) -> str:
    """``owner/name`` of what may be a name alone, which then belongs to ``owner``, or to whose token it is."""
    return name if "/" in name else f"{owner or await host.owner()}/{name}"


def _problems(new: NewSpace) -> Iterator[FieldProblem]:
    """Every rule that ``new`` breaks, but for those of its files' contents."""
    yield from files_problems(new.app.files)
    if new.name is not None:
        yield from name_problems(new.name)
    yield from settings_problems(new.settings)
    if published_secrets(new.settings.secrets.values(), new.app.files):
        yield FieldProblem("secrets", "has a value that stands in the files too, where it would be published")


async def _create(host: SpaceHost, new: NewSpace, sdk: str, owner: str | None) -> Space:
    if new.name is not None:
        space_id = await space_id_of(host, new.name, owner)
        if problem := space_id_problem(space_id):  # together they may be too long
            raise InvalidInput(FieldProblem("name", problem))
        return await host.create(space_id, sdk, new.settings)
    start = slug(title_of(new.app.files) or f"{new.app.kind}-app")[:_LONGEST_SLUG].rstrip("-")

    async def create() -> Space:
        """Under a name that hardly anybody has."""
        space_id = await space_id_of(host, f"{start}-{secrets.token_hex(_SUFFIX_BYTES)}", owner)
        return await host.create(space_id, sdk, new.settings)

    for _ in range(_NAMES_TRIED - 1):
        with suppress(SpaceConflict):
            return await create()
    return await create()


async def _commit_or_delete(host: SpaceHost, space: Space, files: AppFiles) -> str:
    """The commit's sha. Leaves no Space behind that holds nothing of the app, or says that it does."""
    try:
        return await host.commit(space.id, files, _COMMIT_MESSAGE, space.commit_sha)
    except (HubError, asyncio.CancelledError) as error:
        try:
            await host.delete(space.id)
        except HubError as left:
            error.args = (f"{error}; the Space {space.id} was created and is still there, without the app: {left}",)
        raise


async def _host_of(host: SpaceHost, space_id: str) -> str | None:
    """Where the app will be. Not worth failing for: the Space is there."""
    try:
        return (await host.info(space_id)).host
    except HubError:
        return None


async def _secret_names(host: SpaceHost, space_id: str) -> list[str]:
    """None for a Space of somebody else, whose secrets' names are not to be seen. Not worth failing for either."""
    try:
        return [secret.key for secret in await host.settings(space_id, SettingKind.SECRETS)]
    except HubError:
        return []
