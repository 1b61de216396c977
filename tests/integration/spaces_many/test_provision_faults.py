"""Many Spaces when some cannot be had: one failure stops no other, and every wait has an end."""

import asyncio
import threading
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.clock import SystemClock
from pipeline.domain.errors import Busy, InvalidInput, SpaceMissing, Unavailable
from pipeline.domain.provision import ProvisionOrder, SpaceStatus
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate
from pipeline.manage_spaces import provisioning, reconciling
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import make_files, make_wanted
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Hang, Setting, too_many_requests
from tests.fakes.hub.exchange import Request
from tests.integration.spaces_many.orders import (
    APP,
    OTHER_TOKEN,
    TEMPLATE,
    UNCHANGED,
    UPDATE,
    VALUE,
    apps,
    copies,
    run,
    writes,
)


def refused(status: int = 403, text: str = "A payment method is required") -> Any:
    return Answer(status, {"error": text, "url": "https://hub.test/spaces/deployer/a"})


async def test_one_space_that_fails_stops_no_other_and_says_what_was_done(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.create("deployer/b", files=APP)
    hub.add_fault(Fault("POST", r"/deployer/b/hardware", answer=refused()))
    order = copies(
        make_wanted("a"),
        make_wanted("b", {"KEY": VALUE}, hardware="t4-small"),
        make_wanted("stranger/c"),
        make_wanted("d"),
    )
    a, b, c, d = await run(provision, order)
    assert [space.status for space in (a, d)] == [SpaceStatus.SUCCEEDED] * 2
    assert b.status is SpaceStatus.FAILED
    assert b.error
    assert "payment" in b.error
    assert "Done before that: secret KEY" in b.error
    assert b.changes == ("secret KEY",)
    assert c.status is SpaceStatus.FAILED
    assert c.error
    assert "may not do this" in c.error


async def test_an_app_whose_commit_failed_is_completed_by_the_next_run(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.add_fault(Fault("POST", "/commit/", answer=refused(), times=1))
    order = apps(make_wanted("a", {"KEY": VALUE}))
    (failed,) = await run(provision, order)
    assert failed.status is SpaceStatus.FAILED
    assert failed.error
    assert "Done before that: the Space, without its files, secret KEY" in failed.error
    (outcome,) = await run(provision, order)
    assert (outcome.action, outcome.status, outcome.changes) == (UPDATE, SpaceStatus.SUCCEEDED, ("files",))
    assert len(hub.spaces["deployer/a"].commits) == 2


async def test_a_space_that_somebody_makes_meanwhile_is_taken_as_there(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    taken = Fault("POST", "/duplicate", answer=refused(409, "You already created this space repo"), times=1)
    hub.add_fault(taken)
    answer = hub.respond

    def respond(request: Request, target: str) -> Any:
        answered = answer(request, target)
        if target.endswith("/duplicate") and "deployer/a" not in hub.spaces:
            hub.create("deployer/a", files=APP)
        return answered

    hub.respond = respond  # type: ignore[method-assign]  # the one way to be quicker than the request
    (outcome,) = await run(provision, copies(make_wanted("a", variables={"V": "1"})))
    assert (outcome.action, outcome.status) == (UPDATE, SpaceStatus.SUCCEEDED)
    assert hub.spaces["deployer/a"].variables["V"].value == "1"


async def test_not_more_than_a_few_requests_are_under_way_at_once(
    provision: ProvisionSpaces, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, most, lock, enough = 0, 0, threading.Lock(), threading.Event()
    answer = hub.respond

    def respond(request: Request, target: str) -> Any:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            if most == provisioning.AT_ONCE:
                enough.set()
        enough.wait(1)
        answered = answer(request, target)
        with lock:
            under_way -= 1
        return answered

    order = copies(*(make_wanted(f"team-{number}", variables={"V": "1"}) for number in range(12)))
    await run(provision, order)
    monkeypatch.setattr(hub, "respond", respond)
    await provision.plan(order, None)
    assert most == provisioning.AT_ONCE


async def test_a_long_rest_that_the_hub_asks_for_is_taken(
    provision: ProvisionSpaces, hub: FakeHub, clock: FakeClock
) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=too_many_requests(300), times=2))
    (outcome,) = await run(provision, copies(make_wanted("a")))
    assert outcome.status is SpaceStatus.SUCCEEDED
    assert sum(clock.slept) >= 600


async def test_a_rest_longer_than_the_whole_run_ends_in_words(provision: ProvisionSpaces, hub: FakeHub) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=too_many_requests(36_000)))
    (outcome,) = await run(provision, copies(make_wanted("a")))
    assert outcome.status is SpaceStatus.FAILED
    assert outcome.error
    assert "come back in 36000 s" in outcome.error


