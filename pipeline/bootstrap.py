"""The one place that names adapters: Settings -> Services."""

from dataclasses import dataclass

from pipeline.ports import Jobs, Workspaces
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What the edges work with.

    Attributes:
        settings: as read at the start.
        jobs: accept, show, watch, cancel, redeliver.
        workspaces: for previews.
    """

    settings: Settings
    jobs: Jobs
    workspaces: Workspaces

    async def start(self) -> None:
        """Migrate the database, take the lock, resume what was under way, and begin to work."""

    async def stop(self, drain_seconds: float = 20) -> None:
        """Let running stages finish for a while; what is left is resumed by the next start."""
