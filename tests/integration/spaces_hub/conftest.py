"""A fake Hub, and the port and the publisher on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.ports import SpaceHosts
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.hosts import space_hosts
from pipeline.workspace import GitWorkspaces
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.integration.spaces_hub.rig import OTHER_TOKEN, HubHost, HubTarget


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={OTHER_TOKEN: "visitor"}, organizations=["acme-inc"]) as hub:
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def hosts(hub: FakeHub) -> SpaceHosts:
    return space_hosts(hub.endpoint, SecretStr(hub.token), FakeClock())


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> HubHost:
    return HubHost(hub, clock, patience_seconds=60, silence_seconds=0.3)


@pytest.fixture
def target(hub: FakeHub, host: HubHost, clock: FakeClock, tmp_path: Path) -> HubTarget:
    workspaces = GitWorkspaces(tmp_path)
    return HubTarget(hub, host, workspaces, clock, HfSpacePublisher(host, workspaces, clock))
