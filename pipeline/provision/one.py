"""One Space on its way to what is wanted: looked at, then created or updated."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from pipeline.assembly import SpaceApp
from pipeline.domain.errors import SpaceConflict, SpaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.provision import (
    Differences,
    SpaceAction,
    SpaceOutcome,
    SpaceStatus,
    WantedSpace,
    differences,
    misfit,
)
from pipeline.domain.space import BUILDING, Space, SpaceSettings
from pipeline.ports import SpaceHost

CREATE_SECONDS = 90.0
"""Others wait for their turn meanwhile."""

FILES = "files"
_COMMIT_MESSAGE = "Provision the app"
_GITATTRIBUTES = ".gitattributes"  # the Hub's own, in every Space

Record = Callable[[SpaceOutcome], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What one Space is to become.

    Attributes:
        id: ``owner/name``.
        wanted: its settings.
        source: the Space to copy; None when there is an app.
        app: all that it is to hold; None when there is a source.
        replace_secrets: whether secrets that are there already are set again.
    """

    id: str
    wanted: WantedSpace
    source: Space | None
    app: SpaceApp | None
    replace_secrets: bool

    @property
    def sdk(self) -> str:
        """Of a new Space; empty when the source does not say."""
        return (self.app.sdk if self.app else self.source and self.source.sdk) or ""

    @property
    def parts(self) -> tuple[str, ...]:
        """What a new Space gets, in words."""
        origin = f"copy of {self.source.id}" if self.source else FILES
        return (*self.wanted.settings, origin)

    @property
    def settings(self) -> SpaceSettings:
        """What a new Space is created with. A copy is seen by no more people than its source, unless they say so."""
        private = self.wanted.private
        if private is None:
            private = self.source is not None and self.source.visibility != "public"
        return SpaceSettings(
            sdk=self.sdk,
            private=private,
            secrets=self.wanted.secrets,
            variables=self.wanted.variables,
            hardware=self.wanted.hardware,
            sleep_seconds=self.wanted.sleep_seconds,
        )


