"""The SpaceHost port when the Hub is slow, busy, silent or broken."""

import asyncio
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import HubError, HubRejected, HubUnreachable, PaymentRequired, RateLimited, SpaceConflict
from pipeline.domain.space import SpaceSettings
from pipeline.spaces import client
from pipeline.spaces.calls import TRIES, HubCalls
from pipeline.spaces.host import HubSpaceHost
from tests.builders import make_files
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, too_many_requests

ID = "deployer/sales"
SECRET = "s3cret-of-the-space"
CARD = "---\ntitle: Sales\nsdk: static\n---\n"
FILES = make_files({"README.md": CARD, "index.html": "<h1>Sales</h1>"})
WITH_SECRET = SpaceSettings("static", secrets={"KEY": SECRET})

LOST = [
    Fault("POST", "", when="before", answer=Drop()),
    Fault("POST", "", when="after", answer=Drop()),
    Fault("POST", "", when="before", answer=Answer(503)),
    Fault("POST", "", when="after", answer=Answer(500)),
    Fault("POST", "", when="after", answer=Answer(504)),
    Fault("POST", "", when="after", answer=Hang(0.6)),
    Fault("POST", "", when="before", answer=too_many_requests(30)),
]


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> HubSpaceHost:
    return HubSpaceHost(hub.endpoint, SecretStr(hub.token), clock, patience_seconds=60, silence_seconds=0.3)


def on(path: str, fault: Fault) -> Fault:
    return Fault(fault.method, path, fault.times, fault.when, fault.answer)


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_to_create_ends_in_one_space_that_is_ours(
    hub: FakeHub, host: HubSpaceHost, fault: Fault
) -> None:
    hub.add_fault(on("create", fault))
    space = await host.create(ID, WITH_SECRET)
    assert space.commit_sha == hub.spaces[ID].head
    assert hub.spaces[ID].secrets["KEY"].value == SECRET
    assert len(hub.calls("POST", "create")) == (2 if fault.when == "before" else 1)


async def test_a_creation_that_takes_effect_late_is_ours_as_well(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.add_fault(Fault("POST", "create", when="after"))
    hub.add_fault(Fault("GET", f"api/spaces/{ID}$", times=2, answer=_missing()))
    assert (await host.create(ID, WITH_SECRET)).id == ID
    assert [entry.status for entry in hub.calls("POST", "create")] == [None, 409]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_to_a_commit_ends_in_one_commit(hub: FakeHub, host: HubSpaceHost, fault: Fault) -> None:
    parent = hub.create(ID, "static").head
    hub.add_fault(on("/commit/", fault))
    head = await host.commit(ID, FILES, "Build", parent)
    stored = hub.spaces[ID]
    assert (stored.head, len(stored.commits), stored.commits[-1].parent) == (head, 2, parent)
    assert stored.files()["index.html"] == FILES["index.html"]


async def test_a_commit_that_takes_effect_between_look_and_next_try_is_found(hub: FakeHub, host: HubSpaceHost) -> None:
    space = hub.create(ID, "static")
    parent = space.head
    hub.add_fault(Fault("POST", "/commit/", when="after", answer=Answer(412, {"error": "A commit has happened"})))
    assert await host.commit(ID, FILES, "Build", parent) == space.head
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
    files = FILES.with_files({"a.bin": b"\0a", "b.bin": b"\0b"})
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
        ("create", lambda host: host.create("deployer/new", WITH_SECRET)),
        ("preupload", lambda host: host.commit(ID, FILES, "Build", None)),
        ("/commit/", lambda host: host.commit(ID, FILES, "Build", None)),
        ("secrets", lambda host: host.set_secret(ID, "KEY", SECRET)),
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


async def test_a_silent_hub_is_not_waited_for_longer_than_meant(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", times=None, answer=Hang(10)))
    with pytest.raises(HubUnreachable, match="did not answer in time"):
        await host.runtime(ID)


def drip() -> Iterator[bytes]:
    while True:
        time.sleep(0.02)
        yield b" "


def flood() -> Iterator[bytes]:
    while True:
        yield b" " * 1_000_000


async def test_an_answer_that_never_ends_is_given_up_in_time(hub: FakeHub, clock: FakeClock) -> None:
    calls = HubCalls(hub.endpoint, SecretStr(hub.token), clock)
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", answer=Answer(stream=drip())))
    work = partial(calls.api.get_space_runtime, ID)
    assert (await calls.ask("asking", work, seconds=0.2)).stage == "RUNNING"
    assert len(clock.slept) == 1


async def test_an_answer_that_is_far_too_long_is_given_up(
    hub: FakeHub, host: HubSpaceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LONGEST_ANSWER", 5_000_000)
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", times=None, answer=Answer(stream=flood())))
    with pytest.raises(HubUnreachable, match="longer than"):
        await host.runtime(ID)


async def test_an_address_where_nobody_listens_is_unreachable(clock: FakeClock) -> None:
    with FakeHub() as gone:
        endpoint = gone.endpoint
    with pytest.raises(HubUnreachable, match="cannot be reached"):
        await HubSpaceHost(endpoint, SecretStr("hf_x"), clock).owner()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, content=b"<html>proxy</html>"),
        Answer(200, []),
        Answer(200, {}),
        Answer(200, content=b""),
        Answer(200, {"stage": "RUNNING", "volumes": [{}]}),
    ],
    ids=str,
)
async def test_an_answer_that_makes_no_sense_is_unreachable_and_names_the_setting(
    hub: FakeHub, host: HubSpaceHost, answer: Answer
) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", times=None, answer=answer))
    with pytest.raises(HubUnreachable, match="HF_ENDPOINT"):
        await host.runtime(ID)