async def test_a_hub_that_hangs_ends_one_space_in_words(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "CREATE_SECONDS", 1.0)
    clock = SystemClock()
    provision = ProvisionSpaces(
        space_hosts(hub.endpoint, SecretStr(hub.token), clock), ConfiguredSecretScanner(()), clock
    )
    hub.add_fault(Fault("GET", "/spaces/deployer/a$", answer=Hang(30)))
    a, b = await run(provision, copies(make_wanted("a"), make_wanted("b")))
    assert a.error
    assert "took too long" in a.error
    assert b.status is SpaceStatus.SUCCEEDED


async def test_what_comes_after_the_time_of_the_whole_is_not_begun(
    provision: ProvisionSpaces, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "RUN_SECONDS", 0.0)
    (outcome,) = await run(provision, copies(make_wanted("a")))
    assert outcome.error
    assert "time of the whole provision was up" in outcome.error
    assert "deployer/a" not in hub.spaces


@pytest.mark.parametrize("name", ["me", "deployer/me"])
async def test_a_name_with_and_without_its_owner_is_one_space(provision: ProvisionSpaces, name: str) -> None:
    other = "deployer/me" if name == "me" else "me"
    _, second = await run(provision, copies(make_wanted(name), make_wanted(other)))
    assert second.status is SpaceStatus.FAILED
    assert second.error == "it is the same Space as spaces[0]"


async def test_names_without_an_owner_belong_to_the_caller(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await run(provision, copies(make_wanted("a")), token=OTHER_TOKEN)
    assert "visitor/a" in hub.spaces
    assert {call.token for call in hub.log} == {OTHER_TOKEN}


async def test_a_static_space_takes_no_secret(provision: ProvisionSpaces, hub: FakeHub) -> None:
    page = AppTemplate(make_files({"index.html": "<title>Sales</title>"}), SpaceSdk.STATIC)
    with pytest.raises(InvalidInput) as refused:
        await provision.check(ProvisionOrder(page, (make_wanted("a", {"KEY": VALUE}),)), None)
    assert refused.value.problems[0].field == "spaces[0].secrets"
    hub.create("deployer/page", "static", files={"index.html": "<h1>"})
    a, b = await run(provision, copies(make_wanted("page", {"KEY": VALUE}), make_wanted("b")))
    assert a.error
    assert "a static Space shows its secrets to every visitor" in a.error
    assert b.status is SpaceStatus.SUCCEEDED


async def test_a_name_that_is_a_variable_of_the_space_is_not_made_a_secret(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.create("deployer/a", files=APP, variables={"KEY": Setting("1")})
    (outcome,) = await run(provision, copies(make_wanted("a", {"KEY": VALUE})))
    assert outcome.error
    assert "has the name of a variable" in outcome.error
    assert writes(hub) == []


async def test_a_template_that_is_not_there_is_an_error_of_the_whole(provision: ProvisionSpaces, hub: FakeHub) -> None:
    with pytest.raises(SpaceMissing):
        await run(provision, ProvisionOrder("deployer/none", (make_wanted("a"),)))
    assert writes(hub) == []


async def test_an_order_that_was_cut_off_is_finished_by_the_same_order_and_nothing_is_made_twice(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    order = apps(*(make_wanted(f"team-{number}", {"KEY": VALUE}) for number in range(16)))
    hub.add_fault(Fault("POST", "/team-5/commit/", answer=Hang(1)))
    first = asyncio.create_task(run(provision, order))
    while "deployer/team-6" not in hub.spaces:
        await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(hub.spaces) < 1 + 16
    outcomes = await run(provision, order)
    assert {outcome.status for outcome in outcomes} == {SpaceStatus.SUCCEEDED}
    assert len([call for call in hub.calls("POST", "/repos/create") if call.status == 200]) == 16
    for number in range(16):
        space = hub.spaces[f"deployer/team-{number}"]
        assert (len(space.commits), space.secrets["KEY"].value) == (2, VALUE)
    assert {outcome.action for outcome in await run(provision, order)} == {UNCHANGED}


async def test_the_same_order_twice_at_once_makes_each_space_once(provision: ProvisionSpaces, hub: FakeHub) -> None:
    order = apps(*(make_wanted(f"team-{number}", variables={"V": "1"}) for number in range(6)))
    both = await asyncio.gather(run(provision, order), run(provision, order))
    assert {outcome.status for outcomes in both for outcome in outcomes} == {SpaceStatus.SUCCEEDED}
    assert {len(space.commits) for space in hub.spaces.values() if space.id != TEMPLATE} == {2}


async def test_only_so_many_orders_are_under_way_and_none_is_begun_by_a_service_that_stops(
    provision: ProvisionSpaces, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "MOST_ORDERS", 1)
    hub.add_fault(Fault("POST", "/duplicate", answer=Hang(1)))
    first = asyncio.create_task(run(provision, copies(make_wanted("a"))))
    while not hub.calls("POST", "/duplicate"):
        await asyncio.sleep(0.01)
    with pytest.raises(Busy):
        await run(provision, copies(make_wanted("b")))
    await first
    await run(provision, copies(make_wanted("b")))
    provision.is_draining = True
    with pytest.raises(Unavailable):
        await run(provision, copies(make_wanted("c")))
    assert "deployer/c" not in hub.spaces
