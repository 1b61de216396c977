import json
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from pipeline.domain.errors import Misconfigured
from pipeline.logs import MASK, Redactor
from pipeline.settings import Settings
from pipeline.verification.secrets import ConfiguredSecretScanner
from pipeline.web.auth import Caller, Credentials, Gate
from tests.cases import cases

CASES = cases("auth")
SECRET = "a-long-secret-for-tests"
ADA, BOB = "ada@example.com", "bob@example.com"


def credentials(**settings: Any) -> Credentials:
    return Credentials.from_settings(Settings(**settings))


def secrets_file(folder: Path, content: object) -> Path:
    path = folder / "secrets.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_the_operators_secret_opens_everything() -> None:
    caller = credentials(deploy_secret=SECRET).caller(SECRET.encode())
    assert caller == Caller()
    assert caller.may_see(ADA)


@pytest.mark.parametrize("secret", ["", " ", SECRET[:-1], SECRET + "x", SECRET.upper(), "é", "\0"])
def test_a_wrong_secret_opens_nothing(secret: str) -> None:
    assert credentials(deploy_secret=SECRET).caller(secret.encode()) is None


def test_secrets_are_compared_as_utf_8_bytes() -> None:
    assert credentials(deploy_secret="pässwörd-日本語-0123").caller("pässwörd-日本語-0123".encode()) == Caller()


def test_each_owners_secret_is_its_own(tmp_path: Path) -> None:
    path = secrets_file(tmp_path, {ADA: "secret-of-ada-0123", BOB: "secret-of-bob-0123"})
    known = credentials(deploy_secret=SECRET, deploy_secrets_file=path)
    ada = known.caller(b"secret-of-ada-0123")
    assert ada == Caller(ADA)
    assert (ada.may_see(ADA), ada.may_see(BOB)) == (True, False)
    assert known.caller(b"secret-of-bob-0123") == Caller(BOB)
    assert known.caller(SECRET.encode()) == Caller()


def test_owners_alone_are_enough(tmp_path: Path) -> None:
    known = credentials(deploy_secrets_file=secrets_file(tmp_path, {ADA: "secret-of-ada-0123"}))
    assert known.caller(b"secret-of-ada-0123") == Caller(ADA)


def test_a_secret_that_would_be_taken_for_a_hub_token_is_refused() -> None:
    with pytest.raises(Misconfigured, match="Hugging Face token"):
        credentials(deploy_secret="hf_" + "x" * 30)


@pytest.mark.parametrize("secret", [None, "", "   ", "abc123xyz", "seven-l"])
def test_a_missing_an_empty_a_short_and_the_published_secret_stop_the_start(secret: str | None) -> None:
    with pytest.raises(Misconfigured, match="DEPLOY_SECRET"):
        credentials(deploy_secret=secret)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com"])
def test_a_secret_that_could_be_guessed_is_refused_where_others_reach_the_service(host: str) -> None:
    with pytest.raises(Misconfigured, match="16 characters"):
        credentials(deploy_secret="fifteen-letters", host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_a_secret_that_could_be_guessed_is_a_warning(host: str, caplog: pytest.LogCaptureFixture) -> None:
    assert credentials(deploy_secret="fifteen-letters", host=host).caller(b"fifteen-letters") == Caller()
    assert "16 characters" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        *("", "no json", [], {}, {ADA: 5}, {ADA: None}, {ADA: ""}, {ADA: "abc123xyz"}, {ADA: SECRET, BOB: SECRET}),
        {"nobody": "secret-of-nobody-01"},
        '{"ada@example.com": "\\ud800-and-more-characters"}',
    ],
)
def test_a_secrets_file_that_cannot_work_stops_the_start(tmp_path: Path, content: object) -> None:
    with pytest.raises(Misconfigured, match="DEPLOY_SECRETS_FILE") as caught:
        credentials(deploy_secrets_file=secrets_file(tmp_path, content))
    assert SECRET not in str(caught.value)
    assert "secret-of-nobody-01" not in str(caught.value)


def test_a_missing_secrets_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        credentials(deploy_secrets_file=tmp_path / "none.json")


def test_an_owner_cannot_have_the_operators_secret(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="same secret"):
        credentials(deploy_secret=SECRET, deploy_secrets_file=secrets_file(tmp_path, {ADA: SECRET}))


async def test_a_secrets_file_is_read_again_when_it_has_changed_and_kept_while_it_is_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = "secret-of-ada-0123", "new-secret-of-ada-0123"
    gate = Gate(credentials(deploy_secrets_file=secrets_file(tmp_path, {ADA: first})))
    assert [await status_of(gate, secret) for secret in (first, second)] == [200, 403]
    secrets_file(tmp_path, {ADA: second})
    assert [await status_of(gate, secret) for secret in (first, second)] == [403, 200]
    for wrong in ("{", {ADA: "short"}):
        secrets_file(tmp_path, wrong)
        assert [await status_of(gate, secret) for secret in (first, second)] == [403, 200]
    (tmp_path / "secrets.json").unlink()
    assert await status_of(gate, second) == 200
    assert caplog.text.count("stay as they were") == 3
    assert second not in caplog.text


def test_what_a_changed_secrets_file_holds_is_neither_published_nor_logged(tmp_path: Path) -> None:
    settings = Settings(deploy_secrets_file=secrets_file(tmp_path, {ADA: "secret-of-ada-0123"}))
    scanner, redactor = ConfiguredSecretScanner(settings.secrets), Redactor(settings.secrets)
    secrets_file(tmp_path, {ADA: "another-secret-0123"})
    assert scanner.first_secret(b"another-secret-0123")
    assert redactor.redact("another-secret-0123") == MASK


def test_credentials_do_not_show_its_secrets() -> None:
    assert SECRET not in repr(credentials(deploy_secret=SECRET))


async def status_of(gate: Gate, secret: str, address: str = "192.0.2.1") -> int:
    try:
        await gate.admit(secret.encode(), address)
    except HTTPException as error:
        return error.status_code
    return 200


async def test_too_many_wrong_secrets_from_one_address_are_told_to_come_back_later() -> None:
    gate = Gate(credentials(deploy_secret=SECRET), wrong_per_minute=3)
    assert [await status_of(gate, f"guess-{n}") for n in range(5)] == [403, 403, 403, 429, 429]
    assert await status_of(gate, "guess", address="192.0.2.2") == 403


async def test_right_secrets_are_neither_counted_nor_blocked() -> None:
    gate = Gate(credentials(deploy_secret=SECRET), wrong_per_minute=2)
    assert [await status_of(gate, SECRET) for _ in range(5)] == [200] * 5
    assert [await status_of(gate, "guess") for _ in range(3)] == [403, 403, 429]
    assert await status_of(gate, SECRET) == 200


async def test_the_wait_that_is_told_is_no_longer_than_the_window() -> None:
    gate = Gate(credentials(deploy_secret=SECRET), wrong_per_minute=1)
    await status_of(gate, "guess")
    with pytest.raises(HTTPException) as caught:
        await gate.admit(b"guess", "192.0.2.1")
    assert 1 <= int((caught.value.headers or {})["Retry-After"]) <= 61


@pytest.mark.parametrize(("first", "second", "together"), CASES["clients"])
async def test_ipv6_clients_are_counted_by_their_network(first: str, second: str, together: bool) -> None:
    gate = Gate(credentials(deploy_secret=SECRET), wrong_per_minute=1)
    assert await status_of(gate, "guess", first) == 403
    assert await status_of(gate, "guess", second) == (429 if together else 403)