async def test_a_busy_owner_is_waited_for_and_not_asked_without_pause(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock
) -> None:
    busy = Answer(409, {"error": "Cannot create repo: another conflicting operation is in progress"})
    hub.add_fault(Fault("POST", "create", times=2, answer=busy))
    await host.create(ID, WITH_SECRET)
    assert len(clock.slept) == 2
    hub.add_fault(Fault("POST", "create", times=None, answer=busy))
    with pytest.raises(SpaceConflict, match="busy"):
        await host.create("deployer/other", WITH_SECRET)
    assert len(hub.calls("POST", "create")) == 3 + TRIES


async def test_a_deletion_whose_answer_was_lost_is_done(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("DELETE", "delete", when="after"))
    await host.delete(ID)
    assert ID not in hub.spaces


async def test_a_caller_who_gives_up_leaves_no_call_behind(hub: FakeHub, clock: FakeClock) -> None:
    host = HubSpaceHost(hub.endpoint, SecretStr(hub.token), clock)
    has_given_up = threading.Event()

    def slow_answer() -> Iterator[bytes]:
        has_given_up.wait(10)
        yield b"[]"

    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "/tree/", answer=Answer(stream=slow_answer())))
    call = asyncio.create_task(host.commit(ID, FILES, "Build", None))
    while not hub.calls("GET", "/tree/"):
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    has_given_up.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not hub.calls("POST")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(400, {"error": f"bad value {SECRET} for hf_aMadeUp"}), HubRejected),
        (Answer(402, {"error": f"pay for {SECRET}\x1b[2J"}), PaymentRequired),
        (Answer(418, {"error": SECRET * 9000}), HubRejected),
        (Answer(500, {"error": SECRET}), HubUnreachable),
    ],
    ids=["400", "402", "418", "500"],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda host: host.create("deployer/new", WITH_SECRET),
        lambda host: host.duplicate(ID, "deployer/new", WITH_SECRET),
        lambda host: host.set_secret(ID, "KEY", SECRET),
    ],
    ids=["create", "duplicate", "set_secret"],
)
async def test_no_error_shows_a_secret_or_a_token_even_when_the_hub_repeats_it(
    hub: FakeHub,
    host: HubSpaceHost,
    ask: Callable[[HubSpaceHost], Awaitable[object]],
    answer: Answer,
    kind: type[HubError],
) -> None:
    hub.create(ID, "gradio", {"app.py": "x"})
    hub.add_fault(Fault("POST", "", times=None, answer=answer))
    with pytest.raises(kind) as raised:
        await ask(host)
    shown = "".join(traceback.format_exception(raised.value))
    assert SECRET not in shown
    assert "hf_" not in str(raised.value)
    assert hub.token not in shown
    assert "\x1b" not in shown
    assert len(str(raised.value)) < 1000


async def test_nothing_that_is_logged_shows_a_secret_or_a_token(
    hub: FakeHub, host: HubSpaceHost, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    hub.add_fault(Fault("POST", "create", when="after", answer=Answer(500)))
    await host.create(ID, WITH_SECRET)
    await host.commit(ID, FILES, "Build", None)
    with pytest.raises(HubError):
        await host.pause(ID)
    said = caplog.text + "".join(capfd.readouterr())
    assert SECRET not in said
    assert hub.token not in said


def _missing() -> Answer:
    return Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
