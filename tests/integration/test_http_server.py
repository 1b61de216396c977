"""What only a real server on loopback shows: sizes of bodies, clients that hang up, and event streams."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import routing

from pipeline.domain.job import EventKind, Stage
from pipeline.web import body as body_reading
from pipeline.web.app import create_app
from pipeline.web.places import Places
from tests.fakes.jobs import SECRET, MemoryServices
from tests.fakes.served import served, until
from tests.integration.http_rig import accept, bearer, body

LIMIT = 1_000_000
TOO_LARGE = {"ok": False, "error": f"the request is larger than {LIMIT} bytes"}


@asynccontextmanager
async def running(services: MemoryServices, streams: Places | None = None) -> AsyncIterator[int]:
    """Serve ``services`` on a free port of loopback, and give the port."""
    app = create_app(services)
    if streams:
        app.state.streams = streams
    async with served(app) as address:
        yield int(address.rpartition(":")[2])


@pytest.fixture
def services() -> MemoryServices:
    return MemoryServices(max_request_bytes=LIMIT)


@pytest.fixture
async def port(services: MemoryServices) -> AsyncIterator[int]:
    async with running(services) as port:
        yield port


def client_of(port: int, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, **options)


async def exchange(port: int, *parts: bytes) -> bytes:
    """Send all ``parts`` as they are, and only then read the answer: a reset in between is an error."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = b""
    async with asyncio.timeout(10):
        while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
            received = await reader.read(65536)
            if not received:
                break
            answer += received
    writer.close()
    return answer


