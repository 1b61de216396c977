"""A job survives the death of its process at any point, and of its machine: one commit per round, one notification."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from pipeline.clock import SystemClock
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.lease import LEASE_SECONDS
from tests.acceptance.service import Service, commits, killed_and_resumed, make_request, repository_in
from tests.fakes.evaluator import EvaluatorServer

STAGES = ["generate", "assemble", "verify", "commit", "publish", "confirm", "notify"]
MOMENTS = ["before", "after_effect", "after_record"]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_process_killed_in_a_stage_leaves_a_job_that_the_next_one_ends(
    stage: str, moment: str, tmp_path: Path
) -> None:
    with EvaluatorServer() as evaluator:
        start = partial(Service, tmp_path, EVALUATION_ALLOWED_ORIGINS=evaluator.origin)
        job = killed_and_resumed(start, f"{stage}:{moment}", make_request(evaluation_url=evaluator.url))
        assert commits(repository_in(tmp_path)) == [job["commit_sha"]]
        assert len(evaluator.requests) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_request_whose_acceptance_was_cut_off_can_be_sent_again(moment: str, tmp_path: Path) -> None:
    request = make_request()
    with Service(tmp_path, FAILPOINT=f"accept:{moment}") as service:
        with pytest.raises(httpx.TransportError):
            service.post(request)
        assert service.wait() == 137
    with Service(tmp_path) as service:
        answer = service.post(request).json()

    assert answer["status"] == "succeeded", answer
    assert commits(repository_in(tmp_path)) == [answer["commit_sha"]]


@pytest.mark.parametrize("stage", ["generate", "commit", "publish", "notify"])
def test_a_revision_survives_as_well_and_adds_one_commit(stage: str, tmp_path: Path) -> None:
    with EvaluatorServer() as evaluator:
        start = partial(Service, tmp_path, EVALUATION_ALLOWED_ORIGINS=evaluator.origin)
        with start() as service:
            first = service.post(make_request(evaluation_url=evaluator.url)).json()
            service.finished(first["job_id"])
        fields = {"brief": "Add a select #region-filter.", "attachments": [], "evaluation_url": evaluator.url}
        job = killed_and_resumed(start, f"{stage}:after_effect", make_request(round=2, nonce="n-2", **fields))
        assert commits(repository_in(tmp_path)) == [job["commit_sha"], first["commit_sha"]]
        assert [received.json["round"] for received in evaluator.requests] == [1, 2]


def test_a_kill_while_the_evaluator_has_not_answered_yet_repeats_the_same_message(tmp_path: Path) -> None:
    with EvaluatorServer([500, 500]) as evaluator:
        request = make_request(evaluation_url=evaluator.url)
        allowed = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        with Service(tmp_path, **allowed) as service:
            job_id = service.post(request, prefer="respond-async").json()["job_id"]
            evaluator.wait_for(1)
            service.kill()
        with Service(tmp_path, **allowed) as service:
            assert service.finished(job_id)["status"] == "succeeded"

        assert len({received.body for received in evaluator.requests}) == 1
        assert len({received.headers["webhook-id"] for received in evaluator.requests}) == 1
        assert len(evaluator.requests) == 3


def test_killing_it_again_and_again_loses_nothing(tmp_path: Path) -> None:
    requests = [make_request(task=f"task-{number}", nonce=f"n-{number}") for number in range(12)]
    accepted: dict[str, str] = {}
    for stage in ("generate", "commit", "confirm"):
        with Service(tmp_path, FAILPOINT=f"{stage}:after_effect") as service:
            for request in requests:
                try:
                    answer = service.post(request, prefer="respond-async")
                except httpx.TransportError:
                    break
                accepted[request["task"]] = answer.json()["job_id"]
            assert service.wait() == 137
    with Service(tmp_path) as service:
        jobs = {task: service.finished(job_id) for task, job_id in accepted.items()}

    assert accepted
    assert {job["status"] for job in jobs.values()} == {"succeeded"}
    for job in jobs.values():
        assert commits(Path(httpx.URL(job["repo_url"]).path)) == [job["commit_sha"]]


@contextmanager
def busy_machine(programs: int = 4) -> Iterator[None]:
    """While the block runs, others want the processors too."""
    with ExitStack() as stack:
        for _ in range(programs):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(process.kill)
        yield


def test_many_jobs_that_were_at_work_are_taken_up_by_a_start_on_a_busy_machine(tmp_path: Path) -> None:
    many = 24
    with EvaluatorServer([500] * 50 * many) as evaluator:
        url, port = evaluator.url, evaluator.port
        allowed = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin, "CHROMIUM": "none"}
        requests = [make_request(task=f"task-{number}", evaluation_url=url) for number in range(many)]
        with Service(tmp_path, **allowed) as service:
            accepted = [service.post(request, prefer="respond-async").json()["job_id"] for request in requests]
            while len({received.json["task"] for received in evaluator.requests}) < many:
                evaluator.wait_for(len(evaluator.requests) + 1)
            service.kill()
    with EvaluatorServer(port=port) as evaluator, busy_machine(), Service(tmp_path, **allowed) as service:
        jobs = [service.finished(job_id) for job_id in accepted]

    assert {job["status"] for job in jobs} == {"succeeded"}
    told = [received.json["task"] for received in evaluator.requests]
    assert sorted(told) == sorted(request["task"] for request in requests)


def let_leases_run_out(url: str) -> None:
    """As if the time of a lease had passed."""
    database = Database(url)
    run_out = tables.worker_leases.update().values(beat_at=SystemClock().now() - timedelta(seconds=LEASE_SECONDS))
    database.transact_now(lambda connection: connection.execute(run_out))
    database.close()


def test_a_job_whose_machine_died_is_adopted_by_another_one_that_has_no_file_of_it(
    postgresql_url: str, tmp_path: Path
) -> None:
    with EvaluatorServer() as evaluator:
        shared = {"DATABASE_URL": postgresql_url, "EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        request = make_request(evaluation_url=evaluator.url)
        with Service(tmp_path / "a", FAILPOINT="publish:before", **shared) as dying:
            job_id = dying.post(request, prefer="respond-async").json()["job_id"]
            assert dying.wait() == 137
        let_leases_run_out(postgresql_url)
        with Service(tmp_path / "b", **shared) as surviving:
            job = surviving.finished(job_id)

        assert job["status"] == "succeeded", job
        assert commits(repository_in(tmp_path / "b")) == [job["commit_sha"]]
        assert [stage["stage"] for stage in job["stages"]].count("generate") == 1
        assert len(evaluator.requests) == 1
