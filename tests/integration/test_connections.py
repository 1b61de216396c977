"""Connections whose clients do nothing, or too little. Time is moved by the tests, as the server sees it."""

import asyncio
import resource
from collections.abc import AsyncIterator

import pytest

from pipeline.web import connections
from pipeline.web.app import create_app
from pipeline.web.connections import HEAD_SECONDS, IDLE_SECONDS, Connection, PatientServer, most_connections
from tests.fakes.jobs import MemoryServices
from tests.fakes.served import served, until

REQUEST = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api-deploy HTTP/1.1\r\nHost: x\r\n"


class Rig:
    """A running server."""

    def __init__(self, server: PatientServer, port: int) -> None:
        self.server, self.port = server, port
        self.writers: list[asyncio.StreamWriter] = []

    async def connect(
        self, sent: bytes = b"", *, taken: bool = True
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        before = self.count
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(sent)
        await until(lambda: self.count > before or not taken)
        return reader, writer

    @property
    def count(self) -> int:
        return len(self.server.server_state.connections)

    def pass_time(self, seconds: float) -> None:
        self.server.end_overdue(asyncio.get_running_loop().time() + seconds)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    app = create_app(MemoryServices())
    server = PatientServer(app, close_seconds=1)
    async with served(app, server) as address:
        rig = Rig(server, int(address.rpartition(":")[2]))
        yield rig
        for writer in rig.writers:
            writer.close()
            await asyncio.wait({asyncio.ensure_future(writer.wait_closed())})


def only_connection(rig: Rig) -> Connection:
    (connection,) = rig.server.server_state.connections
    assert isinstance(connection, Connection)
    return connection


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_ends_the_connection(rig: Rig, sent: bytes) -> None:
    reader, _ = await rig.connect(sent)
    rig.pass_time(HEAD_SECONDS - 1)
    assert rig.count == 1
    rig.pass_time(HEAD_SECONDS)
    assert await rest(reader) == b""
    await until(lambda: rig.count == 0)


async def test_a_connection_is_kept_for_the_next_request_whose_head_has_its_own_time(rig: Rig) -> None:
    reader, writer = await rig.connect(REQUEST)
    assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")
    assert rig.server.config.timeout_keep_alive == IDLE_SECONDS
    rig.pass_time(HEAD_SECONDS)
    assert rig.count == 1
    writer.write(REQUEST[:5])
    await until(lambda: only_connection(rig).due)
    rig.pass_time(HEAD_SECONDS)
    await until(lambda: rig.count == 0)


async def test_the_rest_of_a_body_that_nobody_reads_is_not_waited_for_without_end(rig: Rig) -> None:
    reader, writer = await rig.connect(b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")
    writer.write(b" ")  # one byte now and then
    await until(lambda: only_connection(rig).timeout_keep_alive_task is None)
    rig.pass_time(IDLE_SECONDS)
    await until(lambda: rig.count == 0)


async def test_a_request_under_way_may_take_its_time(rig: Rig) -> None:
    await rig.connect(POST + b"Content-Length: 100\r\n\r\n{")
    await until(lambda: rig.server.server_state.tasks)
    rig.pass_time(3600)
    assert rig.count == 1


async def test_one_address_takes_no_more_than_half_of_the_connections(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 4)
    (_, first), _ = await rig.connect(), await rig.connect()
    refused, _ = await rig.connect(taken=False)
    assert await rest(refused) == b""
    first.close()
    await until(lambda: rig.count == 1)
    reader, _ = await rig.connect(REQUEST)
    assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200")


async def test_there_is_a_limit_in_all(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    monkeypatch.setattr(connections, "network_of", lambda _: object())
    await rig.connect()
    await rig.connect()
    reader, _ = await rig.connect(taken=False)
    assert await rest(reader) == b""
    assert rig.count == 2  # it is not their time that is over


@pytest.mark.parametrize(("descriptors", "most"), [(100, 50), (1_024, 512), (20_000, 4_096)])
def test_descriptors_are_left_for_the_work(monkeypatch: pytest.MonkeyPatch, descriptors: int, most: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert most_connections() == most


async def test_two_lengths_are_refused_and_nothing_behind_them_is_read(rig: Rig) -> None:
    head = POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, _ = await rig.connect(head + b"0\r\n\r\n" + REQUEST, taken=False)
    answer = await rest(reader)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"not both" in answer