def head(*lines: str) -> bytes:
    return "\r\n".join(["POST /api-deploy HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def status_and_json(answer: bytes) -> tuple[int, object]:
    header, _, content = answer.partition(b"\r\n\r\n")
    return int(header.split()[1]), json.loads(content)


async def test_the_services_start_and_stop_with_the_server(services: MemoryServices) -> None:
    async with running(services):
        assert services.log == ["started"]
    assert services.log == ["started", "stopped"]


async def test_a_declared_length_beyond_the_limit_is_refused_before_the_body_is_sent(port: int) -> None:
    assert status_and_json(await exchange(port, head(f"Content-Length: {LIMIT + 1}"))) == (413, TOO_LARGE)
    expecting = head(f"Content-Length: {LIMIT + 1}", "Expect: 100-continue")
    assert status_and_json(await exchange(port, expecting)) == (413, TOO_LARGE)


async def test_a_client_that_sends_too_much_gets_to_see_the_refusal(services: MemoryServices, port: int) -> None:
    content = b"x" * (20 * LIMIT)
    assert status_and_json(await exchange(port, head(f"Content-Length: {len(content)}"), content)) == (413, TOO_LARGE)
    chunk = b"%x\r\n%b\r\n" % (LIMIT, b"x" * LIMIT)
    chunked = [head("Transfer-Encoding: chunked"), *[chunk] * 20, b"0\r\n\r\n"]
    assert status_and_json(await exchange(port, *chunked)) == (413, TOO_LARGE)
    async with client_of(port) as client:
        response = await client.post("/api-deploy", content=content)
    assert (response.status_code, response.json()) == (413, TOO_LARGE)
    assert services.jobs.ids == []


async def test_a_body_of_exactly_the_limit_is_read(services: MemoryServices, port: int) -> None:
    content = json.dumps(body()).encode().ljust(LIMIT)
    async with client_of(port, headers={"Prefer": "respond-async"}) as client:
        assert (await client.post("/api-deploy", content=content)).status_code == 200
        response = await client.post("/api-deploy", content=content + b" ")
    assert (response.status_code, response.json()) == (413, TOO_LARGE)
    assert len(services.jobs.ids) == 1


@pytest.mark.parametrize("length", ["5", "0", "1e3", "-1", "9" * 30, "9" * 5000])
async def test_a_length_that_lies_makes_no_job_and_no_500(services: MemoryServices, port: int, length: str) -> None:
    answer = await exchange(port, head(f"Content-Length: {length}", "Connection: close"), json.dumps(body()).encode())
    assert answer[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 413"}
    assert SECRET.encode() not in answer
    assert services.jobs.ids == []


async def test_a_client_that_never_finishes_its_body_is_sent_away(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reading, "GRACE_SECONDS", 0.1)
    answer = await exchange(port, head("Content-Length: 100"), b"{")
    assert status_and_json(answer) == (408, {"ok": False, "error": "the request did not arrive in time"})
    assert b"\r\nconnection: close\r\n" in answer.lower()


async def test_a_client_that_hangs_up_while_it_sends_leaves_nothing(
    services: MemoryServices, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("Content-Length: 100") + b"{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with client_of(port) as client:
        assert (await client.get("/health")).status_code == 200
    assert services.jobs.ids == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_the_work_goes_on_when_the_client_hangs_up(services: MemoryServices, port: int) -> None:
    content = json.dumps(body()).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(f"Content-Length: {len(content)}", "Prefer: wait=600") + content)
    await until(lambda: services.jobs.waiting == 1)
    writer.close()
    await writer.wait_closed()
    await until(lambda: services.jobs.waiting == 0)
    (job_id,) = services.jobs.ids
    assert not (await services.jobs.get(job_id)).status.is_final
    services.jobs.finish(job_id)
    async with client_of(port) as client:
        response = await client.post("/api-deploy", json=body())
    assert response.json()["status"] == "succeeded"


async def follow(port: int, job_id: str, last_event_id: str = "") -> httpx.Response:
    headers = bearer() | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    async with client_of(port) as client:
        return await client.get(f"/jobs/{job_id}/events", headers=headers)


def events_in(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


async def test_events_arrive_as_they_happen_and_end_with_the_job(services: MemoryServices, port: int) -> None:
    job_id = await accept(services)
    services.jobs.start(job_id)
    async with client_of(port, headers=bearer()) as client, client.stream("GET", f"/jobs/{job_id}/events") as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-cache"
        text = response.aiter_text()
        first = events_in(await anext(text))
        services.jobs.event(job_id, EventKind.FINISHED, Stage.GENERATE, "two\nlines", seconds=1.5)
        second = events_in(await anext(text))
        services.jobs.finish(job_id)
        rest = events_in("".join([part async for part in text]))
    assert [(each["id"], each["event"]) for each in first + second + rest] == [
        ("1", "status"),
        ("2", "finished"),
        ("3", "status"),
    ]
    assert json.loads(second[0]["data"]) == {
        "id": 2,
        "job_id": job_id,
        "at": "2026-03-01T12:00:00Z",
        "kind": "finished",
        "stage": "generate",
        "detail": "two\nlines",
        "seconds": 1.5,
    }


async def test_a_client_that_comes_back_gets_what_it_missed_and_then_is_told_to_stop(
    services: MemoryServices, port: int
) -> None:
    job_id = await accept(services)
    services.jobs.start(job_id)
    services.jobs.event(job_id, EventKind.STARTED, Stage.GENERATE)
    services.jobs.finish(job_id)
    assert [each["id"] for each in events_in((await follow(port, job_id)).text)] == ["1", "2", "3"]
    assert [each["id"] for each in events_in((await follow(port, job_id, "2")).text)] == ["3"]
    for garbage in ("none", "-1", "9" * 50, "1.5"):
        assert len(events_in((await follow(port, job_id, garbage)).text)) == 3
    over = await follow(port, job_id, "3")
    assert (over.status_code, over.content, "content-type" in over.headers) == (204, b"", False)


async def test_silence_is_broken_by_comments(
    services: MemoryServices, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "_PING_INTERVAL", 0.02)
    job_id = await accept(services)
    async with client_of(port, headers=bearer()) as client, client.stream("GET", f"/jobs/{job_id}/events") as response:
        text = response.aiter_text()
        assert (await anext(text)).startswith(": ")
        assert (await anext(text)).startswith(": ")


async def test_streams_are_limited_and_their_places_are_given_back(services: MemoryServices) -> None:
    job_id = await accept(services)
    services.jobs.start(job_id)
    async with (
        running(services, Places("too many event streams are open", 2, 2)) as port,
        client_of(port, headers=bearer()) as client,
    ):
        url = f"/jobs/{job_id}/events"
        async with client.stream("GET", url), client.stream("GET", url):
            await until(lambda: services.jobs.watching == 2)
            refused = await client.get(url)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
            assert refused.json() == {"ok": False, "error": "too many event streams are open"}
        await until(lambda: services.jobs.watching == 0)
        services.jobs.finish(job_id)
        assert (await client.get(url)).status_code == 200
        assert (await client.get(url)).status_code == 200


async def test_a_preview_is_served_like_a_site(services: MemoryServices) -> None:
    folders = {"sales-n1": {"index.html": b"<h1>Sales</h1>", "app.js": b"1"}}
    services = MemoryServices(folders, public_url="https://service.example")
    async with running(services) as port, client_of(port, follow_redirects=True) as client:
        page = await client.get("/preview/sales-n1")
        assert (str(page.url), page.text) == (f"http://127.0.0.1:{port}/preview/sales-n1/", "<h1>Sales</h1>")
        head_of_page = await client.head("/preview/sales-n1/")
        assert (head_of_page.headers["content-length"], head_of_page.content) == ("14", b"")
