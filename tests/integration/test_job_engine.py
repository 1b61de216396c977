"""The engine and its worker on real databases."""

import asyncio
from pathlib import Path

import pytest

from pipeline.domain.errors import PublishFailed
from pipeline.domain.job import EventKind, JobStatus, Stage
from pipeline.jobs import engine
from pipeline.jobs.database import Database
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Progress
from tests.builders import make_attachment, make_brief
from tests.integration.jobs_rig import SECONDS, Work, finished, working

AGES = 3600.0  # no test waits for a look at the queue that is so far off


async def test_an_accepted_brief_is_worked_on_and_its_timeline_tells_each_stage(database: Database) -> None:
    brief = make_brief(attachments=(make_attachment(),))
    async with working(database, Work()) as jobs:
        accepted, is_new = await jobs.accept(brief)
        job = await jobs.wait(accepted.id, SECONDS)
        events = await jobs.events(job.id)
        assert is_new
        assert job.status is JobStatus.SUCCEEDED
        assert job.finished_at is not None
        assert job.made.generator == "plain"
        assert await jobs.brief(job.id) == brief
        assert [(event.kind, event.stage) for event in events] == [
            (EventKind.FINISHED, Stage.ACCEPT),
            (EventKind.STATUS, None),
            (EventKind.STARTED, Stage.GENERATE),
            (EventKind.FINISHED, Stage.GENERATE),
            (EventKind.STATUS, None),
        ]


async def test_a_stage_whose_time_is_up_tells_what_was_heard_of_it_last(database: Database) -> None:
    async def build(progress: Progress) -> str:
        progress("the Space is in stage BUILDING")
        await asyncio.sleep(SECONDS)
        return "built"

    async with working(database, Work(build, seconds=0.5)) as jobs:
        job = await finished(jobs)
        assert job.failure is not None
        assert job.failure.code == "deadline_exceeded"
        assert job.failure.message.endswith("the Space is in stage BUILDING")


async def test_a_stage_that_fails_ends_the_job_with_its_stage_code_and_words(database: Database) -> None:
    async def refuse(_progress: Progress) -> str:
        raise PublishFailed("the target said no")

    async with working(database, Work(refuse)) as jobs:
        job = await finished(jobs)
        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert (job.failure.stage, job.failure.code) == (Stage.GENERATE, "publish_failed")
        assert job.failure.message == "the target said no"


async def test_a_bug_ends_the_job_on_record_without_telling_its_insides(database: Database) -> None:
    async def stumble(_progress: Progress) -> str:
        raise RuntimeError("inner detail")

    async with working(database, Work(stumble)) as jobs:
        job = await finished(jobs)
        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert job.failure.code == "internal_error"
        assert "inner detail" not in job.failure.message


async def test_a_running_job_can_be_cancelled(database: Database) -> None:
    async def hang(_progress: Progress) -> str:
        await asyncio.sleep(3600)
        return ""

    work = Work(hang)
    async with working(database, work) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        while (await jobs.get(accepted.id)).status is JobStatus.WAITING:
            await asyncio.sleep(0.01)
        cancelled = await jobs.cancel(accepted.id)
        assert cancelled.status is JobStatus.CANCELLED
        assert (await jobs.cancel(accepted.id)).status is JobStatus.CANCELLED
        assert work.done == []


async def test_watching_yields_every_event_in_order_and_ends_with_the_job(database: Database) -> None:
    async def tell(progress: Progress) -> str:
        progress("index.html, 3 KB")
        return ""

    async with working(database, Work(tell)) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        seen = [event async for event in jobs.watch(accepted.id) if event]
        assert seen == await jobs.events(accepted.id)
        assert "index.html, 3 KB" in [event.detail for event in seen]
        assert [event async for event in jobs.watch(accepted.id, after=seen[-2].id)] == seen[-1:]


async def test_nothing_runs_again_when_a_finished_service_starts_anew(database: Database) -> None:
    work = Work()
    async with working(database, work) as jobs:
        await finished(jobs)
    async with working(Database(database.url.render_as_string(hide_password=False)), work) as jobs:
        replayed, is_new = await jobs.accept(make_brief())
        assert not is_new
        assert replayed.status is JobStatus.SUCCEEDED
        assert len(work.done) == 1


# The worker is woken when there is work: it looks at the queue by itself only now and then.
@pytest.fixture
def _looks_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", AGES)


@pytest.mark.usefixtures("_looks_never")
async def test_a_job_begins_because_the_worker_is_woken(tmp_path: Path) -> None:
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        for number in range(3):
            assert (await finished(jobs, make_brief(task=f"task {number}"))).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("_looks_never")
async def test_the_end_of_a_job_makes_place_for_the_next_one(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def block(_progress: Progress) -> str:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return ""

    async with working(Database.embedded(tmp_path), Work(block), concurrency=1) as jobs:
        accepted = [(await jobs.accept(make_brief(task=f"task {number}")))[0] for number in range(3)]
        release.set()
        for job in accepted:
            assert (await jobs.wait(job.id, SECONDS)).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("_looks_never")
async def test_what_waited_when_the_worker_ended_begins_when_it_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        with monkeypatch.context() as asleep:
            asleep.setattr(Submissions, "announce", lambda _: None)
            accepted, _ = await jobs.accept(make_brief())
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        assert (await jobs.wait(accepted.id, SECONDS)).status is JobStatus.SUCCEEDED


async def test_a_job_of_which_nobody_told_is_found_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(Submissions, "announce", lambda _: None)
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        assert (await finished(jobs)).status is JobStatus.SUCCEEDED
