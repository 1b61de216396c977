"""Many Spaces when some cannot be had: one failure stops no other, and every wait has an end."""

import asyncio
import threading
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.domain import errors
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
from tests.integration.spaces_many.rig import (
    APP,
    OPERATOR_SECRET,
    OTHER_TOKEN,
    TEMPLATE,
    UNCHANGED,
    UPDATE,
    VALUE,
    Provision,
    apps,
    copies,
    error_of,
)


def refused(status: int = 403, text: str = "A payment method is required") -> Any:
    return Answer(status, {"error": text, "url": "https://hub.test/spaces/deployer/a"})


async def test_one_space_that_fails_stops_no_other_and_says_what_was_done(provision: Provision) -> None:
    provision.hub.create("deployer/b", files=APP)
    provision.hub.add_fault(Fault("POST", r"/deployer/b/hardware", answer=refused()))
    order = copies(
        make_wanted("a"),
        make_wanted("b", {"KEY": VALUE}, hardware="t4-small"),
        make_wanted("stranger/c"),
        make_wanted("d"),
    )
    a, b, c, d = await provision.run(order)
    assert [space.status for space in (a, d)] == [SpaceStatus.SUCCEEDED] * 2
    assert "payment" in error_of(b)
    assert "Done before that: secret KEY" in error_of(b)
    assert b.changes == ("secret KEY",)
    assert "may not do this" in error_of(c)


async def test_an_app_whose_commit_failed_is_completed_by_the_next_run(provision: Provision) -> None:
    provision.hub.add_fault(Fault("POST", "/commit/", answer=refused(), times=1))
    order = apps(make_wanted("a", {"KEY": VALUE}))
    (failed,) = await provision.run(order)
    assert "Done before that: the Space, without its files, secret KEY" in error_of(failed)
    (outcome,) = await provision.run(order)
    assert (outcome.action, outcome.status, outcome.changes) == (UPDATE, SpaceStatus.SUCCEEDED, ("files",))
    assert len(provision.hub.spaces["deployer/a"].commits) == 2


async def test_a_space_that_somebody_makes_meanwhile_is_taken_as_there(provision: Provision) -> None:
    taken = Fault("POST", "/duplicate", answer=refused(409, "You already created this space repo"), times=1)
    provision.hub.add_fault(taken)
    answer = provision.hub.respond

    def respond(request: Request, target: str) -> Any:
        answered = answer(request, target)
        if target.endswith("/duplicate") and "deployer/a" not in provision.hub.spaces:
            provision.hub.create("deployer/a", files=APP)
        return answered

    provision.hub.respond = respond  # type: ignore[method-assign]  # the one way to be quicker than the request
    (outcome,) = await provision.run(copies(make_wanted("a", variables={"V": "1"})))
    assert (outcome.action, outcome.status) == (UPDATE, SpaceStatus.SUCCEEDED)
    assert provision.hub.spaces["deployer/a"].variables["V"].value == "1"


