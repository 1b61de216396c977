"""A Hub with a template on it, and the use case that makes many Spaces of it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub, Setting
from tests.integration.spaces_many.orders import APP, OPERATOR_SECRET, OTHER_TOKEN, TEMPLATE


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={OTHER_TOKEN: "visitor"}) as hub:
        hub.create(TEMPLATE, files=APP, variables={"LEVEL": Setting("1")})
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provision(hub: FakeHub, clock: FakeClock) -> ProvisionSpaces:
    hosts = space_hosts(hub.endpoint, SecretStr(hub.token), clock, silence_seconds=5)
    return ProvisionSpaces(hosts, ConfiguredSecretScanner((OPERATOR_SECRET,)), clock)
