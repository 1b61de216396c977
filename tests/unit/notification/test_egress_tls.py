"""TLS of the client against real servers on loopback."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.domain.errors import NoAnswer
from tests.fakes.evaluator import EvaluatorServer
from tests.unit.notification.egress_rig import NAME, ScriptedResolver, allowing, post


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
