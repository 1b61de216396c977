import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.notification.resolver import NoSuchHost, SystemResolver


class HangingNameServer:
    """Every lookup hangs until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked: list[str] = []

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        self.released.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def release(self) -> None:
        """All answers come, and the threads that wait for them end."""
        self.released.set()
        for thread in _lookups():
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingNameServer]:
    # The real resolver cannot be made to hang from outside.
    name_server = HangingNameServer()
    monkeypatch.setattr(socket, "getaddrinfo", name_server.getaddrinfo)
    yield name_server
    name_server.release()


def _lookups() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "resolver"]


async def test_a_name_becomes_its_addresses() -> None:
    assert "127.0.0.1" in await SystemResolver().resolve("localhost", 443)


async def test_a_literal_is_its_own_address() -> None:
    assert await SystemResolver().resolve("::1", 443) == ["::1"]


@pytest.mark.parametrize("host", ["fe80::1%no-such-interface", "a" * 300 + ".invalid", "a..b"])
async def test_a_name_without_addresses_is_an_os_error(host: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        await SystemResolver().resolve(host, 443)


async def test_a_name_server_that_hangs_costs_the_time_limit_and_a_bounded_number_of_threads(
    hanging: HangingNameServer,
) -> None:
    resolver = SystemResolver(seconds=0.05, max_lookups=3)
    outcomes = await asyncio.gather(*(resolver.resolve(f"h{n}", 443) for n in range(20)), return_exceptions=True)
    assert all(isinstance(outcome, TimeoutError) for outcome in outcomes)
    assert len(hanging.asked) == len(_lookups()) == 3
    with pytest.raises(TimeoutError, match="every lookup"):
        await resolver.resolve("one-more", 443)


async def test_a_name_server_that_hangs_leaves_the_loops_own_threads_alone(hanging: HangingNameServer) -> None:
    resolver = SystemResolver(seconds=30, max_lookups=40)
    waiting = [asyncio.create_task(resolver.resolve(f"h{n}", 443)) for n in range(40)]
    assert await asyncio.to_thread(lambda: "free") == "free"
    hanging.released.set()
    assert await asyncio.gather(*waiting) == [["127.0.0.1"]] * 40


async def test_threads_are_free_again_once_the_name_server_has_answered(hanging: HangingNameServer) -> None:
    resolver = SystemResolver(seconds=0.05, max_lookups=1)
    with pytest.raises(TimeoutError):
        await resolver.resolve("slow", 443)
    hanging.release()
    assert await SystemResolver(max_lookups=1).resolve("quick", 443) == ["127.0.0.1"]
    assert await resolver.resolve("quick", 443) == ["127.0.0.1"]


def test_an_answer_that_comes_after_the_loop_has_gone_is_dropped_quietly(hanging: HangingNameServer) -> None:
    resolver = SystemResolver(seconds=0.01)
    with pytest.raises(TimeoutError):
        asyncio.run(resolver.resolve("slow", 443))
    hanging.release()


@pytest.mark.parametrize(("number", "missing"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
async def test_a_name_that_does_not_exist_is_told_apart_from_one_that_cannot_be_looked_up(
    number: int, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(OSError) as caught:  # noqa: PT011
        await SystemResolver().resolve("h", 443)
    assert isinstance(caught.value, NoSuchHost) is missing
