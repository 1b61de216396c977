"""One Space on its way to what is wanted: created, or looked at and changed where it differs."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pipeline.assembly import SpaceApp
from pipeline.domain.errors import InvalidInput, SpaceConflict, SpaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.provision import SpaceAction, SpaceOutcome, SpaceStatus, WantedSpace
from pipeline.domain.space import SettingKind, Space
from pipeline.domain.space_rules import misfits
from pipeline.manage_spaces.changes import Differences, find_differences, is_running
from pipeline.manage_spaces.creation import duplicate
from pipeline.manage_spaces.files import REBUILDS
from pipeline.ports import SpaceHost

CREATE_SECONDS = 90.0
"""Others wait for their turn meanwhile."""

FILES = "files"
KEPT = "of the secrets are set already and stay, because their values cannot be read back; replace_secrets sets them"
_COMMIT_MESSAGE = "Provision the app"
_GITATTRIBUTES = ".gitattributes"  # the Hub's own, in every Space


@dataclass(slots=True)
class Reconciliation:
    """Works on one Space; every method may be called again after an error, and goes on from what is there."""

    host: SpaceHost
    space_id: str
    wanted: WantedSpace
    origin: Space | SpaceApp  # to copy, or all that it is to hold
    creating: asyncio.Lock  # held meanwhile: the Hub refuses to create two of one owner at the same moment
    keep_secrets: bool  # those that are there already stay as they are
    outcome: SpaceOutcome = field(init=False)
    _was_created: bool = False
    _done: dict[str, None] = field(default_factory=dict)  # in order, each once
    _warnings: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outcome = SpaceOutcome(self.wanted.name, SpaceStatus.RUNNING, self.space_id)

    def fail(self, reason: str) -> None:
        """End without success; say what has been done."""
        done = f". Done before that: {', '.join(self._done)}; the same order goes on from there" if self._done else ""
        self._end(SpaceStatus.FAILED, None, self._done, f"{reason}{done}")

    async def plan(self) -> None:
        """Find out what would be done. Reads only. Raises HubError, and InvalidInput when it cannot be as wanted."""
        try:
            space = await self.host.info(self.space_id)
        except SpaceMissing:
            InvalidInput.check(misfits(self.wanted.settings, self.origin.sdk))
            self._end(SpaceStatus.PLANNED, SpaceAction.CREATE, self._parts)
            return
        changes = [*(await self._differences(space)).names]
        if self._files is not None and await self._has_other_files(space, self._files):
            self._add_files(space)
            changes.append(FILES)
        self._end(SpaceStatus.PLANNED, SpaceAction.UPDATE if changes else SpaceAction.UNCHANGED, changes)

    async def apply(self) -> None:
        """Create the Space, or update it when it is there. Raises HubError, and InvalidInput as ``plan``."""
        InvalidInput.check(misfits(self.wanted.settings, self.origin.sdk))
        try:
            space = await self._create()
        except SpaceConflict as conflict:
            space = await self._existing(conflict)
            await (await self._differences(space)).make(self._done.setdefault)
        if self._files is not None:
            head = await self.host.commit(space.id, self._files, _COMMIT_MESSAGE, space.commit_sha)
            if head != space.commit_sha:
                self._add_files(space)
                self._done[FILES] = None
        changes, action = self._done, SpaceAction.UPDATE if self._done else SpaceAction.UNCHANGED
        if self._was_created:
            changes, action = dict.fromkeys(self._parts), SpaceAction.CREATE
        self._end(SpaceStatus.SUCCEEDED, action, changes)

    @property
    def _files(self) -> AppFiles | None:
        return self.origin.files if isinstance(self.origin, SpaceApp) else None

    @property
    def _parts(self) -> list[str]:
        """What a new Space gets, in words."""
        nothing = Differences(Space(self.space_id, ""))
        nothing.compare_all(self.host, self.wanted.settings)
        return [*nothing.names, FILES if isinstance(self.origin, SpaceApp) else f"copy of {self.origin.id}"]

    async def _create(self) -> Space:
        async with self.creating, asyncio.timeout(CREATE_SECONDS):
            if isinstance(self.origin, SpaceApp):
                space = await self.host.create(self.space_id, self.origin.sdk, self.wanted.settings)
                self._warnings |= dict.fromkeys(self.origin.notes)
            else:
                space = await duplicate(self.host, self.origin, self.space_id, self.wanted.settings)
        self._was_created = True
        self.outcome = replace(self.outcome, id=space.id, url=space.url)
        *parts, origin = self._parts
        self._done |= dict.fromkeys(["the Space, without its files" if origin == FILES else origin, *parts])
        return space

    async def _existing(self, conflict: SpaceConflict) -> Space:
        try:
            return await self.host.info(self.space_id)
        except SpaceMissing:
            raise conflict from None  # not about this Space: the Hub was busy with another one

    async def _differences(self, space: Space) -> Differences:
        self.outcome = replace(self.outcome, id=space.id, url=space.url)
        settings = self.wanted.settings
        if (settings.visibility, space.visibility) == ("public", "protected"):
            settings = replace(settings, visibility=None)  # not to be private is no wish to show the code
        found = await find_differences(self.host, space, settings, keep_secrets=self.keep_secrets)
        self._warnings |= dict.fromkeys(found.warnings())
        kept = sum(name.startswith(SettingKind.SECRETS.singular) for name in found.unchanged)
        if kept and not self._was_created:
            self._warnings[f"{kept} {KEPT}"] = None
        return found

    async def _has_other_files(self, space: Space, wanted: AppFiles) -> bool:
        there = await self.host.files(space.id, space.commit_sha) if space.commit_sha else AppFiles({})
        return wanted != (there if _GITATTRIBUTES in wanted else there.without(_GITATTRIBUTES))

    def _add_files(self, space: Space) -> None:
        if is_running(space.runtime) and not self._was_created:
            self._warnings[REBUILDS] = None

    def _end(
        self, status: SpaceStatus, action: SpaceAction | None, changes: Iterable[str], error: str | None = None
    ) -> None:
        warning = "; ".join(self._warnings) or None
        self.outcome = replace(
            self.outcome, status=status, action=action, changes=tuple(changes), warning=warning, error=error
        )
