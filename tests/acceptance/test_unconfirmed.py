"""Pages that GitHub does not bring up in time: the evaluator is told so, and looking goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.clock import SystemClock
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from tests.acceptance.service import Service, make_request
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.forkserver import PATIENCE
from tests.fakes.github import FakeGitHub

DEADLINE_SECONDS = 20


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github") as github:
        github.settings.build_seconds = 3600
        yield github


def service_of(github: FakeGitHub, evaluator: EvaluatorServer, folder: Path, **environment: str) -> Service:
    settings = {
        "DEPLOY_TARGET": "github-pages",
        "GITHUB_TOKEN": github.token,
        "GITHUB_API_URL": github.api_url,
        "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
        "JOB_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        "CHROMIUM": "none",
    }
    return Service(folder, **{**settings, **environment})


def test_the_evaluator_is_told_unconfirmed_and_the_job_tells_later_when_it_was_seen(
    github: FakeGitHub, tmp_path: Path
) -> None:
    with EvaluatorServer() as evaluator:
        with service_of(github, evaluator, tmp_path / "repos") as service:
            job_id = service.post(make_request(evaluation_url=evaluator.url), prefer="respond-async").json()["job_id"]
            job = service.finished(job_id)
        assert evaluator.requests, (job["error"], job["stages"])
        (told,), (repository,) = evaluator.requests, github.repositories()
        assert (job["status"], job["notification"]["status"]) == ("succeeded", "delivered")
        assert any("not served this commit in time" in note for note in job["notes"])
        assert told.headers["pipeline-live"] == "unconfirmed"
        assert told.json["commit_sha"] == repository.head()

        assert repository.pages
        repository.pages.history[-1].seconds = 0
        database = Database.embedded(tmp_path / "repos")
        is_due = tables.jobs.update().values(next_look_at=SystemClock().now())
        database.transact_now(lambda connection: connection.execute(is_due))
        database.close()
        with service_of(github, evaluator, tmp_path / "repos") as service:
            end = time.monotonic() + PATIENCE
            while not any("seen live at" in note for note in service.get(f"/jobs/{job_id}").json()["notes"]):
                assert time.monotonic() < end
                time.sleep(0.1)
        assert len(evaluator.requests) == 1


def test_where_operators_forbid_it_the_job_fails_at_its_deadline(github: FakeGitHub, tmp_path: Path) -> None:
    with EvaluatorServer() as evaluator:
        with service_of(github, evaluator, tmp_path / "repos", NOTIFY_UNCONFIRMED="no") as service:
            answer = service.post(make_request(evaluation_url=evaluator.url))
        assert (answer.status_code, answer.json()["stage"]) == (502, "confirm")
        assert evaluator.requests == []
