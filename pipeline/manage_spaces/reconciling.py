"""One Space on its way to what is wanted: created, or looked at and changed where it differs."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.assembly import SpaceApp
from pipeline.domain.errors import InvalidInput, SpaceConflict, SpaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.provision import SpaceAction, SpaceOutcome, SpaceStatus, WantedSpace
from pipeline.domain.space import SettingKind, Space, SpaceSettings
from pipeline.domain.space_rules import misfits
from pipeline.manage_spaces.changes import Differences, find_differences, is_running
from pipeline.manage_spaces.creation import duplicate
from pipeline.manage_spaces.files import REBUILDS
from pipeline.ports import SpaceHost

CREATE_SECONDS = 90.0
"""Others wait for their turn meanwhile."""

FILES = "files"
_COMMIT_MESSAGE = "Provision the app"
_GITATTRIBUTES = ".gitattributes"  # the Hub's own, in every Space


@dataclass(frozen=True, slots=True)
class Goal:
    """What one Space is to become.

    Attributes:
        id: ``owner/name``.
        wanted: its name and settings.
        origin: the Space to copy, or all that it is to hold.
        keep_secrets: whether secrets that are there already stay as they are.
    """

    id: str
    wanted: WantedSpace
    origin: Space | SpaceApp
    keep_secrets: bool

    @property
    def app(self) -> SpaceApp | None:
        """All that it is to hold; None for a copy."""
        return self.origin if isinstance(self.origin, SpaceApp) else None

    def settings_for(self, space: Space) -> SpaceSettings:
        """What is wanted of a Space that is there. Not to be private is no wish to show the code of a protected one."""
        settings = self.wanted.settings
        is_enough = (settings.visibility, space.visibility) == ("public", "protected")
        return replace(settings, visibility=None) if is_enough else settings


class Reconciliation:
    """Works on one Space; every method may be called again after an error, and goes on from what is there.

    Args:
        host: the Hub.
        goal: what is wanted.
        creating: held while a Space is created: the Hub refuses to create two of one owner at the same moment.

    Attributes:
        outcome: as it stands.
    """

    def __init__(self, host: SpaceHost, goal: Goal, creating: asyncio.Lock) -> None:
        self.outcome = SpaceOutcome(goal.wanted.name, SpaceStatus.RUNNING, goal.id)
        self._host = host
        self._goal = goal
        self._creating = creating
        self._was_created = False
        self._done: dict[str, None] = {}  # in order, each once
        self._warnings: dict[str, None] = {}

    def fail(self, reason: str) -> None:
        """End without success; say what has been done."""
        done = f". Done before that: {', '.join(self._done)}; the same order goes on from there" if self._done else ""
        self._end(SpaceStatus.FAILED, None, self._done, f"{reason}{done}")

    async def plan(self) -> None:
        """Find out what would be done. Reads only. Raises HubError, and InvalidInput when it cannot be as wanted."""
        try:
            space = await self._host.info(self._goal.id)
        except SpaceMissing:
            self._check_kind()
            self._end(SpaceStatus.PLANNED, SpaceAction.CREATE, self._parts)
            return
        differences = await self._differences(space)
        has_other_files = await self._has_other_files(space)
        if has_other_files and is_running(space.runtime):
            self._warn(REBUILDS)
        changes = [*differences.names, *([FILES] if has_other_files else [])]
        self._end(SpaceStatus.PLANNED, SpaceAction.UPDATE if changes else SpaceAction.UNCHANGED, changes)

    async def apply(self) -> None:
        """Create the Space, or update it when it is there. Raises HubError, and InvalidInput as ``plan``."""
        self._check_kind()
        try:
            space = await self._create()
        except SpaceConflict as conflict:
            space = await self._existing(conflict)
            await (await self._differences(space)).make(self._note)
        if self._goal.app:
            head = await self._host.commit(space.id, self._goal.app.files, _COMMIT_MESSAGE, space.commit_sha)
            if head != space.commit_sha:
                self._note(FILES)
                if is_running(space.runtime) and not self._was_created:
                    self._warn(REBUILDS)
        if self._was_created:
            self._end(SpaceStatus.SUCCEEDED, SpaceAction.CREATE, self._parts)
        else:
            self._end(SpaceStatus.SUCCEEDED, SpaceAction.UPDATE if self._done else SpaceAction.UNCHANGED, self._done)

    @property
    def _parts(self) -> list[str]:
        """What a new Space gets, in words."""
        nothing = Differences(Space(self._goal.id, ""))
        nothing.compare_all(self._host, self._goal.wanted.settings)
        return [*nothing.names, FILES if isinstance(self._goal.origin, SpaceApp) else f"copy of {self._goal.origin.id}"]

    def _check_kind(self) -> None:
        if problems := [*misfits(self._goal.wanted.settings, self._goal.origin.sdk)]:
            raise InvalidInput(*problems)

    async def _create(self) -> Space:
        goal, settings = self._goal, self._goal.wanted.settings
        async with self._creating, asyncio.timeout(CREATE_SECONDS):
            if isinstance(goal.origin, SpaceApp):
                space = await self._host.create(goal.id, goal.origin.sdk, settings)
            else:
                space = await duplicate(self._host, goal.origin, goal.id, settings)
        self._was_created = True
        self._see(space)
        *parts, origin = self._parts
        for word in ["the Space, without its files" if goal.app else origin, *parts]:
            self._note(word)
        for note in goal.app.notes if goal.app else ():
            self._warn(note)
        return space

    async def _existing(self, conflict: SpaceConflict) -> Space:
        try:
            return await self._host.info(self._goal.id)
        except SpaceMissing:
            raise conflict from None  # not about this Space: the Hub was busy with another one

    async def _differences(self, space: Space) -> Differences:
        self._see(space)
        settings = self._goal.settings_for(space)
        found = await find_differences(self._host, space, settings, keep_secrets=self._goal.keep_secrets)
        for warning in found.warnings():
            self._warn(warning)
        kept = sum(name.startswith(f"{SettingKind.SECRETS.singular} ") for name in found.unchanged)
        if kept and not self._was_created:
            self._warn(
                f"{kept} of the secrets are set already and stay, because their values cannot be read back; "
                "replace_secrets sets them again"
            )
        return found

    async def _has_other_files(self, space: Space) -> bool:
        if self._goal.app is None:
            return False
        wanted = self._goal.app.files
        there = await self._host.files(space.id, space.commit_sha) if space.commit_sha else AppFiles({})
        return wanted != (there if _GITATTRIBUTES in wanted else there.without(_GITATTRIBUTES))

    def _end(
        self, status: SpaceStatus, action: SpaceAction | None, changes: Iterable[str], error: str | None = None
    ) -> None:
        warning = "; ".join(self._warnings) or None
        self.outcome = replace(
            self.outcome, status=status, action=action, changes=tuple(changes), warning=warning, error=error
        )

    def _see(self, space: Space) -> None:
        self.outcome = replace(self.outcome, id=space.id, url=space.url)

    def _note(self, word: str) -> None:
        self._done[word] = None

    def _warn(self, warning: str) -> None:
        self._warnings[warning] = None
