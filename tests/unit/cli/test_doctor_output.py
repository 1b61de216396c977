"""How ``pipeline doctor`` tells what it found."""

from functools import partial
from typing import Any

import pytest

from pipeline.bootstrap.doctor import Look
from pipeline.domain.diagnosis import Diagnosis, not_configured, ok, warning
from tests.fakes.command_line import pipeline

SECRET = "a-deploy-secret-for-tests"


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Diagnosis | Exception]:
    """By name of the row; a test fills it."""
    rows: dict[str, Diagnosis | Exception] = {}

    def looks(*_: Any, **__: Any) -> list[Look]:
        async def take(name: str, _: float) -> Diagnosis:
            diagnosis = rows[name]
            if isinstance(diagnosis, Exception):
                raise diagnosis
            return diagnosis

        return [Look(name, partial(take, name), "mend it") for name in rows]

    monkeypatch.setattr("pipeline.bootstrap.doctor.all_looks", looks)
    monkeypatch.setattr("pipeline.logs.configure_logging", lambda *_, **__: None)  # it belongs to the test session
    monkeypatch.setenv("DEPLOY_SECRET", SECRET)
    monkeypatch.setenv("DEPLOY_TARGET", "local")
    return rows


def test_warnings_and_what_is_not_configured_are_no_failure(found: dict[str, Diagnosis | Exception]) -> None:
    found |= {"a": ok("fine"), "b": warning("not quite", "do this"), "c": not_configured("nothing")}
    ended = pipeline("doctor", "--json")
    assert ended.code == 0
    assert ended.document["rows"][1] == {"name": "b", "verdict": "warning", "found": "not quite", "mend": "do this"}


def test_what_breaks_is_a_row_like_others_without_secrets_or_what_steers_a_terminal(
    found: dict[str, Diagnosis | Exception],
) -> None:
    found |= {"a": ok("fine"), "b": RuntimeError(f"\x1b[2J refused {SECRET}"), "c": ok("[bold]as it is")}
    ended = pipeline("doctor")
    assert ended.code == 3
    assert "b: RuntimeError:  [2J refused [secret]" in ended.stdout
    assert "→ mend it" in ended.stdout
    assert "[bold]as it is" in ended.stdout
    assert SECRET not in pipeline("doctor", "--json").stdout
