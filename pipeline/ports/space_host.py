"""The Hugging Face Hub as the use cases need it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from pipeline.domain.files import AppFiles
from pipeline.domain.space import LogLine, Space, SpaceRuntime, SpaceSetting, SpaceSettings, Volume


class SpaceHost(Protocol):
    """A Hub as one token sees it. ``space_id`` is ``owner/name``. Every call raises HubError, and within its time."""

    async def owner(self) -> str:
        """Whose token it is; asked once."""

    async def create(self, space_id: str, settings: SpaceSettings) -> Space:
        """One call, with secrets and variables. Raises SpaceConflict when the name is taken."""

    async def commit(self, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
        """Make ``files`` all that the Space holds, in one commit on ``parent``, and return the new head's sha.

        The same call again gives the same head. Raises SpaceConflict when the head is another than ``parent``.
        """

    async def files(self, space_id: str, revision: str) -> AppFiles:
        """What the Space holds at a commit."""

    async def info(self, space_id: str) -> Space:
        """What the Hub says of it."""

    async def runtime(self, space_id: str) -> SpaceRuntime:
        """How it is doing."""

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

    async def wake(self, space_id: str) -> SpaceRuntime:
        """Start it if it sleeps, is paused or has stopped."""

    async def set_dev_mode(self, space_id: str, *, enabled: bool) -> SpaceRuntime:
        """Let its files be changed while it runs, or no more."""

    async def set_visibility(self, space_id: str, visibility: str) -> None:
        """``public``, ``private`` or ``protected``."""

    async def duplicate(self, source_id: str, target_id: str, settings: SpaceSettings) -> Space:
        """Copy a Space. Its variables are copied, its secrets are not; ``settings.sdk`` has no meaning here."""

    async def delete(self, space_id: str) -> None:
        """For good."""

    async def variables(self, space_id: str) -> tuple[SpaceSetting, ...]:
        """By name."""

    async def set_variable(self, space_id: str, key: str, value: str, description: str | None = None) -> None:
        """Add or replace. Restarts the app."""

    async def delete_variable(self, space_id: str, key: str) -> None:
        """Also when there is none. Restarts the app."""

    async def secrets(self, space_id: str) -> tuple[SpaceSetting, ...]:
        """By name, without their values."""

    async def set_secret(self, space_id: str, key: str, value: str, description: str | None = None) -> None:
        """Add or replace. Restarts the app."""

    async def delete_secret(self, space_id: str, key: str) -> None:
        """Also when there is none. Restarts the app."""

    async def set_volumes(self, space_id: str, volumes: Sequence[Volume]) -> None:
        """Make these all that is mounted."""

    async def delete_volumes(self, space_id: str) -> None:
        """Unmount everything."""


SpaceHosts = Callable[[str | None], SpaceHost]
"""The Hub as a token sees it; None = the operator's own token. Raises Misconfigured when there is none."""
