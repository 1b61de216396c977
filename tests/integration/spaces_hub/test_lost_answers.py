"""The SpaceHost port when the Hub loses answers, is busy, or asks for patience."""

from collections.abc import Awaitable, Callable

import pytest

from pipeline.domain.errors import HubUnreachable, RateLimited
from pipeline.spaces.calls import TRIES
from pipeline.spaces.host import HubSpaceHost
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, too_many_requests
from tests.integration.spaces_hub.rig import ID, PAGES, SECRET, SECRETS, WITH_SECRET

LOST = [
    Fault("POST", "", when="before", answer=Drop()),
    Fault("POST", "", when="after", answer=Drop()),
    Fault("POST", "", when="before", answer=Answer(503)),
    Fault("POST", "", when="after", answer=Answer(500)),
    Fault("POST", "", when="after", answer=Answer(504)),
    Fault("POST", "", when="after", answer=Hang(0.6)),
    Fault("POST", "", when="before", answer=too_many_requests(30)),
]


def on(path: str, fault: Fault) -> Fault:
    return Fault(fault.method, path, fault.times, fault.when, fault.answer)


def _missing() -> Answer:
    return Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_to_create_ends_in_one_space_that_is_ours(
    hub: FakeHub, host: HubSpaceHost, fault: Fault
) -> None:
    hub.add_fault(on("create", fault))
    space = await host.create(ID, "static", WITH_SECRET)
    assert space.commit_sha == hub.spaces[ID].head
    assert hub.spaces[ID].secrets["KEY"].value == SECRET
    assert len(hub.calls("POST", "create")) == (2 if fault.when == "before" else 1)


async def test_a_creation_that_takes_effect_late_is_ours_as_well(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.add_fault(Fault("POST", "create", when="after"))
    hub.add_fault(Fault("GET", f"api/spaces/{ID}$", times=2, answer=_missing()))
    assert (await host.create(ID, "static", WITH_SECRET)).id == ID
    assert [entry.status for entry in hub.calls("POST", "create")] == [None, 409]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_to_a_commit_ends_in_one_commit(hub: FakeHub, host: HubSpaceHost, fault: Fault) -> None:
    parent = hub.create(ID, "static").head
    hub.add_fault(on("/commit/", fault))
    head = await host.commit(ID, PAGES, "Build", parent)
    stored = hub.spaces[ID]
    assert (stored.head, len(stored.commits), stored.commits[-1].parent) == (head, 2, parent)
    assert stored.files()["index.html"] == PAGES["index.html"]


async def test_a_commit_that_takes_effect_between_look_and_next_try_is_found(hub: FakeHub, host: HubSpaceHost) -> None:
    space = hub.create(ID, "static")
    parent = space.head
    hub.add_fault(Fault("POST", "/commit/", when="after", answer=Answer(412, {"error": "A commit has happened"})))
    assert await host.commit(ID, PAGES, "Build", parent) == space.head
    assert len(space.commits) == 2


@pytest.mark.parametrize(
    "path", ["preupload", "validate-yaml", "/tree/", f"api/spaces/{ID}$", "objects/batch", "large-files"]
)
@pytest.mark.parametrize("answer", [Drop(), Answer(502), too_many_requests(5)], ids=str)
async def test_no_step_of_a_commit_is_lost_to_one_bad_answer(
    hub: FakeHub, host: HubSpaceHost, path: str, answer: Answer | Drop
) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("*", path, answer=answer))
    files = PAGES.with_files({"a.bin": b"\0a", "b.bin": b"\0b"})
    await host.commit(ID, files, "Build", None)
    assert {**hub.spaces[ID].files(), **files} == hub.spaces[ID].files()
    assert len(hub.spaces[ID].commits) == 2


async def test_too_many_requests_are_waited_for_as_long_as_the_hub_asks(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock
) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", answer=too_many_requests(40)))
    assert (await host.runtime(ID)).stage == "RUNNING"
    assert len(clock.slept) == 1
    assert 40 <= clock.slept[0] <= 60


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("runtime", lambda host: host.runtime(ID)),
        ("create", lambda host: host.create("deployer/new", "static", WITH_SECRET)),
        ("preupload", lambda host: host.commit(ID, PAGES, "Build", None)),
        ("/commit/", lambda host: host.commit(ID, PAGES, "Build", None)),
        ("secrets", lambda host: host.set_setting(ID, SECRETS, "KEY", SECRET)),
    ],
)
async def test_beyond_the_patience_too_many_requests_are_told_at_once_with_the_time(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock, path: str, ask: Callable[[HubSpaceHost], Awaitable[object]]
) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("*", path, times=None, answer=too_many_requests(250)))
    with pytest.raises(RateLimited, match="250 s") as raised:
        await ask(host)
    assert raised.value.retry_after_seconds == 250
    assert clock.slept == []
    assert len([entry for entry in hub.log if entry.status == 429]) == 1


@pytest.mark.parametrize("value", ["7", "Wed, 01 Jan 2020 00:00:00 GMT", "soon", ""])
async def test_other_ways_to_say_when_to_come_back_are_understood(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock, value: str
) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", answer=Answer(429, headers={"Retry-After": value})))
    assert (await host.runtime(ID)).stage == "RUNNING"
    assert clock.slept[0] >= (8 if value == "7" else 1)


@pytest.mark.parametrize("answer", [Drop(), Answer(503), Hang(0.6)], ids=str)
async def test_a_hub_that_stays_away_is_unreachable_after_a_few_tries(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock, answer: Answer | Drop | Hang
) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("POST", "restart", times=None, answer=answer))
    with pytest.raises(HubUnreachable, match=f"restarting the Space {ID}"):
        await host.restart(ID)
    assert len(hub.calls("POST", "restart")) == TRIES
    assert all(seconds >= 1 for seconds in clock.slept)
