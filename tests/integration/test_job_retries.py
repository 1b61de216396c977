"""Jobs that ended without success are taken up again where they failed, on real databases."""

import asyncio

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.conversation import Finish, Reply
from pipeline.domain.errors import Busy, Conflict, NotFound, PublishFailed
from pipeline.domain.generation import Made
from pipeline.domain.job import Job, JobStatus, Stage
from pipeline.domain.verdict import Seen
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.ledger import SqlLedger
from pipeline.ports import Checkpoint, Progress
from tests.builders import make_brief, make_publication
from tests.integration.jobs_rig import SECONDS, WorkingQueue, finished, working


class TwoStages:
    """A use case that generates and publishes; publishing fails as often as ``failures`` say, or ``hangs``."""

    def __init__(self, failures: int = 1, hangs: int = 0) -> None:
        self.failures, self.hangs = failures, hangs
        self.done: list[str] = []
        self.published = asyncio.Event()

    async def __call__(self, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        async def generate(_progress: Progress) -> str:
            self.done.append(f"generate {brief.nonce}")
            return "an app"

        async def publish(_progress: Progress) -> str:
            self.done.append(f"publish {brief.nonce}")
            if self.hangs:
                self.hangs -= 1
                await asyncio.sleep(3600)
            if self.failures:
                self.failures -= 1
                raise PublishFailed("the target said no")
            return "live"

        assert await checkpoint(Stage.GENERATE, generate, str, job.seconds_left(SystemClock().now())) == "an app"
        await checkpoint(Stage.PUBLISH, publish, str, job.seconds_left(SystemClock().now()))
        await checkpoint.report(Made(generator="plain"), Seen(), "0" * 64, make_publication())


async def retried(jobs: WorkingQueue, job: Job) -> Job:
    taken_up = await jobs.retry(job.id)
    assert (taken_up.failure, taken_up.finished_at) == (None, None)
    return await jobs.wait(job.id, SECONDS)


async def test_a_failed_job_goes_on_at_the_stage_that_failed_within_a_new_deadline(database: Database) -> None:
    work = TwoStages(failures=2)
    async with working(database, work) as jobs:
        failed = await finished(jobs, make_brief(nonce="n1"))
        again = await retried(jobs, failed)
        assert (again.status, again.attempt) == (JobStatus.FAILED, 1)
        done = await retried(jobs, again)
        answer, is_new = await jobs.accept(make_brief(nonce="n1"))

    assert (answer, is_new) == (done, False)
    assert (done.status, done.attempt, done.failure) == (JobStatus.SUCCEEDED, 2, None)
    assert done.deadline > failed.deadline
    assert done.received_at == failed.received_at
    assert work.done == ["generate n1", "publish n1", "publish n1", "publish n1"]


async def test_a_job_cancelled_in_a_stage_is_taken_up_by_that_stage(database: Database) -> None:
    work = TwoStages(failures=0, hangs=1)
    async with working(database, work) as jobs:
        accepted, _ = await jobs.accept(make_brief(nonce="n1"))
        async for _ in jobs.watch(accepted.id):
            if len(work.done) == 2:
                break
        cancelled = await jobs.cancel(accepted.id)
        done = await retried(jobs, cancelled)

    assert (cancelled.status, done.status) == (JobStatus.CANCELLED, JobStatus.SUCCEEDED)
    assert work.done == ["generate n1", "publish n1", "publish n1"]


async def test_what_has_succeeded_or_not_ended_or_never_was_is_not_run_again(database: Database) -> None:
    work = TwoStages(failures=0)
    async with working(database, work) as jobs:
        done = await finished(jobs, make_brief(nonce="n1"))
        with pytest.raises(Conflict, match="has succeeded"):
            await jobs.retry(done.id)
        work.hangs = 1
        running, _ = await jobs.accept(make_brief(nonce="n2"))
        with pytest.raises(Conflict, match="has not ended"):
            await jobs.retry(running.id)
        with pytest.raises(NotFound):
            await jobs.retry("0" * 32)
        jobs.is_draining = True


async def test_a_job_that_was_taken_up_again_survives_the_death_of_its_process(database: Database) -> None:
    work = TwoStages(failures=1)
    async with working(database, work) as jobs:
        failed = await finished(jobs, make_brief(nonce="n1"))
        work.hangs = 1
        await jobs.retry(failed.id)
        async for _ in jobs.watch(failed.id):
            if len(work.done) == 3:
                break
    async with working(Database(database.url.render_as_string(hide_password=False)), work) as jobs:
        assert (await jobs.wait(failed.id, SECONDS)).status is JobStatus.SUCCEEDED
    assert work.done == ["generate n1", "publish n1", "publish n1", "publish n1"]


async def test_all_that_failed_are_run_again_as_far_as_there_is_room(database: Database) -> None:
    work = TwoStages(failures=3)
    async with working(database, work, waiting=1, concurrency=1) as jobs:
        failed = [await finished(jobs, make_brief(task=f"t{number}", nonce=f"n{number}")) for number in range(3)]
        work.hangs = 1
        with pytest.raises(Busy, match=r"[12] jobs are run again, then the queue was full"):
            await jobs.retry_failed()
        assert {(await jobs.get(job.id)).status for job in failed} > {JobStatus.FAILED}
        assert await jobs.retry_failed(email="nobody@example.com") == 0
        assert await jobs.retry_failed(since=SystemClock().now()) == 0


async def test_a_job_that_shares_an_app_is_run_again_together_with_the_first(database: Database) -> None:
    work, url = TwoStages(failures=0, hangs=1), "https://example.com/notify"
    async with working(database, work) as jobs:
        first, _ = await jobs.accept(make_brief(evaluation_url=url, nonce="n1"))
        second, _ = await jobs.accept(make_brief(evaluation_url=url, nonce="n2"))
        async for _ in jobs.watch(first.id):
            if len(work.done) == 2:
                break
        work.failures = 1
        await jobs.cancel(first.id)
        assert (await jobs.get(second.id)).status is JobStatus.CANCELLED
        failed = await retried(jobs, await jobs.get(second.id))
        assert (failed.status, failed.leader) == (JobStatus.FAILED, first.id)
        await retried(jobs, await jobs.get(first.id))
        ended = [await jobs.wait(job.id, SECONDS) for job in (first, second)]

    assert [job.status for job in ended] == [JobStatus.SUCCEEDED] * 2
    assert set(work.done) == {"generate n1", "publish n1"}


async def test_a_round_that_is_run_again_waits_for_the_one_that_came_behind_it(database: Database) -> None:
    work = TwoStages(failures=1)
    async with working(database, work) as jobs:
        first = await finished(jobs, make_brief(nonce="n1"))
        work.hangs = 1
        second, _ = await jobs.accept(make_brief(round=2, nonce="n2"))
        async for _ in jobs.watch(second.id):
            if "publish n2" in work.done:
                break
        await jobs.retry(first.id)
        await jobs.cancel(second.id)
        assert (await jobs.wait(first.id, SECONDS)).status is JobStatus.SUCCEEDED
    assert work.done[-3:] == ["generate n2", "publish n2", "publish n1"]


async def test_the_last_answer_of_a_model_stays_on_the_bill_but_is_not_taken_again(database: Database) -> None:
    async with working(database, TwoStages()) as jobs:
        failed = await finished(jobs, make_brief(nonce="n1"))
        ledger = SqlLedger(database, SystemClock())
        for digest in ("good", "useless"):
            reply = Reply(text=digest, finish=Finish.COMPLETE, asked="m", answered="m")
            await ledger.finish(await ledger.begin(failed.id, digest, "m"), reply)
        await retried(jobs, failed)
        assert await ledger.recall(failed.id, "good")
        assert await ledger.recall(failed.id, "useless") is None
        rows = sa.select(sa.func.count()).select_from(tables.model_calls)
        assert await database.transact(lambda connection: connection.execute(rows).scalar_one()) == 2
