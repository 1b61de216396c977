"""The Hugging Face Hub as the use cases need it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from pipeline.domain.files import AppFiles
from pipeline.domain.space import LogLine, Look, SettingKind, Space, SpaceRuntime, SpaceSetting, SpaceSettings, Volume


class SpaceHost(Protocol):
    """A Hub as one token sees it. ``space_id`` is ``owner/name``. Every call raises HubError, and within its time."""

    async def owner(self) -> str:
        """Whose token it is; asked once."""

    async def create(self, space_id: str, sdk: str, settings: SpaceSettings) -> Space:
        """One call, with its settings; public unless they say otherwise. Raises SpaceConflict when the name is taken.

        ``sdk`` is ``gradio``, ``docker`` or ``static``: those the Hub creates.
        """

    async def commit(self, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
        """Make ``files`` all that the Space holds, in one commit on ``parent``, and return the new head's sha.

        The same call again gives the same head. Raises SpaceConflict when the head is another than ``parent``.
        """

    async def files(self, space_id: str, revision: str) -> AppFiles:
        """What the Space holds at a commit."""

    async def spaces(self, owner: str) -> tuple[Space, ...]:
        """Those of ``owner`` that the token may see, the newest first; as many as one may list."""

    async def info(self, space_id: str) -> Space:
        """What the Hub says of it."""

    async def runtime(self, space_id: str) -> SpaceRuntime:
        """How it is doing."""

    def watch(self, space_id: str, seconds: float, *, has_changed: bool) -> AsyncGenerator[Look, None]:
        """Look after look, with pauses, until ``seconds`` are over. A Hub that gives no answer meanwhile is waited for.

        ``has_changed``: it was changed just now, so that its stage, or its absence, is not to be believed at once.
        """

    def logs(self, space_id: str, *, build: bool, follow: bool) -> AsyncGenerator[LogLine, None]:
        """The log of the build or of the run: what there is, and with ``follow`` what comes. To be closed."""

    async def set_hardware(self, space_id: str, hardware: str, sleep_seconds: int | None = None) -> SpaceRuntime:
        """Restarts the app."""

    async def set_sleep_time(self, space_id: str, seconds: int) -> SpaceRuntime:
        """Seconds without visitors until it sleeps; -1 = never."""

    async def pause(self, space_id: str) -> SpaceRuntime:
        """Stop it until its owner restarts it."""

    async def restart(self, space_id: str, *, factory_reboot: bool = False) -> SpaceRuntime:
        """Start it anew; with ``factory_reboot`` build it anew as well."""

    async def set_dev_mode(self, space_id: str, *, enabled: bool) -> SpaceRuntime:
        """Let its files be changed while it runs, or no more."""

    async def set_visibility(self, space_id: str, visibility: str) -> None:
        """``public``, ``private`` or ``protected``."""

    async def duplicate(self, source_id: str, target_id: str, settings: SpaceSettings) -> Space:
        """As ``create``, with the files and variables of another Space; its secrets are not copied."""

    async def delete(self, space_id: str) -> None:
        """For good."""

    async def settings(self, space_id: str, kind: SettingKind) -> tuple[SpaceSetting, ...]:
        """By name; secrets without their values."""

    async def set_setting(
        self, space_id: str, kind: SettingKind, key: str, value: str, description: str | None = None
    ) -> None:
        """Add or replace. Restarts the app."""

    async def delete_setting(self, space_id: str, kind: SettingKind, key: str) -> None:
        """Also when there is none. Restarts the app."""

    async def set_volumes(self, space_id: str, volumes: Sequence[Volume]) -> None:
        """Make these all that is mounted."""


SpaceHosts = Callable[[str | None], SpaceHost]
"""The Hub as a token sees it; None = the operator's own token. Raises Misconfigured when there is none."""