async def test_not_more_than_a_few_requests_are_under_way_at_once(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, most, lock, enough = 0, 0, threading.Lock(), threading.Event()
    answer = provision.hub.respond

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
    await provision.run(order)
    monkeypatch.setattr(provision.hub, "respond", respond)
    await provision.plan(order, None)
    assert most == provisioning.AT_ONCE


async def test_a_long_rest_that_the_hub_asks_for_is_taken(provision: Provision, clock: FakeClock) -> None:
    provision.hub.add_fault(Fault("POST", "/duplicate", answer=too_many_requests(300), times=2))
    (outcome,) = await provision.run(copies(make_wanted("a")))
    assert outcome.status is SpaceStatus.SUCCEEDED
    assert sum(clock.slept) >= 600


async def test_a_rest_longer_than_the_whole_run_ends_in_words(provision: Provision) -> None:
    provision.hub.add_fault(Fault("POST", "/duplicate", answer=too_many_requests(36_000)))
    (outcome,) = await provision.run(copies(make_wanted("a")))
    assert "come back in 36000 s" in error_of(outcome)


async def test_a_hub_that_hangs_ends_one_space_in_words(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "CREATE_SECONDS", 1.0)
    provision = Provision(hub, SystemClock())
    hub.add_fault(Fault("GET", "/spaces/deployer/a$", answer=Hang(30)))
    a, b = await provision.run(copies(make_wanted("a"), make_wanted("b")))
    assert "took too long" in error_of(a)
    assert b.status is SpaceStatus.SUCCEEDED


async def test_what_comes_after_the_time_of_the_whole_is_not_begun(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "RUN_SECONDS", 0.0)
    (outcome,) = await provision.run(copies(make_wanted("a")))
    assert "time of the whole provision was up" in error_of(outcome)
    assert "deployer/a" not in provision.hub.spaces


@pytest.mark.parametrize("name", ["me", "deployer/me"])
async def test_a_name_with_and_without_its_owner_is_one_space(provision: Provision, name: str) -> None:
    other = "deployer/me" if name == "me" else "me"
    _, second = await provision.run(copies(make_wanted(name), make_wanted(other)))
    assert error_of(second) == "it is the same Space as spaces[0]"


async def test_names_without_an_owner_belong_to_the_caller(provision: Provision) -> None:
    await provision.run(copies(make_wanted("a")), token=OTHER_TOKEN)
    assert "visitor/a" in provision.hub.spaces
    assert {call.token for call in provision.hub.log} == {OTHER_TOKEN}


async def test_a_static_space_takes_no_secret(provision: Provision) -> None:
    page = AppTemplate(make_files({"index.html": "<title>Sales</title>"}), SpaceSdk.STATIC)
    with pytest.raises(errors.InvalidInput) as refused:
        await provision.check(ProvisionOrder(page, (make_wanted("a", {"KEY": VALUE}),)), None)
    assert refused.value.problems[0].field == "spaces[0].secrets"
    provision.hub.create("deployer/page", "static", files={"index.html": "<h1>"})
    a, b = await provision.run(copies(make_wanted("page", {"KEY": VALUE}), make_wanted("b")))
    assert "a static Space shows its secrets to every visitor" in error_of(a)
    assert b.status is SpaceStatus.SUCCEEDED


async def test_a_name_that_is_a_variable_of_the_space_is_not_made_a_secret(provision: Provision) -> None:
    provision.hub.create("deployer/a", files=APP, variables={"KEY": Setting("1")})
    (outcome,) = await provision.run(copies(make_wanted("a", {"KEY": VALUE})))
    assert "has the name of a variable" in error_of(outcome)
    assert provision.writes() == []


async def test_a_template_that_is_not_there_is_an_error_of_the_whole(provision: Provision) -> None:
    with pytest.raises(errors.SpaceMissing):
        await provision.run(ProvisionOrder("deployer/none", (make_wanted("a"),)))
    assert provision.writes() == []


async def test_an_order_that_was_cut_off_is_finished_by_the_same_order_and_nothing_is_made_twice(
    provision: Provision,
) -> None:
    order = apps(*(make_wanted(f"team-{number}", {"KEY": VALUE}) for number in range(16)))
    provision.hub.add_fault(Fault("POST", "/team-5/commit/", answer=Hang(1)))
    first = asyncio.create_task(provision.run(order))
    while "deployer/team-6" not in provision.hub.spaces:
        await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(provision.hub.spaces) < 1 + 16
    outcomes = await provision.run(order)
    assert {outcome.status for outcome in outcomes} == {SpaceStatus.SUCCEEDED}
    assert len([call for call in provision.hub.calls("POST", "/repos/create") if call.status == 200]) == 16
    for number in range(16):
        space = provision.hub.spaces[f"deployer/team-{number}"]
        assert (len(space.commits), space.secrets["KEY"].value) == (2, VALUE)
    assert {outcome.action for outcome in await provision.run(order)} == {UNCHANGED}


async def test_the_same_order_twice_at_once_makes_each_space_once(provision: Provision) -> None:
    order = apps(*(make_wanted(f"team-{number}", variables={"V": "1"}) for number in range(6)))
    both = await asyncio.gather(provision.run(order), provision.run(order))
    assert {outcome.status for outcomes in both for outcome in outcomes} == {SpaceStatus.SUCCEEDED}
    assert {len(space.commits) for space in provision.hub.spaces.values() if space.id != TEMPLATE} == {2}


async def test_only_so_many_orders_are_under_way_and_none_is_begun_by_a_service_that_stops(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "MOST_ORDERS", 1)
    provision.hub.add_fault(Fault("POST", "/duplicate", answer=Hang(1)))
    first = asyncio.create_task(provision.run(copies(make_wanted("a"))))
    while not provision.hub.calls("POST", "/duplicate"):
        await asyncio.sleep(0.01)
    with pytest.raises(errors.Busy):
        await provision.run(copies(make_wanted("b")))
    await first
    await provision.run(copies(make_wanted("b")))
    provision.is_draining = True
    with pytest.raises(errors.Unavailable):
        await provision.run(copies(make_wanted("c")))
    assert "deployer/c" not in provision.hub.spaces


# What is wrong with an order is found before a Space is looked at


async def test_a_check_asks_the_hub_nothing_but_whose_token_it_is(provision: Provision) -> None:
    await provision.check(copies(make_wanted("a")), None)
    assert provision.hub.log == []
    with pytest.raises(errors.HubTokenRefused):
        await provision.check(copies(make_wanted("a")), "hf_" + "unknown")
    provision.hub.log.clear()
    with pytest.raises(errors.InvalidInput):
        await provision.check(copies(make_wanted("a b")), OTHER_TOKEN)
    assert provision.hub.log == []


async def test_a_check_finds_what_the_template_lacks(provision: Provision) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        await provision.check(apps(make_wanted("a"), files={"data.csv": "a,b"}), None)
    assert isinstance(refused.value.problems[0], errors.FieldProblem)
    assert refused.value.problems[0].field == "template.files"


@pytest.mark.parametrize(
    "order",
    [
        apps(make_wanted("a"), files=APP | {"config.py": f"KEY = '{OPERATOR_SECRET}'"}),
        copies(make_wanted("a"), make_wanted("b", variables={"KEY": OPERATOR_SECRET})),
    ],
)
async def test_a_check_finds_the_operators_secrets(provision: Provision, order: ProvisionOrder) -> None:
    with pytest.raises(errors.SecretFound) as found:
        await provision.check(order, None)
    assert OPERATOR_SECRET not in str(found.value)


async def test_without_a_token_nothing_is_accepted(hub: FakeHub, clock: FakeClock) -> None:
    provision = ProvisionSpaces(space_hosts(hub.endpoint, None, clock), ConfiguredSecretScanner(()), clock)
    with pytest.raises(errors.Misconfigured):
        await provision.check(copies(make_wanted("a")), None)
