"""The client against real servers on loopback. The guard is never off: exact loopback origins are allowed instead."""

import asyncio
import random
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NoAnswer
from pipeline.notification.egress import Answer, EgressClient
from tests.fakes.evaluator import Drop, EvaluatorServer, Step, gzip_bomb

PUBLIC = "93.184.215.14"
REFUSED = "the address must be a public https address (port 443 or 8443)"
NAME = "evaluator.example.com"


class ScriptedResolver:
    """Answers in order, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def allowing(*servers: EvaluatorServer | str, **options: Any) -> EgressClient:
    origins = tuple(server if isinstance(server, str) else server.origin for server in servers)
    return EgressClient(UrlRule(origins), **options)


async def post(client: EgressClient, url: str, seconds: float = 20, queue_seconds: float = 20) -> Answer:
    return await client.post(url, b'{"a": "\xc3\xa9"}', {"X-Own": "1"}, seconds=seconds, queue_seconds=queue_seconds)


@pytest.fixture
def evaluator() -> Iterator[EvaluatorServer]:
    with EvaluatorServer() as server:
        yield server


@pytest.fixture
def canary() -> Iterator[EvaluatorServer]:
    """Listens where the rule would let a public host be called, on an address of loopback that nobody else uses."""
    for _ in range(20):
        host = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
        try:
            server = EvaluatorServer(host=host, port=8443)
        except OSError:
            continue
        with server:
            yield server
        return
    pytest.fail("no loopback address with a free port 8443")


def address_of(server: EvaluatorServer) -> str:
    return server.origin.removeprefix("http://").removesuffix(f":{server.port}")


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that a connection is opened to."""
    addresses: list[str] = []
    connect = socket.socket.connect

    def remember(self: socket.socket, address: Any) -> None:
        addresses.append(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", remember)
    return addresses


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
    with EvaluatorServer([Step(status, body=b"")]) as evaluator:
        assert (await post(allowing(evaluator), evaluator.url)).status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_never_followed(status: int, evaluator: EvaluatorServer) -> None:
    with EvaluatorServer([Step(status, headers={"Location": evaluator.url})]) as redirecting:
        answer = await post(allowing(redirecting, evaluator), redirecting.url)
        assert (answer.status, redirecting.connections, evaluator.connections) == (status, 1, 0)


async def test_retry_after_is_handed_on_as_it_was_sent() -> None:
    with EvaluatorServer([Step(429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})]) as evaluator:
        assert (await post(allowing(evaluator), evaluator.url)).retry_after == "Wed, 21 Oct 2015 07:28:00 GMT"


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
    with EvaluatorServer([Step(body=body)]) as evaluator:
        assert (await post(allowing(evaluator), evaluator.url)).text == text


async def test_a_compressed_body_is_not_unpacked() -> None:
    with EvaluatorServer([gzip_bomb()]) as evaluator:
        assert (await post(allowing(evaluator), evaluator.url)).text == "(a compressed answer: not read)"


async def test_a_body_without_an_end_is_left_after_64_kilobytes() -> None:
    with EvaluatorServer([Step(body=b"x" * 4096, endless=True)]) as evaluator:
        answer = await post(allowing(evaluator), evaluator.url, seconds=3600)
        assert answer == Answer(200, None, "x" * 1024)


async def test_a_body_that_drips_is_cut_by_the_deadline_and_the_status_stands() -> None:
    with EvaluatorServer([Step(202, body=b"drop by drop", drip=0.05, endless=True)]) as evaluator:
        answer = await post(allowing(evaluator), evaluator.url, seconds=1.5)
        assert answer.status == 202
        assert answer.text.startswith("drop")


async def test_no_answer_in_time_is_no_answer() -> None:
    with EvaluatorServer([Step(delay=3600)]) as evaluator:
        with pytest.raises(NoAnswer, match=r"^no answer within 0\.2 seconds$"):
            await post(allowing(evaluator), evaluator.url, seconds=0.2)
        assert len(evaluator.requests) == 1


@pytest.mark.parametrize("drop", Drop)
async def test_a_connection_that_breaks_is_no_answer(drop: Drop) -> None:
    with EvaluatorServer([Step(drop=drop)]) as evaluator, pytest.raises(NoAnswer, match="connection broke"):
        await post(allowing(evaluator), evaluator.url)


async def test_a_port_where_nobody_listens_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(NoAnswer, match=r"^could not connect$"):
        await post(allowing(origin), f"{origin}/x")


@asynccontextmanager
async def raw_server(answer: bytes, *, repeat: bytes = b"") -> Any:
    """Sends ``answer`` whatever it is asked, then ``repeat`` until the client leaves."""

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
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


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
    async with raw_server(answer) as origin:
        with pytest.raises(NoAnswer, match="connection broke"):
            await post(allowing(origin), origin)


async def test_headers_without_an_end_are_cut() -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\n", repeat=b"X: y\r\n" * 500) as origin:
        with pytest.raises(NoAnswer):
            await post(allowing(origin), origin)


