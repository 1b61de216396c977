"""The SpaceHost port when the Hub is silent or broken; no error shows a secret."""

import asyncio
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import HubError, HubRejected, HubUnreachable, PaymentRequired, SpaceConflict
from pipeline.spaces import client
from pipeline.spaces.calls import TRIES, HubCalls
from pipeline.spaces.host import HubSpaceHost
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Hang
from tests.integration.spaces_hub.rig import ANSWERS, ID, PAGES, SECRET, SECRETS, WITH_SECRET, HubHost, Said, answer


def drip() -> Iterator[bytes]:
    while True:
        time.sleep(0.02)
        yield b" "


def flood() -> Iterator[bytes]:
    while True:
        yield b" " * 1_000_000


async def test_a_silent_hub_is_not_waited_for_longer_than_meant(host: HubHost) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("GET", "runtime", times=None, answer=Hang(10)))
    with pytest.raises(HubUnreachable, match="did not answer in time"):
        await host.runtime(ID)


async def test_an_answer_that_never_ends_is_given_up_in_time(hub: FakeHub, clock: FakeClock) -> None:
    calls = HubCalls(hub.endpoint, SecretStr(hub.token), clock)
    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "runtime", answer=Answer(stream=drip())))
    work = partial(calls.api.get_space_runtime, ID)
    assert (await calls.ask("asking", work, seconds=0.2)).stage == "RUNNING"
    assert len(clock.slept) == 1


async def test_an_answer_that_is_far_too_long_is_given_up(host: HubHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST_ANSWER", 5_000_000)
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("GET", "runtime", times=None, answer=Answer(stream=flood())))
    with pytest.raises(HubUnreachable, match="longer than"):
        await host.runtime(ID)


async def test_an_address_where_nobody_listens_is_unreachable(clock: FakeClock) -> None:
    with FakeHub() as gone:
        endpoint = gone.endpoint
    with pytest.raises(HubUnreachable, match="cannot be reached"):
        await HubSpaceHost(endpoint, SecretStr("hf_x"), clock).owner()


@pytest.mark.parametrize("said", ANSWERS["senseless"], ids=str)
async def test_an_answer_that_makes_no_sense_is_unreachable_and_names_the_setting(host: HubHost, said: Said) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("GET", "runtime", times=None, answer=answer(**said)))
    with pytest.raises(HubUnreachable, match="HF_ENDPOINT"):
        await host.runtime(ID)


async def test_a_busy_owner_is_waited_for_and_not_asked_without_pause(host: HubHost) -> None:
    busy = Answer(409, {"error": "Cannot create repo: another conflicting operation is in progress"})
    host.hub.add_fault(Fault("POST", "create", times=2, answer=busy))
    await host.create(ID, "static", WITH_SECRET)
    assert len(host.clock.slept) == 2
    host.hub.add_fault(Fault("POST", "create", times=None, answer=busy))
    with pytest.raises(SpaceConflict, match="busy"):
        await host.create("deployer/other", "static", WITH_SECRET)
    assert len(host.hub.calls("POST", "create")) == 3 + TRIES


async def test_a_deletion_whose_answer_was_lost_is_done(host: HubHost) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("DELETE", "delete", when="after"))
    await host.delete(ID)
    assert ID not in host.hub.spaces


async def test_a_caller_who_gives_up_leaves_no_call_behind(hub: FakeHub, clock: FakeClock) -> None:
    host = HubSpaceHost(hub.endpoint, SecretStr(hub.token), clock)
    has_given_up = threading.Event()

    def slow_answer() -> Iterator[bytes]:
        has_given_up.wait(10)
        yield b"[]"

    hub.create(ID, "static")
    hub.add_fault(Fault("GET", "/tree/", answer=Answer(stream=slow_answer())))
    call = asyncio.create_task(host.commit(ID, PAGES, "Build", None))
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
        lambda host: host.create("deployer/new", "static", WITH_SECRET),
        lambda host: host.duplicate(ID, "deployer/new", WITH_SECRET),
        lambda host: host.set_setting(ID, SECRETS, "KEY", SECRET),
    ],
    ids=["create", "duplicate", "set_secret"],
)
async def test_no_error_shows_a_secret_or_a_token_even_when_the_hub_repeats_it(
    host: HubHost, ask: Callable[[HubSpaceHost], Awaitable[object]], answer: Answer, kind: type[HubError]
) -> None:
    host.hub.create(ID, "gradio", {"app.py": "x"})
    host.hub.add_fault(Fault("POST", "", times=None, answer=answer))
    with pytest.raises(kind) as raised:
        await ask(host)
    shown = "".join(traceback.format_exception(raised.value))
    assert SECRET not in shown
    assert "hf_" not in str(raised.value)
    assert host.hub.token not in shown
    assert "\x1b" not in shown
    assert len(str(raised.value)) < 1000


async def test_nothing_that_is_logged_shows_a_secret_or_a_token(
    host: HubHost, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    host.hub.add_fault(Fault("POST", "create", when="after", answer=Answer(500)))
    await host.create(ID, "static", WITH_SECRET)
    await host.commit(ID, PAGES, "Build", None)
    with pytest.raises(HubError):
        await host.pause(ID)
    said = caplog.text + "".join(capfd.readouterr())
    assert SECRET not in said
    assert host.hub.token not in said
