"""Spaces on the Hub as one token sees them."""

import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import huggingface_hub
from pydantic import SecretStr

from pipeline.domain.files import AppFiles
from pipeline.domain.space import LogLine, Look, SettingKind, Space, SpaceRuntime, SpaceSetting, SpaceSettings, Volume
from pipeline.ports import Clock
from pipeline.spaces import contents
from pipeline.spaces.calls import PATIENCE_SECONDS, HubCalls, check_id, check_key
from pipeline.spaces.client import SILENCE_SECONDS
from pipeline.spaces.creation import NewSpaceCall, wanted_of
from pipeline.spaces.reading import Setting, runtime_from, settings_from, space_from, volume_to
from pipeline.spaces.space_log import log_lines
from pipeline.spaces.watching import looks

TRANSFER_SECONDS = 180.0
LOG_SECONDS = 15.0
MOST_LISTED = 1_000
LISTED_PARTS: list[huggingface_hub.hf_api.ExpandSpaceProperty_T] = [
    *("sdk", "private", "sha", "runtime", "subdomain", "lastModified")
]


class HubSpaceHost:
    """The SpaceHost port over huggingface_hub, with the limits of HubCalls.

    Every call asks again, a few times, when the Hub gave no answer; a call that could have had its effect by then looks
    before it asks again. Every method raises HubError and nothing else.
    """

    def __init__(
        self,
        endpoint: str,
        token: SecretStr,
        clock: Clock,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._calls = HubCalls(
            self.endpoint, token, clock, patience_seconds=patience_seconds, silence_seconds=silence_seconds
        )
        self._api = self._calls.api
        self._clock = clock
        self._owner: str | None = None
        self._asking_owner = threading.Lock()

    def __repr__(self) -> str:
        return f"HubSpaceHost({self.endpoint!r})"

    async def owner(self) -> str:
        """Whose token it is; asked once, because the Hub allows that question less often than others."""
        return await self._calls.ask("asking whose token this is", self._ask_owner)

    async def create(self, space_id: str, sdk: str, settings: SpaceSettings) -> Space:
        """Raises SpaceConflict for a name that is taken, PaymentRequired for what the owner's plan does not include."""
        wanted = wanted_of(settings)
        create = partial(self._api.create_repo, space_id, repo_type="space", space_sdk=sdk, **wanted)
        return await self._made(f"creating the Space {space_id}", space_id, settings, create)

    async def duplicate(self, source_id: str, target_id: str, settings: SpaceSettings) -> Space:
        """Its variables are copied, its secrets are not. Raises SpaceConflict for a name that is taken."""
        check_id(source_id)
        wanted = wanted_of(settings)
        duplicate = partial(self._api.duplicate_repo, source_id, target_id, repo_type="space", **wanted)
        return await self._made(f"copying the Space {source_id} to {target_id}", target_id, settings, duplicate)

    async def commit(self, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
        """The Hub's ``.gitattributes`` stays, unless ``files`` has its own. Raises SpaceConflict for another head."""
        commit = partial(contents.commit, self._api, space_id, files, message, parent)
        return await self._calls.ask(f"committing to the Space {space_id}", commit, space_id, seconds=TRANSFER_SECONDS)

    async def files(self, space_id: str, revision: str) -> AppFiles:
        """What the Space holds at a commit, with the Hub's ``.gitattributes``."""
        read = partial(contents.read, self._api, space_id, revision)
        return await self._calls.ask(
            f"reading the files of the Space {space_id}", read, space_id, seconds=TRANSFER_SECONDS
        )

    async def spaces(self, owner: str) -> tuple[Space, ...]:
        """At most ``MOST_LISTED``, the newest first."""
        ask = partial(self._api.list_spaces, author=owner, sort="created_at", limit=MOST_LISTED, expand=LISTED_PARTS)
        found = await self._calls.ask(f"listing the Spaces of {owner}", lambda: [*ask()])
        return tuple(space_from(info, self.endpoint) for info in found)

    async def info(self, space_id: str) -> Space:
        """What the Hub says of it."""
        read = partial(contents.info, self._api, space_id)
        return space_from(await self._calls.ask(f"reading the Space {space_id}", read, space_id), self.endpoint)

    async def runtime(self, space_id: str) -> SpaceRuntime:
        """How it is doing."""
        return await self._runtime_after("asking how the Space {} is doing", self._api.get_space_runtime, space_id)

    def watch(self, space_id: str, seconds: float, *, has_changed: bool) -> AsyncGenerator[Look, None]:
        """Look after look, until ``seconds`` are over."""
        return looks(partial(self.runtime, space_id), self._clock, seconds, has_changed=has_changed)

    def logs(self, space_id: str, *, build: bool, follow: bool) -> AsyncGenerator[LogLine, None]:
        """The log of the build or of the run: what there is, and with ``follow`` what comes."""
        check_id(space_id)
        doing = f"reading the log of the Space {space_id}"
        read: Callable[[], Iterable[str]] = partial(self._api.fetch_space_logs, space_id, build=build, follow=follow)
        return log_lines(read, lambda error: self._calls.translated(error, doing), None if follow else LOG_SECONDS)

    async def set_hardware(self, space_id: str, hardware: str, sleep_seconds: int | None = None) -> SpaceRuntime:
        """Restarts the app."""
        return await self._runtime_after(
            "changing the hardware of the Space {}",
            self._api.request_space_hardware,
            space_id,
            hardware,
            sleep_time=sleep_seconds,
        )

    async def set_sleep_time(self, space_id: str, seconds: int) -> SpaceRuntime:
        """Seconds without visitors until it sleeps; -1 = never."""
        return await self._runtime_after(
            "changing the sleep time of the Space {}", self._api.set_space_sleep_time, space_id, seconds
        )

    async def pause(self, space_id: str) -> SpaceRuntime:
        """Stop it until its owner restarts it."""
        return await self._runtime_after("pausing the Space {}", self._api.pause_space, space_id)

    async def restart(self, space_id: str, *, factory_reboot: bool = False) -> SpaceRuntime:
        """Start it anew; with ``factory_reboot`` build it anew as well."""
        return await self._runtime_after(
            "restarting the Space {}", self._api.restart_space, space_id, factory_reboot=factory_reboot
        )

    async def set_dev_mode(self, space_id: str, *, enabled: bool) -> SpaceRuntime:
        """Let its files be changed while it runs, or no more."""
        change = self._api.enable_space_dev_mode if enabled else self._api.disable_space_dev_mode
        return await self._runtime_after("changing the dev mode of the Space {}", change, space_id)

    async def set_visibility(self, space_id: str, visibility: str) -> None:
        """``public``, ``private`` or ``protected``."""
        change = partial(
            self._api.update_repo_settings,
            space_id,
            visibility=visibility,  # type: ignore[arg-type]  # the Hub decides which words it knows
            repo_type="space",
        )
        await self._calls.ask(f"changing who sees the Space {space_id}", change, space_id)

    async def delete(self, space_id: str) -> None:
        """For good."""
        asked_before = False

        def delete() -> None:
            nonlocal asked_before
            missing_ok, asked_before = asked_before, True  # gone at the second try: the first one did it
            self._api.delete_repo(space_id, repo_type="space", missing_ok=missing_ok)

        await self._calls.ask(f"deleting the Space {space_id}", delete, space_id)

    async def settings(self, space_id: str, kind: SettingKind) -> tuple[SpaceSetting, ...]:
        """By name; secrets without their values."""
        api = self._api
        read: Callable[[], Mapping[str, Setting]] = partial(
            api.get_space_secrets if kind is SettingKind.SECRETS else api.get_space_variables, space_id
        )
        return settings_from(await self._calls.ask(f"reading the {kind} of the Space {space_id}", read, space_id))

    async def set_setting(
        self, space_id: str, kind: SettingKind, key: str, value: str, description: str | None = None
    ) -> None:
        """Add or replace. Restarts the app."""
        check_key(key)
        add = self._api.add_space_secret if kind is SettingKind.SECRETS else self._api.add_space_variable
        change: Callable[[], object] = partial(add, space_id, key, value, description=description)
        await self._calls.ask(f"setting a {kind.singular} of the Space {space_id}", change, space_id, hidden=[value])

    async def delete_setting(self, space_id: str, kind: SettingKind, key: str) -> None:
        """Also when there is none. Restarts the app."""
        check_key(key)
        delete = self._api.delete_space_secret if kind is SettingKind.SECRETS else self._api.delete_space_variable
        change: Callable[[], object] = partial(delete, space_id, key)
        await self._calls.ask(f"deleting a {kind.singular} of the Space {space_id}", change, space_id)

    async def set_volumes(self, space_id: str, volumes: Sequence[Volume]) -> None:
        """Make these all that is mounted."""
        change = partial(self._api.delete_space_volumes, space_id)
        if volumes:
            change = partial(self._api.set_space_volumes, space_id, [volume_to(volume) for volume in volumes])
        await self._calls.ask(f"mounting volumes in the Space {space_id}", change, space_id)

    async def _runtime_after(
        self, doing: str, change: Callable[..., huggingface_hub.SpaceRuntime], space_id: str, *args: Any, **options: Any
    ) -> SpaceRuntime:
        """Asking twice does no harm in any of these."""
        work = partial(change, space_id, *args, **options)
        return runtime_from(await self._calls.ask(doing.format(space_id), work, space_id))

    async def _made(self, doing: str, space_id: str, settings: SpaceSettings, make: Callable[[], object]) -> Space:
        new = NewSpaceCall(self._calls, self._clock, space_id)
        return space_from(await new.make(doing, settings, make), self.endpoint)

    def _ask_owner(self) -> str:
        with self._asking_owner:
            self._owner = self._owner or str(self._api.whoami()["name"])
            return self._owner
