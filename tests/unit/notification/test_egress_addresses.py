"""Whom the client calls, and how it is sure: the guard is never off, exact loopback origins are allowed instead."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NoAnswer
from pipeline.notification.egress import EgressClient
from tests.cases import cases
from tests.fakes.evaluator import Drop, EvaluatorServer, Step
from tests.unit.notification.rig import NAME, PUBLIC, REFUSED, ScriptedResolver, address_of, allowing, post


@pytest.mark.parametrize(
    "answers", [*cases("egress")["refused"], OSError("Name or service not known"), TimeoutError("slow")]
)
async def test_a_name_that_leads_anywhere_but_to_the_internet_is_refused_in_the_same_words_without_a_connection(
    answers: list[str] | OSError, canary: EvaluatorServer, dialled: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    if not isinstance(answers, OSError):
        answers = [answer.format(canary=address_of(canary), public=PUBLIC) for answer in answers]
    resolver = ScriptedResolver(answers)
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


def trusting(certificate: Path, origin: str) -> EgressClient:
    tls = ssl.create_default_context(cafile=str(certificate))
    return allowing(origin, resolver=ScriptedResolver(["127.0.0.1"]), tls=tls)


async def test_the_certificate_is_checked_against_the_name_while_the_checked_address_is_dialled(
    secure_evaluator: EvaluatorServer, certificate: Path
) -> None:
    origin = f"https://{NAME}:{secure_evaluator.port}"
    assert (await post(trusting(certificate, origin), f"{origin}/hook")).status == 200
    (request,) = secure_evaluator.requests
    assert request.server_name == NAME
    assert request.headers["host"] == f"{NAME}:{secure_evaluator.port}"


@pytest.mark.parametrize(("name", "trusts"), [("other.example.com", True), (NAME, False), ("127.0.0.1", True)])
async def test_a_certificate_that_is_not_the_hosts_is_no_answer_and_nothing_is_sent(
    name: str, trusts: bool, secure_evaluator: EvaluatorServer, certificate: Path
) -> None:
    origin = f"https://{name}:{secure_evaluator.port}"
    careful = allowing(origin, resolver=ScriptedResolver(["127.0.0.1"]))
    client = trusting(certificate, origin) if trusts else careful
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
        with pytest.raises(NoAnswer, match="connection broke"):
            await post(trusting(certificate, origin), f"{origin}/hook")
        assert evaluator.requests == []


async def test_a_plain_server_behind_https_is_no_answer(evaluator: EvaluatorServer) -> None:
    origin = f"https://127.0.0.1:{evaluator.port}"
    with pytest.raises(NoAnswer, match="could not connect"):
        await post(allowing(origin), origin, seconds=5)
