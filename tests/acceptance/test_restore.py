"""An earlier round's files are published again, on top of what came after it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.service import SECRET, Service, make_request
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.forkserver import PATIENCE
from tests.fakes.github import FakeGitHub
from tests.fakes.model import ModelServer

BEARER = {"Authorization": f"Bearer {SECRET}"}


def page(word: str) -> str:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sales</title>'
    body = f'<h1>Sales</h1><p id="total-sales">{word}</p>'
    html = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    return f'<file path="index.html">\n{html}\n</file>'


def restored(service: Service, job_id: str) -> dict[str, Any]:
    answer = httpx.post(f"{service.url}/jobs/{job_id}/restore", headers=BEARER, timeout=PATIENCE, trust_env=False)
    assert answer.status_code == 200, answer.text
    return service.finished(answer.json()["job_id"])


@pytest.mark.parametrize("target", ["local", "github-pages"])
def test_any_published_round_is_restored_as_a_commit_on_top_and_confirmed(target: str, tmp_path: Path) -> None:
    with (
        FakeGitHub(tmp_path / "github") as github,
        EvaluatorServer() as evaluator,
        ModelServer([page("first"), page("second")]) as model,
        Service(
            tmp_path / "repos",
            GITHUB_TOKEN=github.token,
            GITHUB_API_URL=github.api_url,
            EVALUATION_ALLOWED_ORIGINS=evaluator.origin,
            LLM_BASE_URL=model.base_url,
            LLM_MODELS="test/model",
            CHROMIUM="none",
        ) as service,
    ):
        request = make_request(target=target, checks=[], evaluation_url=evaluator.url)
        first = service.post(request).json()
        second = service.post({**request, "round": 2, "nonce": "n-2"}).json()
        assert (first["status"], second["status"]) == ("succeeded", "succeeded")
        seen = []
        for job in (first, second):
            again = restored(service, job["job_id"])
            page_now = httpx.get(again["pages_url"], trust_env=False).text
            seen.append((again["status"], again["generator"], again["repo_url"], "first" in page_now))
            assert again["commit_sha"] not in {first["commit_sha"], second["commit_sha"]}
            assert job["job_id"] in "".join(again["notes"])
        third = service.post({**request, "round": 3, "nonce": "n-3"}).json()
        told = [received.json["nonce"] for received in evaluator.wait_for(3)]
        calls = len(model.calls)

    assert seen == [("succeeded", "restored", first["repo_url"], restores_first) for restores_first in (True, False)]
    assert third["status"] == "succeeded"
    assert (told, calls) == (["n-1", "n-2", "n-3"], 3)


def test_what_was_never_published_cannot_be_restored(tmp_path: Path) -> None:
    settings = {"LLM_MODELS": "test/model", "CHROMIUM": "none"}
    with ModelServer([]) as model, Service(tmp_path, LLM_BASE_URL=model.base_url, **settings) as service:
        job_id = service.post(make_request()).json()["job_id"]
        answer = httpx.post(f"{service.url}/jobs/{job_id}/restore", headers=BEARER, timeout=PATIENCE, trust_env=False)
    assert (answer.status_code, "nothing to restore" in answer.json()["error"]) == (409, True)