class SpaceWork:
    """Works on one Space; every method may be called again after an error, and goes on from what is there.

    Args:
        host: the Hub.
        goal: what is wanted.
        outcome: as far as it is known, also from a run that was cut off.
        record: keeps the outcome when an action is begun.
        creating: held while a Space is created: the Hub refuses to create two of one owner at the same moment.

    Attributes:
        outcome: as it stands.
    """

    def __init__(
        self, host: SpaceHost, goal: Goal, outcome: SpaceOutcome, record: Record, creating: asyncio.Lock
    ) -> None:
        self.outcome = replace(outcome, id=goal.id)
        self._host = host
        self._goal = goal
        self._record = record
        self._creating = creating
        self._done: list[str] = []
        self._warnings: list[str] = []

    def fail(self, reason: str) -> None:
        """End without success; say what has been done."""
        done = f". Done before that: {', '.join(self._done)}; the same order goes on from there" if self._done else ""
        self.outcome = replace(
            self.outcome,
            status=SpaceStatus.FAILED,
            changes=tuple(self._done),
            warning=self._warning(),
            error=f"{reason}{done}",
        )

    async def plan(self) -> None:
        """Find out what would be done. Reads only. Raises HubError."""
        try:
            space = await self._host.info(self._goal.id)
        except SpaceMissing:
            if problem := misfit(self._goal.wanted, self._goal.sdk):
                self.fail(problem)
            else:
                self._end(SpaceStatus.PLANNED, SpaceAction.CREATE, self._goal.parts)
            return
        needed = await self._needed(space)
        if needed is None:
            return
        has_other_files = await self._has_other_files(space)
        self._warn(needed, space, restarts=needed.restarts or has_other_files)
        changes = (*needed.words, *([FILES] if has_other_files else []))
        self._end(SpaceStatus.PLANNED, SpaceAction.UPDATE if changes else SpaceAction.UNCHANGED, changes)

    async def apply(self) -> None:
        """Create the Space, or update it when it is there. Raises HubError."""
        if problem := misfit(self._goal.wanted, self._goal.sdk):
            self.fail(problem)
            return
        is_ours = self.outcome.action is SpaceAction.CREATE
        if self.outcome.action is None:
            # On record before: what is there after a crash from now on was made by this order.
            await self._begin(SpaceAction.CREATE, self._goal.parts)
        try:
            async with self._creating, asyncio.timeout(CREATE_SECONDS):
                space = await self._create()
        except SpaceConflict as conflict:
            await self._complete(await self._existing(conflict), is_ours=is_ours)
            return
        self._seen(space)
        self._did(f"copy of {self._goal.source.id}" if self._goal.source else "the Space, without its files")
        self._did(*self._goal.wanted.settings)
        await self._commit(space)
        self._warnings += self._goal.app.notes if self._goal.app else ()
        self._end(SpaceStatus.SUCCEEDED, SpaceAction.CREATE, self._goal.parts)

    async def _create(self) -> Space:
        if self._goal.source:
            return await self._host.duplicate(self._goal.source.id, self._goal.id, self._goal.settings)
        return await self._host.create(self._goal.id, self._goal.settings)

    async def _existing(self, conflict: SpaceConflict) -> Space:
        try:
            return await self._host.info(self._goal.id)
        except SpaceMissing:
            raise conflict from None  # not about this Space: the Hub was busy with another one

    async def _complete(self, space: Space, *, is_ours: bool) -> None:
        """Set what differs: first what restarts nothing, then what does, and the files at the end."""
        needed = await self._needed(space)
        if needed is None:
            return
        if is_ours:
            await self._set(needed)
            await self._commit(space)
            self._end(SpaceStatus.SUCCEEDED, SpaceAction.CREATE, self._goal.parts)
            return
        # Of a run that was cut off: what it had begun is not to be seen among the differences any more.
        begun = self.outcome.changes if self.outcome.action is SpaceAction.UPDATE else ()
        await self._begin(SpaceAction.UPDATE, tuple(dict.fromkeys((*begun, *needed.words))))
        await self._set(needed)
        await self._commit(space)
        changes = tuple(dict.fromkeys((*self.outcome.changes, *self._done)))
        self._warn(needed, space, restarts=needed.restarts or FILES in self._done)
        self._end(SpaceStatus.SUCCEEDED, SpaceAction.UPDATE if changes else SpaceAction.UNCHANGED, changes)

    async def _needed(self, space: Space) -> Differences | None:
        """What has to be set; None, and failed, when the Space cannot become as wanted."""
        self._seen(space)
        wanted = self._goal.wanted
        has_settings = bool(wanted.secrets or wanted.variables)
        variables = await self._host.variables(space.id) if has_settings else ()
        secrets = await self._host.secrets(space.id) if has_settings else ()
        if problem := misfit(wanted, space.sdk, variables, secrets):
            self.fail(problem)
            return None
        return differences(wanted, space, variables, secrets, replace_secrets=self._goal.replace_secrets)

    async def _set(self, needed: Differences) -> None:
        host, space_id = self._host, self._goal.id
        if needed.private is not None:
            await host.set_visibility(space_id, "private" if needed.private else "public")
            self._did("private" if needed.private else "public")
        if needed.sleep_seconds is not None and needed.hardware is None:
            await host.set_sleep_time(space_id, needed.sleep_seconds)
            self._did(f"sleep time {needed.sleep_seconds} s")
        for key, value in needed.secrets.items():
            await host.set_secret(space_id, key, value)
            self._did(f"secret {key}")
        for key, value in needed.variables.items():
            await host.set_variable(space_id, key, value)
            self._did(f"variable {key}")
        if needed.hardware is not None:
            await host.set_hardware(space_id, needed.hardware, needed.sleep_seconds)
            self._did(f"hardware {needed.hardware}")
            if needed.sleep_seconds is not None:
                self._did(f"sleep time {needed.sleep_seconds} s")

    async def _commit(self, space: Space) -> None:
        if self._goal.app is None:
            return
        head = await self._host.commit(space.id, self._goal.app.files, _COMMIT_MESSAGE, space.commit_sha)
        if head != space.commit_sha:
            self._did(FILES)

    async def _has_other_files(self, space: Space) -> bool:
        if self._goal.app is None:
            return False
        wanted = self._goal.app.files
        there = await self._host.files(space.id, space.commit_sha) if space.commit_sha else AppFiles({})
        return wanted != (there if _GITATTRIBUTES in wanted else there.without(_GITATTRIBUTES))

    def _warn(self, needed: Differences, space: Space, *, restarts: bool) -> None:
        stage = space.runtime.stage if space.runtime else ""
        if restarts and (stage.startswith("RUNNING") or stage in BUILDING):
            self._warnings.append("this restarts the app, which is running: visitors wait meanwhile")
        if needed.left_secrets:
            self._warnings.append(
                f"{needed.left_secrets} of the secrets are set already and stay as they are, because their values "
                "cannot be read back; replace_secrets sets them again"
            )

    async def _begin(self, action: SpaceAction, changes: tuple[str, ...]) -> None:
        self.outcome = replace(self.outcome, status=SpaceStatus.RUNNING, action=action, changes=changes)
        await self._record(self.outcome)

    def _end(self, status: SpaceStatus, action: SpaceAction, changes: tuple[str, ...]) -> None:
        self.outcome = replace(
            self.outcome, status=status, action=action, changes=changes, warning=self._warning(), error=None
        )

    def _seen(self, space: Space) -> None:
        self.outcome = replace(self.outcome, id=space.id, url=space.url)

    def _did(self, *words: str) -> None:
        self._done += [word for word in words if word not in self._done]

    def _warning(self) -> str | None:
        return "; ".join(dict.fromkeys(self._warnings)) or None
