"""A job survives the death of its process at any point: one commit per round, one notification."""

from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import Service, commits, make_request
from tests.fakes.evaluator import EvaluatorServer

STAGES = ["generate", "assemble", "verify", "commit", "publish", "confirm", "notify"]
MOMENTS = ["before", "after_effect", "after_record"]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_process_killed_in_a_stage_leaves_a_job_that_the_next_one_ends(
    stage: str, moment: str, tmp_path: Path
) -> None:
    with EvaluatorServer() as evaluator:
        request = make_request(evaluation_url=evaluator.url)
        allowed = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        with Service(tmp_path, FAILPOINT=f"{stage}:{moment}", **allowed) as service:
            job_id = service.post(request, prefer="respond-async").json()["job_id"]
            assert service.wait() == 137
        with Service(tmp_path, **allowed) as service:
            job = service.finished(job_id)
            again = service.post(request).json()

        assert job["status"] == "succeeded", job
        assert again["commit_sha"] == job["commit_sha"]
        (folder,) = [path for path in tmp_path.iterdir() if path.name != ".pipeline"]
        assert commits(folder) == [job["commit_sha"]]
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
    (folder,) = [path for path in tmp_path.iterdir() if path.name != ".pipeline"]
    assert commits(folder) == [answer["commit_sha"]]


@pytest.mark.parametrize("stage", ["generate", "commit", "publish", "notify"])
def test_a_revision_survives_as_well_and_adds_one_commit(stage: str, tmp_path: Path) -> None:
    with EvaluatorServer() as evaluator:
        allowed = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        with Service(tmp_path, **allowed) as service:
            first = service.post(make_request(evaluation_url=evaluator.url)).json()
        revision = make_request(
            round=2, nonce="n-2", brief="Add a select #region-filter.", attachments=[], evaluation_url=evaluator.url
        )
        with Service(tmp_path, FAILPOINT=f"{stage}:after_effect", **allowed) as service:
            job_id = service.post(revision, prefer="respond-async").json()["job_id"]
            assert service.wait() == 137
        with Service(tmp_path, **allowed) as service:
            job = service.finished(job_id)

        assert job["status"] == "succeeded", job
        (folder,) = [path for path in tmp_path.iterdir() if path.name != ".pipeline"]
        assert commits(folder) == [job["commit_sha"], first["commit_sha"]]
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
