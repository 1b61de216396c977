"""``pipeline doctor`` as a process of its own."""

import json
import os
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.fakes import forkserver
from tests.fakes.model import Answer, ModelServer

SECRETS = {
    "DEPLOY_SECRET": "a-deploy-secret-for-tests",
    "LLM_API_KEY": "sk-a-key-of-the-tests",
    "GITHUB_TOKEN": "ghp_a-token-of-the-tests",
    "HF_TOKEN": "hf_aTokenOfTheTests",
    "WEBHOOK_SIGNING_SECRET": "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==",
    "DATABASE_URL": "postgresql://ada:pass-word-of-the-tests@127.0.0.1:1/jobs",
}
NOWHERE = {
    "LLM_BASE_URL": "http://127.0.0.1:1/v1",
    "LLM_MODELS": "m",
    "GITHUB_API_URL": "http://127.0.0.1:1",
    "HF_ENDPOINT": "http://127.0.0.1:1",
    "EVALUATION_ALLOWED_ORIGINS": "http://127.0.0.1:1",
}
NAMES = [*("python", "git", "browser", "database", "disk", "model m", "github", "hub"), "secret", "address"]


def doctor(folder: Path, *arguments: str, **settings: str) -> CompletedProcess[str]:
    environment = os.environ | {"CHROMIUM": "none", "DEPLOY_TARGET": "local"} | settings
    return forkserver.run(["doctor", *arguments], environment, folder)


def verdicts(ended: "CompletedProcess[str]") -> dict[str, str]:
    document: dict[str, Any] = json.loads(ended.stdout)
    assert {tuple(row) for row in document["rows"]} == {("name", "verdict", "found", "mend")}
    assert document["ok"] is (ended.returncode == 0)
    return {row["name"]: row["verdict"] for row in document["rows"]}


def test_when_all_that_is_configured_works_it_ends_with_0(tmp_path: Path) -> None:
    with ModelServer([Answer("ok")]) as server:
        ended = doctor(tmp_path, "--json", LLM_BASE_URL=server.base_url, LLM_MODELS="m", DEPLOY_SECRET="x" * 40)
    assert ended.returncode == 0, ended.stderr
    assert verdicts(ended) == dict(
        zip(
            [*NAMES[:-2], "evaluators", *NAMES[-2:]],
            [*("ok", "ok", "not configured", "ok", "ok", "ok"), *["not configured"] * 3, "ok", "ok"],
            strict=True,
        )
    )
    assert list(tmp_path.iterdir()) == []


def test_when_something_configured_does_not_work_it_ends_with_3_and_shows_no_secret(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--json", **SECRETS, **NOWHERE)
    assert ended.returncode == 3, ended.stderr
    found = verdicts(ended)
    away = ("database", "model m", "github", "hub", "evaluator http://127.0.0.1:1")
    assert {name: found[name] for name in away} == dict.fromkeys(away, "failed")
    shown = ended.stdout + ended.stderr
    assert not [name for name, value in SECRETS.items() if value in shown]
    assert "pass-word-of-the-tests" not in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", ["PORT", "DEPLOY_TARGET", "DEPLOY_SECRETS_FILE"])
def test_a_setting_that_cannot_be_read_ends_with_3_and_its_name(name: str, tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--json", **{name: "nonsense"})
    assert ended.returncode == 3
    assert name in json.loads(ended.stdout)["error"]
