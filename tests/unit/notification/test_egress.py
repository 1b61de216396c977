"""The client against real servers on loopback: what is sent, what comes back, and how much at once."""

import asyncio
import gzip
import socket

import pytest

from pipeline.domain.address import UrlRule
from pipeline.domain.download import Download
from pipeline.domain.errors import NoAnswer
from pipeline.notification.egress import Answer, EgressClient
from pipeline.notification.resolver import NoSuchHost
from tests.fakes.evaluator import Drop, EvaluatorServer, Step, gzip_bomb
from tests.unit.notification.rig import ScriptedResolver, allowing, answer_of, post

# What is sent


async def test_the_body_arrives_byte_for_byte_with_the_headers_of_one_plain_exchange(
    evaluator: EvaluatorServer,
) -> None:
    answer = await post(allowing(evaluator), f"{evaluator.origin}/hook/ü?job=1&x=%20#part")
    (request,) = evaluator.requests
    assert answer == Answer(200, None, '{"status": "ok"}')
    assert (request.method, request.path) == ("POST", "/hook/%C3%BC?job=1&x=%20")
    assert request.body == b'{"a": "\xc3\xa9"}'
    assert request.headers == {
        "host": evaluator.origin.removeprefix("http://"),
        "content-length": str(len(request.body)),
        "x-own": "1",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


async def test_nothing_is_taken_from_the_environment(
    evaluator: EvaluatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EvaluatorServer() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        await post(allowing(evaluator), evaluator.url)
        assert (len(evaluator.requests), proxy.connections) == (1, 0)


async def test_nothing_is_remembered_between_exchanges() -> None:
    with EvaluatorServer([Step(headers={"Set-Cookie": "a=b; Path=/"})]) as evaluator:
        client = allowing(evaluator)
        await post(client, evaluator.url)
        await post(client, evaluator.url)
        assert evaluator.requests[0].headers == evaluator.requests[1].headers
        assert evaluator.connections == 2


# What comes back


@pytest.mark.parametrize(
    "status", [200, 201, 204, 300, 304, 400, 401, 403, 404, 408, 410, 418, 425, 429, 500, 503, 599]
)
async def test_every_status_is_an_answer(status: int) -> None:
    assert (await answer_of(Step(status, body=b""))).status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_never_followed(status: int, evaluator: EvaluatorServer) -> None:
    with EvaluatorServer([Step(status, headers={"Location": evaluator.url})]) as redirecting:
        answer = await post(allowing(redirecting, evaluator), redirecting.url)
        assert (answer.status, redirecting.connections, evaluator.connections) == (status, 1, 0)


async def test_retry_after_is_handed_on_as_it_was_sent() -> None:
    assert (
        await answer_of(Step(429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
    ).retry_after == "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"line\r\n\tnext", "line\r\n\tnext"),
        ("é€😀".encode(), "é€😀"),
        (b"a\0b\x1b[2J\x7f\xc2\x85\xe2\x80\xae", "a\ufffdb\ufffd[2J\ufffd\ufffd\ufffd"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 5000, "x" * 1024),
        (b"x" * 1023 + "é".encode(), "x" * 1023),
    ],
)
async def test_the_first_kilobyte_is_kept_as_text_that_is_safe_to_store_and_show(body: bytes, text: str) -> None:
    assert (await answer_of(Step(body=body))).text == text


async def test_a_compressed_body_is_not_unpacked() -> None:
    assert (await answer_of(gzip_bomb())).text == "(a compressed answer: not read)"


async def test_a_body_without_an_end_is_left_after_64_kilobytes() -> None:
    assert await answer_of(Step(body=b"x" * 4096, endless=True), seconds=3600) == Answer(200, None, "x" * 1024)


async def test_a_body_that_drips_is_cut_by_the_deadline_and_the_status_stands() -> None:
    answer = await answer_of(Step(202, body=b"drop by drop", drip=0.05, endless=True), seconds=1.5)
    assert answer.status == 202
    assert answer.text.startswith("drop")


async def test_no_answer_in_time_is_no_answer() -> None:
    with EvaluatorServer([Step(delay=3600)]) as evaluator:
        with pytest.raises(NoAnswer, match=r"^no answer within 0\.2 seconds$"):
            await post(allowing(evaluator), evaluator.url, seconds=0.2)
        assert len(evaluator.requests) == 1


@pytest.mark.parametrize("drop", Drop)
async def test_a_connection_that_breaks_is_no_answer(drop: Drop) -> None:
    with pytest.raises(NoAnswer, match="connection broke"):
        await answer_of(Step(drop=drop))


async def test_a_port_where_nobody_listens_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(NoAnswer, match=r"^could not connect$"):
        await post(allowing(origin), f"{origin}/x")


async def answer_to_raw(answer: bytes, *, repeat: bytes = b"", **limits: float) -> Answer:
    """What the client makes of a server that sends ``answer``, then ``repeat`` until the client leaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        try:
            while repeat:
                writer.write(repeat)
                await writer.drain()
                await asyncio.sleep(0.001)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return await post(allowing(origin), origin, **limits)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\0\1\2\3\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 2000 High\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX",
    ],
)
async def test_what_is_not_http_is_no_answer(answer: bytes) -> None:
    with pytest.raises(NoAnswer, match="connection broke"):
        await answer_to_raw(answer)


async def test_headers_without_an_end_are_cut() -> None:
    with pytest.raises(NoAnswer):
        await answer_to_raw(b"HTTP/1.1 200 OK\r\n", repeat=b"X: y\r\n" * 500)


async def test_interim_answers_without_an_end_are_cut_by_the_deadline() -> None:
    with pytest.raises(NoAnswer, match="no answer within"):
        await answer_to_raw(b"", repeat=b"HTTP/1.1 103 Early Hints\r\n\r\n", seconds=0.3)


@pytest.mark.parametrize("body", [b"Transfer-Encoding: chunked\r\n\r\nzz", b"Content-Length: 10\r\n\r\nabc"])
async def test_a_body_that_breaks_does_not_take_the_status_back(body: bytes) -> None:
    assert (await answer_to_raw(b"HTTP/1.1 200 OK\r\n" + body)).status == 200


def test_one_client_serves_several_event_loops_one_after_the_other() -> None:
    with EvaluatorServer([Step(delay=0.02)] * 8) as evaluator:
        client = allowing(evaluator)

        async def several() -> int:
            return len(await asyncio.gather(*(post(client, evaluator.url) for _ in range(4))))

        assert [asyncio.run(several()) for _ in range(2)] == [4, 4]


# Whole answers: the same guard as for posts, and a limit on what is read


async def get(server: EvaluatorServer, *, seconds: float = 20, max_bytes: int = 10_000) -> Download:
    client = EgressClient(UrlRule((server.origin,)))
    return await client.get(f"{server.origin}/a.js?x=1", {"Host": "h.example"}, seconds=seconds, max_bytes=max_bytes)


async def test_an_answer_is_read_whole_and_asked_for_in_the_name_that_was_given() -> None:
    body = b"\0\xff" * 5_000
    with EvaluatorServer([Step(body=body, headers={"Content-Type": "text/javascript"})]) as server:
        assert await get(server) == Download(200, None, "text/javascript", body)
        (request,) = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/a.js?x=1", b"")
    assert request.headers == {
        "host": "h.example",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with EvaluatorServer([Step(302, headers={"Location": "/b.js"})]) as server:
        answer = await get(server)
        assert (answer.status, answer.location, server.connections) == (302, "/b.js", 1)


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (Step(body=b"x" * 10_001), "larger than 10000 bytes"),
        (Step(body=b"x" * 4096, endless=True), "larger than 10000 bytes"),
        (Step(body=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"}), "compressed"),
        (Step(body=b"x", drip=0.05, endless=True), "did not end in time"),
        (Step(delay=3600), "no answer within"),
    ],
)
async def test_an_answer_that_is_too_much_is_none(step: Step, problem: str) -> None:
    with EvaluatorServer([step]) as server, pytest.raises(NoAnswer, match=problem):
        await get(server, seconds=0.5 if "time" in problem or "within" in problem else 20)


async def test_an_address_within_this_network_is_not_asked() -> None:
    with EvaluatorServer() as server:
        with pytest.raises(NoAnswer, match="must be a public https address"):
            await EgressClient(UrlRule()).get(server.url, {}, seconds=5, max_bytes=1)
        assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "answer", "missing"),
    [
        ("https://none.acme.dev/x", NoSuchHost("no"), True),
        ("https://example.com/a-sample-as-it-stands", NoSuchHost("no"), False),
        ("https://away.example.com/x", OSError("try again"), False),
        ("https://slow.example.com/x", TimeoutError(), False),
        ("https://there.example.com/x", ["10.0.0.1"], False),
        ("https://1.2.3.4/x", NoSuchHost("no"), False),
        ("http://trusted.example.com:1/x", NoSuchHost("no"), False),
    ],
)
async def test_only_the_word_that_there_is_no_such_name_makes_a_host_missing(
    url: str, answer: list[str] | OSError, missing: bool
) -> None:
    client = EgressClient(UrlRule(("http://trusted.example.com:1",)), ScriptedResolver(answer))
    assert await client.is_missing(url) is missing
