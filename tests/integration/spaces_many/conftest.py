"""A Hub with a template on it, and the use case that makes many Spaces of it."""

from collections.abc import Iterator

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub, Setting
from tests.integration.spaces_many.rig import APP, OTHER_TOKEN, TEMPLATE, Provision


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={OTHER_TOKEN: "visitor"}) as hub:
        hub.create(TEMPLATE, files=APP, variables={"LEVEL": Setting("1")})
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provision(hub: FakeHub, clock: FakeClock) -> Provision:
    return Provision(hub, clock, silence_seconds=5)