async def test_interim_answers_without_an_end_are_cut_by_the_deadline() -> None:
    async with raw_server(b"", repeat=b"HTTP/1.1 103 Early Hints\r\n\r\n") as origin:
        with pytest.raises(NoAnswer, match="no answer within"):
            await post(allowing(origin), origin, seconds=0.3)


@pytest.mark.parametrize("body", [b"Transfer-Encoding: chunked\r\n\r\nzz", b"Content-Length: 10\r\n\r\nabc"])
async def test_a_body_that_breaks_does_not_take_the_status_back(body: bytes) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\n" + body) as origin:
        assert (await post(allowing(origin), origin)).status == 200


# Who is called


@pytest.mark.parametrize(
    "answers",
    [
        ["{canary}"],
        [PUBLIC, "{canary}"],
        ["{canary}", PUBLIC],
        ["::ffff:{canary}"],
        ["2606:4700::1111", "{canary}"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"],
        ["not an address"],
        [],
        OSError("Name or service not known"),
        TimeoutError("slow"),
    ],
)
async def test_a_name_that_leads_anywhere_but_to_the_internet_is_refused_in_the_same_words_without_a_connection(
    answers: list[str] | OSError, canary: EvaluatorServer, dialled: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    host = address_of(canary)
    resolver = ScriptedResolver(
        answers if isinstance(answers, OSError) else [answer.format(canary=host) for answer in answers]
    )
    with pytest.raises(NoAnswer) as caught:
        await post(EgressClient(UrlRule(), resolver), f"https://{NAME}:8443/hook?token=t0ken")
    assert str(caught.value) == REFUSED
    assert resolver.asked == [(NAME, 8443)]
    assert dialled == []
    assert canary.connections == 0
    assert NAME in caplog.text
    assert "t0ken" not in caplog.text


async def test_a_literal_or_a_url_against_the_rule_is_refused_in_those_words_too_and_never_looked_up(
    canary: EvaluatorServer, dialled: list[str]
) -> None:
    resolver = ScriptedResolver([PUBLIC])
    for url in (
        f"https://{address_of(canary)}:8443/",
        canary.url,
        f"https://x@{NAME}/",
        "https://localhost/",
        "x",
        "https://ex ample.com",
    ):
        with pytest.raises(NoAnswer) as caught:
            await post(EgressClient(UrlRule(), resolver), url)
        assert str(caught.value) == REFUSED
    assert (resolver.asked, dialled, canary.connections) == ([], [], 0)


async def test_a_name_that_is_rebound_after_the_check_is_dialled_at_the_address_that_was_checked(
    canary: EvaluatorServer, dialled: list[str]
) -> None:
    resolver = ScriptedResolver([PUBLIC], [address_of(canary)])
    client = EgressClient(UrlRule(), resolver)
    with pytest.raises(NoAnswer, match="could not connect"):  # the test's sockets end at loopback
        await post(client, f"https://{NAME}:8443/")
    assert dialled == [PUBLIC]
    with pytest.raises(NoAnswer, match="must be a public"):
        await post(client, f"https://{NAME}:8443/")
    assert dialled == [PUBLIC]
    assert canary.connections == 0
    assert len(resolver.asked) == 2


async def test_the_canary_does_see_who_calls_it(canary: EvaluatorServer) -> None:
    client = allowing(f"http://{NAME}:8443", resolver=ScriptedResolver([address_of(canary)]))
    await post(client, f"http://{NAME}:8443/")
    assert (canary.connections, canary.requests[0].headers["host"]) == (1, f"{NAME}:8443")


async def test_a_trusted_name_that_cannot_be_resolved_says_so() -> None:
    client = allowing("http://evaluator:9000", resolver=ScriptedResolver(OSError("unknown")))
    with pytest.raises(NoAnswer, match="could not be resolved"):
        await post(client, "http://evaluator:9000/")


async def test_the_next_address_is_tried_when_one_takes_no_connection(
    evaluator: EvaluatorServer, dialled: list[str]
) -> None:
    client = allowing(f"http://{NAME}:{evaluator.port}", resolver=ScriptedResolver(["::1", "127.0.0.1", "127.0.0.2"]))
    assert (await post(client, f"http://{NAME}:{evaluator.port}/")).status == 200
    assert dialled == ["::1", "127.0.0.1"]
    assert len(evaluator.requests) == 1


async def test_what_was_sent_once_is_not_sent_to_the_next_address() -> None:
    with EvaluatorServer([Step(drop=Drop.AFTER_READING)]) as evaluator:
        resolver = ScriptedResolver(["127.0.0.1", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"])
        client = allowing(f"http://{NAME}:{evaluator.port}", resolver=resolver)
        with pytest.raises(NoAnswer, match="connection broke"):
            await post(client, f"http://{NAME}:{evaluator.port}/")
        assert len(evaluator.requests) == 1


async def test_no_more_than_eight_addresses_are_tried_and_none_twice(dialled: list[str]) -> None:
    found = [f"93.184.215.{n // 2}" for n in range(2, 100)]  # each of them twice
    client = EgressClient(UrlRule(), ScriptedResolver(found))
    with pytest.raises(NoAnswer, match="could not connect"):
        await post(client, f"https://{NAME}/")
    assert dialled == [f"93.184.215.{n}" for n in range(1, 9)]


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for ``NAME`` that is its own authority, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(pem)
    return path


@pytest.fixture
def secure_evaluator(certificate: Path) -> Iterator[EvaluatorServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with EvaluatorServer(tls=tls) as server:
        yield server


async def test_the_certificate_is_checked_against_the_name_while_the_checked_address_is_dialled(
    secure_evaluator: EvaluatorServer, certificate: Path
) -> None:
    origin = f"https://{NAME}:{secure_evaluator.port}"
    trusting = ssl.create_default_context(cafile=str(certificate))
    client = allowing(origin, resolver=ScriptedResolver(["127.0.0.1"]), tls=trusting)
    assert (await post(client, f"{origin}/hook")).status == 200
    (request,) = secure_evaluator.requests
    assert request.server_name == NAME
    assert request.headers["host"] == f"{NAME}:{secure_evaluator.port}"


@pytest.mark.parametrize(("name", "trusts"), [("other.example.com", True), (NAME, False), ("127.0.0.1", True)])
async def test_a_certificate_that_is_not_the_hosts_is_no_answer_and_nothing_is_sent(
    name: str, trusts: bool, secure_evaluator: EvaluatorServer, certificate: Path
) -> None:
    origin = f"https://{name}:{secure_evaluator.port}"
    trusting = ssl.create_default_context(cafile=str(certificate)) if trusts else None
    client = allowing(origin, resolver=ScriptedResolver(["127.0.0.1"]), tls=trusting)
    with pytest.raises(NoAnswer, match="certificate"):
        await post(client, f"{origin}/hook")
    assert secure_evaluator.requests == []


async def test_a_server_that_wants_to_know_who_we_are_is_no_answer(certificate: Path) -> None:
    wanting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wanting.load_cert_chain(certificate)
    wanting.load_verify_locations(certificate)
    wanting.verify_mode = ssl.CERT_REQUIRED
    with EvaluatorServer(tls=wanting) as evaluator:
        origin = f"https://{NAME}:{evaluator.port}"
        trusting = ssl.create_default_context(cafile=str(certificate))
        client = allowing(origin, resolver=ScriptedResolver(["127.0.0.1"]), tls=trusting)
        with pytest.raises(NoAnswer, match="connection broke"):
            await post(client, f"{origin}/hook")
        assert evaluator.requests == []


async def test_a_plain_server_behind_https_is_no_answer(evaluator: EvaluatorServer) -> None:
    origin = f"https://127.0.0.1:{evaluator.port}"
    with pytest.raises(NoAnswer, match="could not connect"):
        await post(allowing(origin), origin, seconds=5)


# How many at once


async def test_one_host_is_never_asked_more_than_two_things_at_once() -> None:
    with EvaluatorServer([Step(delay=0.05)] * 12) as evaluator:
        client = allowing(evaluator)
        answers = await asyncio.gather(*(post(client, evaluator.url) for _ in range(12)))
        assert [answer.status for answer in answers] == [200] * 12
        assert evaluator.peak == 2


async def test_no_more_than_the_bound_go_on_in_all() -> None:
    with EvaluatorServer([Step(delay=0.05)] * 12) as evaluator:
        names = [f"http://h{n}.example.com:{evaluator.port}" for n in range(12)]
        client = allowing(*names, resolver=ScriptedResolver(["127.0.0.1"]), in_all=3)
        await asyncio.gather(*(post(client, name) for name in names))
        assert evaluator.peak == 3


async def test_a_host_that_hangs_keeps_only_its_own_callers_waiting(evaluator: EvaluatorServer) -> None:
    with EvaluatorServer([Step(delay=3600)] * 2) as hanging:
        name = f"http://{NAME}:{evaluator.port}"
        client = allowing(hanging, name, resolver=ScriptedResolver(["127.0.0.1"]), in_all=3)
        stuck = [asyncio.create_task(post(client, hanging.url, seconds=3600)) for _ in range(2)]
        await asyncio.to_thread(hanging.wait_for, 2)
        queued = asyncio.create_task(post(client, hanging.url, queue_seconds=3600))
        with pytest.raises(NoAnswer, match="no turn within"):
            await post(client, hanging.url, queue_seconds=0.05)
        assert (await post(client, name)).status == 200
        for task in stuck:
            task.cancel()
        assert (await queued).status == 200
        outcomes = await asyncio.gather(*stuck, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)


def test_one_client_serves_several_event_loops_one_after_the_other() -> None:
    with EvaluatorServer([Step(delay=0.02)] * 8) as evaluator:
        client = allowing(evaluator)

        async def several() -> int:
            return len(await asyncio.gather(*(post(client, evaluator.url) for _ in range(4))))

        assert [asyncio.run(several()) for _ in range(2)] == [4, 4]
