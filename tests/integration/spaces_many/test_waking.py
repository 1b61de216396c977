"""Many Spaces are woken."""

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import InvalidInput
from pipeline.manage_spaces.running import wake_spaces
from pipeline.ports import SpaceHost
from pipeline.spaces.hosts import space_hosts
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.integration.spaces_many.orders import APP


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> SpaceHost:
    return space_hosts(hub.endpoint, SecretStr(hub.token), clock)(None)


async def test_only_spaces_that_rest_are_restarted(hub: FakeHub, host: SpaceHost) -> None:
    stages = ["SLEEPING", "PAUSED", "STOPPED", "RUNNING", "BUILDING", "RUNTIME_ERROR"]
    for stage in stages:
        hub.create(f"deployer/{stage.lower()}", files=APP).settle(stage)
    ids = [*(f"deployer/{stage.lower()}" for stage in stages), "deployer/none"]
    woken = await wake_spaces(host, ids)
    assert [space.id for space in woken] == ids
    assert [space.was for space in woken] == [*stages, None]
    assert [space.restarted for space in woken] == [True, True, True, False, False, False, False]
    assert len(hub.calls("POST", "/restart")) == 3
    assert [bool(space.error) for space in woken] == [False] * 5 + [True] * 2
    assert woken[0].stage == "BUILDING"
    assert [bool(space.note) for space in woken] == [False] * 3 + [True] * 2 + [False] * 2


@pytest.mark.parametrize("ids", [[], ["no-owner"], ["a/b", "a b/c"], ["a/b"] * 201])
async def test_ids_that_are_none_are_refused_before_the_hub_is_asked(
    hub: FakeHub, host: SpaceHost, ids: list[str]
) -> None:
    with pytest.raises(InvalidInput):
        await wake_spaces(host, ids)
    assert hub.log == []
