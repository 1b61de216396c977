"""Briefs to GitHub Pages: the service as a process, GitHub on loopback."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.service import Service, make_request
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.github import FakeGitHub

BRIEFS = Path(__file__).parents[1] / "data/briefs"


def on_github(github: FakeGitHub, evaluator: EvaluatorServer, **environment: str) -> dict[str, str]:
    return {
        "DEPLOY_TARGET": "github-pages",
        "GITHUB_TOKEN": github.token,
        "GITHUB_API_URL": github.api_url,
        "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
        **environment,
    }


def page_of(answer: dict[str, Any]) -> str:
    return httpx.get(answer["pages_url"], trust_env=False).text


def revision(**fields: Any) -> dict[str, Any]:
    return make_request(round=2, nonce="n-2", brief="Add a select #region-filter.", attachments=[], **fields)


def requests_of(github: FakeGitHub) -> Counter[str]:
    """How many requests of each kind, but for polls and visits."""
    return Counter(entry.kind if entry.kind == "git" else entry.method for entry in github.log if entry.kind != "site")


def test_two_rounds_take_six_requests_besides_polls_and_the_evaluator_is_told_of_both(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        with Service(tmp_path / "repos", **on_github(github, evaluator)) as service:
            first = service.post(make_request(evaluation_url=evaluator.url)).json()
            after_first = requests_of(github)
            page = page_of(first)
            second = service.post(revision(evaluation_url=evaluator.url)).json()

        assert (first["status"], second["status"]) == ("succeeded", "succeeded"), (first, second)
        assert (after_first["POST"], after_first["git"]) == (2, 2)
        total = requests_of(github)
        assert (total["POST"], total["git"], total["PUT"], total["PATCH"]) == (2, 4, 0, 0)

        (repository,) = github.repositories()
        assert [sha for sha, _ in repository.commits()] == [second["commit_sha"], first["commit_sha"]]
        assert first["repo_url"] == second["repo_url"]
        assert "region-filter" not in page
        assert "region-filter" in page_of(second)
        assert [told.json["commit_sha"] for told in evaluator.requests] == [first["commit_sha"], second["commit_sha"]]


@pytest.mark.parametrize("name", ["harbour-library", "tide-table"])
def test_the_app_is_served_byte_for_byte(name: str, tmp_path: Path) -> None:
    request = json.loads((BRIEFS / f"{name}.json").read_text())
    with (
        FakeGitHub(tmp_path / "github") as github,
        EvaluatorServer() as evaluator,
        Service(tmp_path / "repos", **on_github(github, evaluator)) as service,
    ):
        answer = service.post({**request, "target": "github-pages", "evaluation_url": evaluator.url}).json()
        assert answer.get("status") == "succeeded", answer
        (repository,) = github.repositories()
        for path, content in repository.files().items():
            if not path.startswith("."):
                assert httpx.get(answer["pages_url"] + path, trust_env=False).content == content


@pytest.mark.parametrize("moment", ["before", "after_effect", "after_record"])
@pytest.mark.parametrize("stage", ["commit", "publish", "confirm"])
def test_a_process_killed_on_the_way_leaves_one_repository_one_commit_and_one_notification(
    stage: str, moment: str, tmp_path: Path
) -> None:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        environment = on_github(github, evaluator, CHROMIUM="none")
        request = make_request(evaluation_url=evaluator.url)
        with Service(tmp_path / "repos", FAILPOINT=f"{stage}:{moment}", **environment) as service:
            job_id = service.post(request, prefer="respond-async").json()["job_id"]
            assert service.wait() == 137
        with Service(tmp_path / "repos", **environment) as service:
            job = service.finished(job_id)

        assert job["status"] == "succeeded", job
        (repository,) = github.repositories()
        assert [sha for sha, _ in repository.commits()] == [job["commit_sha"]]
        assert len(evaluator.requests) == 1


def test_a_revision_on_a_machine_without_the_workspace_clones_it_and_keeps_its_history(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        environment = on_github(github, evaluator, CHROMIUM="none")
        with Service(tmp_path / "repos", **environment) as service:
            first = service.post(make_request()).json()
            (folder,) = [path for path in (tmp_path / "repos").iterdir() if path.name != ".pipeline"]
            folder.rename(tmp_path / "lost")
            second = service.post(revision()).json()

        assert second["status"] == "succeeded", second
        (repository,) = github.repositories()
        assert [sha for sha, _ in repository.commits()] == [second["commit_sha"], first["commit_sha"]]


def test_many_briefs_at_once_are_never_mixed_up(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        with Service(tmp_path / "repos", **on_github(github, evaluator, CHROMIUM="none")) as service:
            requests = [
                make_request(
                    task=f"task-{number}", brief=f'Set the title to "Page {number}".', attachments=[], checks=[]
                )
                for number in range(16)
            ]
            with ThreadPoolExecutor(16) as threads:
                answers = [answer.json() for answer in threads.map(service.post, requests)]

        for number, answer in enumerate(answers):
            assert answer["status"] == "succeeded", answer
            assert f"<title>Page {number}</title>" in page_of(answer)
            assert f"/task-{number}-" in answer["repo_url"]


def test_the_token_is_nowhere_to_be_read(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        with Service(tmp_path / "repos", **on_github(github, evaluator, CHROMIUM="none")) as service:
            answer = service.post(make_request())
            job = service.get(f"/jobs/{answer.json()['job_id']}").text
            log = service.get(f"/jobs/{answer.json()['job_id']}/log").text
        written = b"".join(path.read_bytes() for path in (tmp_path / "repos").rglob("*") if path.is_file())

        for text in (answer.text, job, log, service.output):
            assert github.token not in text
        assert github.token.encode() not in written


def test_a_wrong_token_fails_the_job_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        environment = on_github(github, evaluator, CHROMIUM="none", GITHUB_TOKEN="ghp_" + "wrong" * 7)
        with Service(tmp_path / "repos", **environment) as service:
            answer = service.post(make_request(evaluation_url=evaluator.url))

        assert answer.status_code == 502
        assert answer.json()["stage"] == "publish"
        assert "GITHUB_TOKEN" in answer.json()["error"]
        assert github.repositories() == []
        assert evaluator.requests == []
