"""Briefs to GitHub Pages: the service as a process, GitHub on loopback."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.service import Service, killed_and_resumed, make_request, repository_in
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.github import FakeGitHub

BRIEFS = Path(__file__).parents[1] / "data/briefs"


@dataclass
class World:
    """GitHub, an evaluator, and a folder for the service that works with both."""

    github: FakeGitHub
    evaluator: EvaluatorServer
    folder: Path

    def service(self, **environment: str) -> Service:
        settings = {
            "DEPLOY_TARGET": "github-pages",
            "GITHUB_TOKEN": self.github.token,
            "GITHUB_API_URL": self.github.api_url,
            "EVALUATION_ALLOWED_ORIGINS": self.evaluator.origin,
        }
        return Service(self.folder, **{**settings, **environment})

    def commits(self) -> list[str]:
        """Of the only repository, newest first."""
        (repository,) = self.github.repositories()
        return [sha for sha, _ in repository.commits()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with FakeGitHub(tmp_path / "github") as github, EvaluatorServer() as evaluator:
        yield World(github, evaluator, tmp_path / "repos")


def page_of(answer: dict[str, Any]) -> str:
    return httpx.get(answer["pages_url"], trust_env=False).text


def revision(**fields: Any) -> dict[str, Any]:
    return make_request(round=2, nonce="n-2", brief="Add a select #region-filter.", attachments=[], **fields)


def requests_of(github: FakeGitHub) -> Counter[str]:
    """How many requests of each kind, but for polls and visits."""
    return Counter(entry.kind if entry.kind == "git" else entry.method for entry in github.log if entry.kind != "site")


def test_two_rounds_take_six_requests_besides_polls_and_the_evaluator_is_told_of_both(world: World) -> None:
    with world.service() as service:
        first = service.post(make_request(evaluation_url=world.evaluator.url)).json()
        after_first = requests_of(world.github)
        page = page_of(first)
        second = service.post(revision(evaluation_url=world.evaluator.url)).json()
        world.evaluator.wait_for(2)

    assert (first["status"], second["status"]) == ("succeeded", "succeeded"), (first, second)
    assert (after_first["POST"], after_first["git"]) == (2, 2)
    total = requests_of(world.github)
    assert (total["POST"], total["git"], total["PUT"], total["PATCH"]) == (2, 4, 0, 0)
    assert world.commits() == [second["commit_sha"], first["commit_sha"]]
    assert first["repo_url"] == second["repo_url"]
    assert "region-filter" not in page
    assert "region-filter" in page_of(second)
    assert [told.json["commit_sha"] for told in world.evaluator.requests] == [first["commit_sha"], second["commit_sha"]]


@pytest.mark.parametrize("name", ["harbour-library", "tide-table"])
def test_the_app_is_served_byte_for_byte(name: str, world: World) -> None:
    request = json.loads((BRIEFS / f"{name}.json").read_text())
    with world.service() as service:
        answer = service.post({**request, "target": "github-pages", "evaluation_url": world.evaluator.url}).json()
    assert answer.get("status") == "succeeded", answer
    (repository,) = world.github.repositories()
    for path, content in repository.files().items():
        if not path.startswith("."):
            assert httpx.get(answer["pages_url"] + path, trust_env=False).content == content


@pytest.mark.parametrize("moment", ["before", "after_effect", "after_record"])
@pytest.mark.parametrize("stage", ["commit", "publish", "confirm"])
def test_a_process_killed_on_the_way_leaves_one_repository_one_commit_and_one_notification(
    stage: str, moment: str, world: World
) -> None:
    request = make_request(evaluation_url=world.evaluator.url)
    job = killed_and_resumed(partial(world.service, CHROMIUM="none"), f"{stage}:{moment}", request)
    assert world.commits() == [job["commit_sha"]]
    assert len(world.evaluator.requests) == 1


def test_a_revision_on_a_machine_without_the_workspace_clones_it_and_keeps_its_history(
    world: World, tmp_path: Path
) -> None:
    with world.service(CHROMIUM="none") as service:
        first = service.post(make_request()).json()
        repository_in(world.folder).rename(tmp_path / "lost")
        second = service.post(revision()).json()

    assert second["status"] == "succeeded", second
    assert world.commits() == [second["commit_sha"], first["commit_sha"]]


def test_many_briefs_at_once_are_never_mixed_up(world: World) -> None:
    requests = [
        make_request(task=f"task-{number}", brief=f'Set the title to "Page {number}".', attachments=[], checks=[])
        for number in range(16)
    ]
    with world.service(CHROMIUM="none") as service, ThreadPoolExecutor(16) as threads:
        answers = [answer.json() for answer in threads.map(service.post, requests)]

    for number, answer in enumerate(answers):
        assert answer["status"] == "succeeded", answer
        assert f"<title>Page {number}</title>" in page_of(answer)
        assert f"/task-{number}-" in answer["repo_url"]


def test_the_token_is_nowhere_to_be_read(world: World) -> None:
    with world.service(CHROMIUM="none") as service:
        answer = service.post(make_request())
        job = service.get(f"/jobs/{answer.json()['job_id']}").text
        log = service.get(f"/jobs/{answer.json()['job_id']}/log").text
    written = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())

    for text in (answer.text, job, log, service.output):
        assert world.github.token not in text
    assert world.github.token.encode() not in written


def test_a_wrong_token_fails_the_job_in_words_and_leaves_nothing(world: World) -> None:
    with world.service(CHROMIUM="none", GITHUB_TOKEN="ghp_" + "wrong" * 7) as service:
        answer = service.post(make_request(evaluation_url=world.evaluator.url))

    assert answer.status_code == 502
    assert answer.json()["stage"] == "publish"
    assert "GITHUB_TOKEN" in answer.json()["error"]
    assert world.github.repositories() == []
    assert world.evaluator.requests == []
