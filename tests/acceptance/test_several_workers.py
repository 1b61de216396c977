"""Workers on several machines share one PostgreSQL and nothing else."""

from pathlib import Path

from tests.acceptance.service import Service, commits, make_request
from tests.fakes.evaluator import EvaluatorServer


def test_a_job_whose_machine_died_is_adopted_by_another_one_that_has_no_file_of_it(
    postgresql_url: str, tmp_path: Path
) -> None:
    with EvaluatorServer() as evaluator:
        shared = {"DATABASE_URL": postgresql_url, "EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        request = make_request(evaluation_url=evaluator.url)
        with Service(tmp_path / "a", FAILPOINT="publish:before", **shared) as dying:
            job_id = dying.post(request, prefer="respond-async").json()["job_id"]
            assert dying.wait() == 137
        with Service(tmp_path / "b", **shared) as surviving:
            job = surviving.finished(job_id)

        assert job["status"] == "succeeded", job
        (folder,) = [path for path in (tmp_path / "b").iterdir() if path.name != ".pipeline"]
        assert commits(folder) == [job["commit_sha"]]
        assert [stage["stage"] for stage in job["stages"]].count("generate") == 1
        assert len(evaluator.requests) == 1
