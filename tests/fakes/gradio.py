"""What the Gradio-compatible routes need of the product: jobs and Spaces in memory, calls in a real SQLite file."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from pipeline.clock import SystemClock
from pipeline.domain.errors import HubTokenRefused, SpaceMissing
from pipeline.domain.space import (
    CreatedSpace,
    NewSpace,
    SettingKind,
    Space,
    SpaceRuntime,
    SpaceSetting,
    SpaceSettings,
    Volume,
)
from pipeline.jobs.call_events import SqlCallEvents
from pipeline.jobs.database import Database
from pipeline.ports import SpaceHost
from pipeline.web.app import create_app
from tests.builders import SHA
from tests.fakes.jobs import MemoryServices

HUB_TOKEN = "hf_" + "a" * 34
OTHER_HUB_TOKEN = "hf_" + "b" * 34
ACCOUNTS: dict[str | None, str] = {None: "deployer", HUB_TOKEN: "ada", OTHER_HUB_TOKEN: "bob"}


class SpacesInMemory:
    """Answers what a few Spaces' owners may ask; remembers with which token it was asked.

    Attributes:
        asked: token and method of each question, in order.
        delay: seconds before a runtime is told.
        fault: raised instead of telling a runtime, while it is set.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str]] = []
        self.delay = 0.0
        self.fault: Exception | None = None

    def __call__(self, token: str | None) -> SpaceHost:
        return _Host(self, token)  # type: ignore[return-value]  # only what the functions ask for is here

    async def create(self, new: NewSpace, token: str | None) -> CreatedSpace:
        """As the use case: every Space can be created."""
        self.asked.append((token, f"create {new.app.kind} {','.join(new.app.files)}"))
        space_id = f"{ACCOUNTS[token]}/{new.name or 'space'}"
        return CreatedSpace(space_id, f"https://hub.test/spaces/{space_id}", SHA, f"https://{new.name}.test")


class _Host:
    def __init__(self, spaces: SpacesInMemory, token: str | None) -> None:
        self._spaces = spaces
        self._token = token

    async def owner(self) -> str:
        self._spaces.asked.append((self._token, "owner"))
        if self._token not in ACCOUNTS:
            raise HubTokenRefused("the Hub does not know this token")
        return ACCOUNTS[self._token]

    async def runtime(self, space_id: str) -> SpaceRuntime:
        self._spaces.asked.append((self._token, f"runtime {space_id}"))
        await asyncio.sleep(self._spaces.delay)
        if self._spaces.fault:
            raise self._spaces.fault
        if space_id == "ada/gone":
            raise SpaceMissing("there is no such Space, or the token may not see it")
        return SpaceRuntime("RUNNING", volumes=(Volume("bucket", "ada/data", "/data", path="in"),))

    async def restart(self, space_id: str, *, factory_reboot: bool = False) -> SpaceRuntime:
        self._spaces.asked.append((self._token, f"restart {space_id} {factory_reboot}"))
        return SpaceRuntime("BUILDING")

    async def pause(self, space_id: str) -> SpaceRuntime:
        self._spaces.asked.append((self._token, f"pause {space_id}"))
        return SpaceRuntime("PAUSED")

    async def info(self, space_id: str) -> Space:
        if space_id == "ada/gone":
            raise SpaceMissing("there is no such Space, or the token may not see it")
        sdk = "static" if space_id == "ada/static" else "gradio"
        return Space(space_id, f"https://hub.test/spaces/{space_id}", sdk)

    async def settings(self, space_id: str, kind: SettingKind) -> tuple[SpaceSetting, ...]:
        return (SpaceSetting("KEY"),) if (space_id, kind) == ("ada/app", SettingKind.SECRETS) else ()

    async def duplicate(self, source_id: str, target_id: str, settings: SpaceSettings) -> Space:
        is_private = settings.visibility == "private"
        self._spaces.asked.append((self._token, f"duplicate {source_id} {target_id} {is_private}"))
        return Space(target_id, f"https://hub.test/spaces/{target_id}", "gradio")


class GradioServices(MemoryServices):
    """``MemoryServices`` with Spaces, and calls of which no more are kept than ``limits`` say."""

    def __init__(self, folder: Path, *, limits: dict[str, int] | None = None, **settings: Any) -> None:
        super().__init__(**{"generated_repos_dir": folder, **settings})
        self.database = Database.embedded(folder)
        self.database.migrate()
        self.call_events = SqlCallEvents(self.database, SystemClock(), **(limits or {}))
        self.hub = SpacesInMemory()
        self.spaces = self.hub
        self.create_space = self.hub.create


def app_of(services: GradioServices) -> FastAPI:
    return create_app(services)
