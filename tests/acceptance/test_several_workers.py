"""Workers on several machines share one PostgreSQL and nothing else."""

from datetime import timedelta
from pathlib import Path

from pipeline.clock import SystemClock
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.lease import LEASE_SECONDS
from tests.acceptance.service import Service, commits, make_request, repository_in
from tests.fakes.evaluator import EvaluatorServer


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
