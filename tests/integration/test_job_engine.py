"""The engine on real databases."""

import asyncio

from pipeline.domain.errors import PublishFailed
from pipeline.domain.job import EventKind, JobStatus, Stage
from pipeline.jobs.database import Database
from pipeline.ports import Progress
from tests.builders import make_attachment, make_brief
from tests.integration.jobs_rig import SECONDS, Work, working


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
        job = await jobs.wait((await jobs.accept(make_brief()))[0].id, SECONDS)
        assert job.failure is not None
        assert job.failure.code == "deadline_exceeded"
        assert job.failure.message.endswith("the Space is in stage BUILDING")


async def test_a_stage_that_fails_ends_the_job_with_its_stage_code_and_words(database: Database) -> None:
    async def refuse(_progress: Progress) -> str:
        raise PublishFailed("the target said no")

    async with working(database, Work(refuse)) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        job = await jobs.wait(accepted.id, SECONDS)

        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert (job.failure.stage, job.failure.code) == (Stage.GENERATE, "publish_failed")
        assert job.failure.message == "the target said no"


async def test_a_bug_ends_the_job_on_record_without_telling_its_insides(database: Database) -> None:
    async def stumble(_progress: Progress) -> str:
        raise RuntimeError("inner detail")

    async with working(database, Work(stumble)) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        job = await jobs.wait(accepted.id, SECONDS)

        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert job.failure.code == "internal_error"
        assert "inner detail" not in job.failure.message


async def test_rounds_of_one_site_are_worked_on_one_after_another(database: Database) -> None:
    started: list[str] = []

    async def note(_progress: Progress) -> str:
        started.append("in")
        await asyncio.sleep(0.2)
        started.append("out")
        return ""

    work = Work(note)
    async with working(database, work) as jobs:
        await jobs.accept(make_brief())
        second, _ = await jobs.accept(make_brief(round=2, nonce="second"))
        await jobs.wait(second.id, SECONDS)

        assert work.done == [(make_brief().task, 1), (make_brief().task, 2)]
        assert started == ["in", "out", "in", "out"]


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
        accepted, _ = await jobs.accept(make_brief())
        await jobs.wait(accepted.id, SECONDS)
    async with working(Database(database.url.render_as_string(hide_password=False)), work) as jobs:
        replayed, is_new = await jobs.accept(make_brief())
        assert not is_new
        assert replayed.status is JobStatus.SUCCEEDED
        assert len(work.done) == 1
