"""A started service, as an evaluator and an operator meet it."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import SECRET, Service, TypedService, commits, make_request
from tests.fakes.evaluator import EvaluatorServer

SIGNING_SECRET = "YS1zaWduaW5nLXNlY3JldC1vZi10ZXN0cw=="


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_the_evaluator_is_told_exactly_seven_fields_after_its_failures(failures: int, tmp_path: Path) -> None:
    with (
        EvaluatorServer([500] * failures) as evaluator,
        Service(tmp_path, EVALUATION_ALLOWED_ORIGINS=evaluator.origin) as service,
    ):
        answer = service.post(make_request(evaluation_url=evaluator.url)).json()
        assert answer["notification"]["status"] == "pending"
        assert service.finished(answer["job_id"])["notification"]["status"] == "delivered"
        received = evaluator.requests

        assert answer["status"] == "succeeded"
        assert len(received) == failures + 1
        assert received[-1].json == {
            name: answer.get(name, make_request().get(name))
            for name in ("email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url")
        }


def test_the_same_request_twenty_times_at_once_makes_one_job_one_commit_and_one_call(tmp_path: Path) -> None:
    with EvaluatorServer() as evaluator, Service(tmp_path, EVALUATION_ALLOWED_ORIGINS=evaluator.origin) as service:
        request = make_request(evaluation_url=evaluator.url)
        with ThreadPoolExecutor(20) as threads:
            answers = [answer.json() for answer in threads.map(lambda _: service.post(request), range(20))]
        jobs = service.get("/jobs").json()["jobs"]
        service.finished(answers[0]["job_id"])

        assert {answer["status"] for answer in answers} == {"succeeded"}
        assert len({answer["job_id"] for answer in answers}) == len(jobs) == 1
        assert len(evaluator.requests) == 1
        assert commits(tmp_path / "sum-of-sales-n-1") == [answers[0]["commit_sha"]]


def test_the_published_page_is_served_and_on_disk(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        answer = service.post(make_request()).json()
        page = httpx.get(answer["pages_url"], trust_env=False)
        data = httpx.get(answer["pages_url"] + "data.csv", trust_env=False)

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.content == (tmp_path / "sum-of-sales-n-1" / "index.html").read_bytes()
    assert data.content == b"region,sales\nNorth,12.5\nSouth,7.5\n"
    assert "is hereby granted" in (tmp_path / "sum-of-sales-n-1" / "LICENSE").read_text()


def test_a_second_round_revises_the_first_ones_repository(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        first = service.post(make_request()).json()
        second = service.post(make_request(round=2, nonce="n-2", brief="Add a select #region-filter.")).json()
        early = service.post(make_request(task="unknown", round=2)).json()

    assert second["status"] == "succeeded", second
    assert second["repo_url"] == first["repo_url"]
    assert commits(tmp_path / "sum-of-sales-n-1") == [second["commit_sha"], first["commit_sha"]]
    assert early["status"] == "succeeded", early
    assert any("built as a new site" in note for note in early["notes"])


def test_a_used_key_with_another_body_is_a_conflict(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.post(make_request())
        assert service.post(make_request(brief="Something else.")).status_code == 409


def test_a_wrong_secret_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        refused = service.post(make_request(secret="wrong", email=7))
        jobs = service.get("/jobs").json()["jobs"]

    assert refused.status_code == 403
    assert refused.json() == {"ok": False, "error": "invalid secret"}
    assert jobs == []
    assert [path.name for path in tmp_path.iterdir()] == [".pipeline"]


def test_a_second_service_on_one_folder_refuses_to_start(tmp_path: Path) -> None:
    with Service(tmp_path), pytest.raises(AssertionError, match="another pipeline process"):
        Service(tmp_path).__enter__()


def test_a_stop_signal_ends_it_cleanly_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with EvaluatorServer([503] * 3) as evaluator:
        allowed = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        with TypedService(tmp_path, **allowed) as service:
            job_id = service.post(make_request(evaluation_url=evaluator.url), prefer="respond-async").json()["job_id"]
            evaluator.wait_for(1)
            assert service.terminate() == 0
        with TypedService(tmp_path, **allowed) as service:
            assert service.finished(job_id)["status"] == "succeeded"
            assert service.get(f"/jobs/{job_id}").json()["notification"]["status"] == "delivered"


def test_no_secret_is_in_the_log_the_database_or_the_repository(tmp_path: Path) -> None:
    with Service(tmp_path, LLM_API_KEY="", WEBHOOK_SIGNING_SECRET=SIGNING_SECRET) as service:
        service.post(make_request())
        service.get("/jobs?status=succeeded")
        output = service.output
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    for secret in (SECRET, SIGNING_SECRET):
        assert secret not in output
        assert secret.encode() not in written


def test_the_database_is_sound_after_work_and_a_kill(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.post(make_request())
        service.kill()
    connection = sqlite3.connect(tmp_path / ".pipeline" / "pipeline.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_health_tells_version_database_and_queue(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        answer = service.get("/health")
    body = json.loads(answer.text)
    assert answer.status_code == 200
    assert body["status"] == "ok"
    assert body["queue"] == {"running": 0, "waiting": 0}
    assert body["version"]
