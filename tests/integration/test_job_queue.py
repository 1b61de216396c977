"""What the queue takes, refuses, finds and sends again, on real databases."""

import asyncio
from dataclasses import replace

import pytest

from pipeline.domain.brief import Wishes
from pipeline.domain.errors import Busy, InvalidInput, KeyReused, NotFound, PublishFailed, Unavailable
from pipeline.domain.job import JobStatus
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Target
from pipeline.jobs.database import Database
from pipeline.ports import Progress
from tests.builders import make_attachment, make_brief
from tests.integration.jobs_rig import SECONDS, Work, finished, working


async def test_the_same_request_twenty_times_at_once_is_one_job(database: Database) -> None:
    work = Work()
    async with working(database, work) as jobs:
        accepted = await asyncio.gather(*(jobs.accept(make_brief()) for _ in range(20)))
        await jobs.wait(accepted[0][0].id, SECONDS)

        assert len({job.id for job, _ in accepted}) == 1
        assert sum(is_new for _, is_new in accepted) == 1
        assert len(work.done) == 1


async def test_a_used_key_with_another_body_is_refused(database: Database) -> None:
    async with working(database, Work()) as jobs:
        await jobs.accept(make_brief())
        with pytest.raises(KeyReused):
            await jobs.accept(make_brief(text="Something else."))


async def test_a_full_queue_refuses_and_writes_nothing(database: Database) -> None:
    release = asyncio.Event()

    async def block(_progress: Progress) -> str:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return ""

    async with working(database, Work(block), waiting=1, concurrency=1) as jobs:
        running, _ = await jobs.accept(make_brief(task="running"))
        while (await jobs.get(running.id)).status is JobStatus.WAITING:
            await asyncio.sleep(0.01)
        await jobs.accept(make_brief(task="waiting"))
        refused = make_brief(task="refused", attachments=(make_attachment(content=b"refused bytes"),))
        with pytest.raises(Busy) as busy:
            await jobs.accept(refused)

        assert busy.value.retry_after_seconds > 0
        with pytest.raises(NotFound):
            await jobs.get(refused.key.job_id)
        release.set()


async def test_jobs_are_found_newest_first_page_by_page(database: Database) -> None:
    async with working(database, Work()) as jobs:
        accepted = [(await jobs.accept(make_brief(task=f"task {number}")))[0] for number in range(5)]
        first, cursor = await jobs.find(limit=3)
        rest, end = await jobs.find(limit=3, cursor=cursor)
        (only,), _ = await jobs.find(task="task 2")

        assert [job.id for job in first + rest] == [job.id for job in reversed(accepted)]
        assert end is None
        assert only.key.task == "task 2"
        with pytest.raises(InvalidInput):
            await jobs.find(cursor="' OR 1=1")


async def test_a_target_that_is_not_set_up_is_refused(database: Database) -> None:
    async with working(database, Work()) as jobs:
        with pytest.raises(InvalidInput) as refusal:
            await jobs.accept(make_brief(target=Target.HF_SPACE))
        assert refusal.value.problems[0].field == "target"


async def test_wishes_are_kept_within_the_limits_and_shown_in_the_job(database: Database) -> None:
    async with working(database, Work()) as queue:
        wishes = Wishes("a", 0.25, 20)
        job, _ = await queue.accept(make_brief(wishes=wishes))
        assert (await queue.get(job.id)).wishes == job.wishes == wishes
        assert (job.deadline - job.received_at).total_seconds() == 20
        with pytest.raises(KeyReused):
            await queue.accept(make_brief(wishes=replace(wishes, max_usd=0.3)))
        with pytest.raises(InvalidInput) as refusal:
            await queue.accept(make_brief(nonce="other", wishes=Wishes("b", 1.0, 61)))
        assert [problem.field for problem in refusal.value.problems] == ["model", "max_usd", "deadline_seconds"]


async def test_a_draining_service_takes_nothing(database: Database) -> None:
    async with working(database, Work()) as jobs:
        jobs.is_draining = True
        with pytest.raises(Unavailable):
            await jobs.accept(make_brief())


async def test_redelivery_is_refused_while_nothing_is_published(database: Database) -> None:
    async def refuse(_progress: Progress) -> str:
        raise PublishFailed("no")

    brief = make_brief(evaluation_url="https://example.com/notify")
    async with working(database, Work(refuse)) as jobs:
        accepted = await finished(jobs, brief)
        with pytest.raises(InvalidInput):
            await jobs.redeliver(accepted.id)


async def test_redelivery_of_a_published_job_reports_its_state(database: Database) -> None:
    brief = make_brief(evaluation_url="https://example.com/notify")
    async with working(database, Work()) as jobs:
        accepted = await finished(jobs, brief)
        assert (await jobs.redeliver(accepted.id)).notification is DeliveryState.DELIVERED
