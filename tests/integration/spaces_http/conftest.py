"""A Space on the fake Hub, and the application that works on it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from pipeline.spaces.hosts import space_hosts
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.fakes.jobs import SECRET, MemoryServices
from tests.integration.space_functions import APP, ID
from tests.integration.spaces_http.rig import VISITORS_TOKEN, HubClient, bearer


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={VISITORS_TOKEN: "visitor"}) as hub:
        hub.create(ID, "gradio", APP)
        yield hub


@pytest.fixture
def services(hub: FakeHub) -> MemoryServices:
    services = MemoryServices()
    services.spaces = space_hosts(hub.endpoint, SecretStr(hub.token), FakeClock())
    return services


@pytest.fixture
async def client(services: MemoryServices, hub: FakeHub) -> AsyncIterator[HubClient]:
    async with HubClient(services, hub, headers=bearer(SECRET)) as client:
        yield client
