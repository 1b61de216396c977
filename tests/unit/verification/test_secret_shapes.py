"""Credentials of well-known providers are recognised by their shape. All of these are made up here."""

import random
import string
from base64 import urlsafe_b64encode

import pytest

from pipeline.domain.errors import SecretFound
from pipeline.domain.files import AppFiles
from pipeline.verification.secret_shapes import credentials
from pipeline.verification.secrets import ConfiguredSecretScanner

LETTERS = string.ascii_letters + string.digits


def made_up(length: int, alphabet: str = LETTERS) -> str:
    return "".join(random.Random(length).choices(alphabet, k=length))


def jwt(payload: str, header: str = '{"alg":"HS256","typ":"JWT"}') -> str:
    parts = [urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (header, payload)]
    return ".".join([*parts, made_up(43)])


PRIVATE_KEY = "-----BEGIN {}PRIVATE KEY-----\n{}\n-----END {}PRIVATE KEY-----"
CREDENTIALS = {
    **{f"gh{kind}_" + made_up(36): "a GitHub token" for kind in "pousr"},
    "github_pat_" + made_up(82): "a GitHub token",
    "hf_" + made_up(34): "a Hugging Face token",
    "sk-or-v1-" + made_up(64, "0123456789abcdef"): "an OpenRouter key",
    "sk-ant-api03-" + made_up(93): "an Anthropic key",
    "sk-" + made_up(48): "an OpenAI key",
    "sk-proj-" + made_up(120): "an OpenAI key",
    "AKIA" + made_up(16, string.ascii_uppercase + string.digits): "an AWS access key",
    "AIza" + made_up(35): "a Google API key",
    **{f"xox{kind}-" + made_up(40): "a Slack token" for kind in "baprs"},
    jwt('{"email":"ada@example.com"}'): "a signed token (JWT)",
    PRIVATE_KEY.format("", made_up(64), ""): "a private key",
    PRIVATE_KEY.format("RSA ", made_up(64), "RSA "): "a private key",
    PRIVATE_KEY.format("OPENSSH ", made_up(70), "OPENSSH ").replace("\n", "\\n"): "a private key",
}


def names_in(text: str) -> list[str]:
    return [credential.name for credential in credentials(text.encode())]


@pytest.mark.parametrize(("value", "name"), CREDENTIALS.items(), ids=lambda part: part[:14])
def test_a_credential_is_recognised_wherever_it_stands(value: str, name: str) -> None:
    for text in (value, f'token = "{value}";', f"a={value}&b", f"({value})", f"{value}\n{value}"):
        assert names_in(text)[0] == name


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "x" * 36,
        "ghp_" + "ab12" * 9,
        "sk-your-token-here-1234567890abc",
        "sk-proj-YOUR_KEY_HERE_1234567890abcdef",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAIOSFODNN7EXAMPLE",
        "AKIA" + "Z" * 16,
        "sk-ant-<your key>",
        "xoxb-placeholder-token-0123456789",
        PRIVATE_KEY.format("", "A" * 64, ""),
    ],
)
def test_an_obvious_placeholder_is_none(text: str) -> None:
    assert names_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        'pem.replace("-----BEGIN PRIVATE KEY-----", "").replace("-----END PRIVATE KEY-----", "")',
        PRIVATE_KEY.format("", made_up(64), "").replace("PRIVATE", "PUBLIC"),
        '<div class="sk-folding-cube sk-container-id-1 sk-estimator-doc-link">',
        "task-" + made_up(40),
        "risk-adjusted-returns-0123456789-of-the-portfolio",
        "ghp_" + made_up(20),
        "AKIA" + made_up(40, string.ascii_uppercase),
        "AIza" + made_up(60),
        "sk-" + made_up(30, string.ascii_letters),
        "prefix" + "hf_" + made_up(34),
        "data:image/png;base64," + "AKIA" + made_up(40),
        jwt('{"sub":"1234567890","name":"John Doe","iat":1516239022}'),
        "eyJhbGciOiJIUzI1NiJ9.e30.x",
    ],
)
def test_what_only_resembles_a_credential_is_none(text: str) -> None:
    assert names_in(text) == []


def test_a_real_credential_after_a_placeholder_is_found() -> None:
    assert names_in("ghp_" + "x" * 36 + " ghp_" + made_up(36)) == ["a GitHub token"]


def test_the_scanner_refuses_a_credential_and_names_its_kind_file_and_line() -> None:
    token = "hf_" + made_up(34)
    files = AppFiles({"app.js": f"// x\nconst t = '{token}';".encode()})
    with pytest.raises(SecretFound, match=r"^app\.js, line 2, holds a Hugging Face token\.") as refusal:
        ConfiguredSecretScanner(()).scan(files)
    assert token not in str(refusal.value)


@pytest.mark.parametrize("hidden", ["\u200b".join, lambda token: "".join(f"%{ord(c):02x}" for c in token)])
def test_the_scanner_recognises_a_hidden_credential(hidden: object) -> None:
    assert callable(hidden)
    files = AppFiles({"app.js": hidden("ghp_" + made_up(36)).encode()})
    with pytest.raises(SecretFound, match="a GitHub token"):
        ConfiguredSecretScanner(()).scan(files)


def test_the_scanner_recognises_a_credential_in_a_file_name() -> None:
    with pytest.raises(SecretFound, match="the name of file 1 of 1"):
        ConfiguredSecretScanner(()).scan(AppFiles({"ghp_" + made_up(36): b""}))
