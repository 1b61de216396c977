"""The service on loopback with a job that has ended and a Space, for those who know only its description."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from pipeline.manage_spaces.creation import CreateSpace
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.spaces.hosts import space_hosts
from pipeline.web.app import create_app
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.fakes.jobs import MemoryServices
from tests.fakes.served import served
from tests.integration.http_rig import accept
from tests.integration.space_functions import APP, ID


@dataclass
class Described:
    """Where the service listens, and what is there to be asked about."""

    hub: FakeHub
    address: str = ""
    job_id: str = ""
    _ready: threading.Event = field(default_factory=threading.Event)

    def reset_space(self) -> None:
        self.hub.spaces.pop(ID, None)
        self.hub.create(ID, "gradio", APP)


@contextmanager
def described_service() -> Iterator[Described]:
    """On a thread of its own: those who call it block."""
    with FakeHub() as hub:
        described = Described(hub)
        loop = asyncio.new_event_loop()
        ended = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(described, ended)))
        thread.start()
        try:
            assert described._ready.wait(20)  # noqa: SLF001 - of this module
            yield described
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join()
            loop.close()


async def _serve(described: Described, ended: asyncio.Event) -> None:
    services: Any = MemoryServices(response_patience_seconds=0, job_deadline_seconds=0.01, queue_limit=100_000)
    services.spaces = space_hosts(described.hub.endpoint, SecretStr(described.hub.token), FakeClock())
    services.create_space = CreateSpace(services.spaces, services.secrets, FakeClock(), owner=None)
    services.provision_spaces = ProvisionSpaces(services.spaces, services.secrets, FakeClock(), owner=None)
    described.job_id = await accept(services, nonce="ended", evaluation_url="https://example.com/notify")
    services.jobs.start(described.job_id)
    services.jobs.screenshots[described.job_id] = b"\x89PNG"
    services.jobs.finish(described.job_id)
    async with served(create_app(services)) as described.address:
        described._ready.set()  # noqa: SLF001 - of this module
        await ended.wait()
