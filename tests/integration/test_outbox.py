"""Telling evaluators after a job has ended, and not before it was answered, on real databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.address import Origin
from pipeline.domain.job import EventKind, Job, JobStatus, Stage
from pipeline.domain.notification import SLOW_DELAY_SECONDS, DeliveryState, Trigger
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE
from tests.builders import EMAIL, make_brief
from tests.integration.jobs_rig import SECONDS, Work, WorkingQueue, finished, working

URL = "https://example.com/notify"
LATER = timedelta(hours=1)


async def change(database: Database, **values: Any) -> None:
    """Change all jobs."""
    statement = tables.jobs.update().values(values)
    await database.transact(lambda connection: connection.execute(statement))


async def settled(jobs: WorkingQueue, job_id: str, *states: DeliveryState) -> Job:
    """The job, once telling has come to one of ``states``; delivered when none is named."""
    async with asyncio.timeout(SECONDS):
        while (job := await jobs.get(job_id)).notification not in (states or (DeliveryState.DELIVERED,)):
            await asyncio.sleep(0.02)
    return job


async def test_what_is_not_told_yet_is_told_by_a_timer_when_the_job_has_ended(database: Database) -> None:
    async with working(database, Work(), script=[400]) as jobs:
        job = await finished(jobs, make_brief(evaluation_url=URL))
        assert job.status is JobStatus.SUCCEEDED
        job = await settled(jobs, job.id)
        assert [(each.status, each.trigger) for each in job.deliveries] == [(400, "scheduled"), (200, "scheduled")]
        assert job.next_attempt_at is None


async def test_after_the_deadline_attempts_are_ten_minutes_apart_and_then_it_is_a_dead_letter(
    database: Database,
) -> None:
    async with working(database, Work(), script=[500] * 3, retry_time=LATER) as jobs:
        now = SystemClock().now()
        job = await finished(jobs, make_brief(evaluation_url=URL))
        while not (await jobs.get(job.id)).deliveries:
            await asyncio.sleep(0.02)
        await change(database, deadline=now, next_attempt_at=now + LATER)
        await jobs.outbox.tell_due(job.id)
        job = await jobs.get(job.id)
        assert job.next_attempt_at is not None
        assert 0 <= (job.next_attempt_at - job.deliveries[-1].at).total_seconds() - SLOW_DELAY_SECONDS < 1
        await change(database, deadline=now - LATER + timedelta(seconds=500))
        await jobs.outbox.tell_due(job.id)
        job = await jobs.get(job.id)
        assert (job.notification, job.next_attempt_at) == (DeliveryState.DEAD_LETTER, None)


async def test_what_was_to_be_told_outlives_the_process(database: Database) -> None:
    async with working(database, Work(), script=[500]) as jobs:
        job = await finished(jobs, make_brief(evaluation_url=URL))
        while not (await jobs.get(job.id)).deliveries:
            await asyncio.sleep(0.02)
    async with working(Database(database.url.render_as_string(hide_password=False)), Work()) as jobs:
        assert len((await settled(jobs, job.id)).deliveries) == 2


async def test_a_refusal_that_will_not_heal_ends_it(database: Database) -> None:
    async with working(database, Work(), script=[410]) as jobs:
        job = await finished(jobs, make_brief(evaluation_url=URL))
        assert len((await settled(jobs, job.id, DeliveryState.DEAD_LETTER)).deliveries) == 1


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({}, ["a", "b"]),
        ({"email": EMAIL}, ["a"]),
        ({"origin": Origin("https", "b.example.com", 443)}, ["b"]),
        ({"origin": Origin("https", "b.example.com", 8443)}, []),
        ({"since": SystemClock().now() + LATER}, []),
        ({"since": SystemClock().now() - LATER, "email": "bob@example.com"}, ["b"]),
    ],
)
async def test_dead_letters_are_sent_again_all_or_those_that_are_chosen(
    database: Database, chosen: dict[str, Any], told: list[str]
) -> None:
    async with working(database, Work(), script=[410, 410]) as jobs:
        for nonce, email in (("a", EMAIL), ("b", "bob@example.com")):
            url = f"https://{nonce}.example.com/notify#!/view/{nonce}"
            job = await finished(jobs, make_brief(nonce=nonce, email=email, evaluation_url=url))
            await settled(jobs, job.id, DeliveryState.DEAD_LETTER)
        assert await jobs.retry_dead_letters(**chosen) == len(told)
        while len(jobs.notifier.told) < 2 + len(told):
            await asyncio.sleep(0.02)
        assert sorted(nonce for nonce, _, _ in jobs.notifier.told[2:]) == told
        assert {trigger for _, _, trigger in jobs.notifier.told[2:]} <= {Trigger.MANUAL}


@pytest.mark.parametrize(
    ("script", "states"), [([410, 500], ["dead_letter"]), ([410, 200], ["delivered"]), ([200, 500], ["delivered"])]
)
async def test_what_was_given_up_or_delivered_stays_so_when_telling_by_hand_fails(
    database: Database, script: list[int], states: list[str]
) -> None:
    async with working(database, Work(), script=script) as jobs:
        job = await finished(jobs, make_brief(evaluation_url=URL))
        await settled(jobs, job.id, DeliveryState.DEAD_LETTER, DeliveryState.DELIVERED)
        job = await jobs.redeliver(job.id)
        assert [job.notification] == states
        assert (job.next_attempt_at, job.deliveries[-1].trigger) == (None, Trigger.MANUAL)


async def test_nobody_is_told_by_a_timer_before_the_answers_have_been_sent(database: Database) -> None:
    async with working(database, Work()) as jobs:
        brief = make_brief(evaluation_url=URL)
        for reply in ("one", "two"):
            job, _ = await jobs.accept(brief, reply=reply)
        job = await jobs.wait(job.id, SECONDS, "one")
        await jobs.reply_sent("one")
        await asyncio.sleep(0.3)
        assert jobs.notifier.told == []
        await jobs.reply_sent("two")
        await settled(jobs, job.id)


@pytest.mark.parametrize("long_ago", ["the answer was last heard of", "the app went live"])
async def test_telling_does_not_wait_for_an_answer_whose_sender_has_died_nor_for_ever(
    database: Database, long_ago: str
) -> None:
    async with working(database, Work()) as jobs:
        job, _ = await jobs.accept(make_brief(evaluation_url=URL), reply="one")
        await jobs.wait(job.id, SECONDS)
        await asyncio.sleep(0.2)
        assert jobs.notifier.told == []
        if long_ago == "the app went live":
            await change(database, live_at=SystemClock().now() - LATER)
        else:
            run_out = tables.replies.update().values(until=SystemClock().now())
            await database.transact(lambda connection: connection.execute(run_out))
        jobs.feed.publish(DUE)
        await settled(jobs, job.id)


async def test_who_waits_long_holds_the_callback_all_that_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.jobs.replies.HOLD_SECONDS", 0.5)
    monkeypatch.setattr("pipeline.jobs.queue.RENEW_SECONDS", 0.1)
    monkeypatch.setattr("pipeline.jobs.queue.LOOK_SECONDS", 0.05)

    async def work_long(_progress: object) -> str:
        await asyncio.sleep(1.2)
        return ""

    async with working(database, Work(work_long)) as jobs:
        job, _ = await jobs.accept(make_brief(evaluation_url=URL), reply="one")
        answering = asyncio.create_task(jobs.wait(job.id, SECONDS, "one"))
        await asyncio.sleep(1)
        assert (await answering).status is JobStatus.SUCCEEDED
        await asyncio.sleep(0.1)
        assert jobs.notifier.told == []
        await jobs.reply_sent("one")
        await settled(jobs, job.id)


async def watched(jobs: WorkingQueue, job: Job) -> list[tuple[Stage | None, EventKind]]:
    return [(event.stage, event.kind) async for event in jobs.watch(job.id) if event]


async def test_who_watches_sees_the_evaluator_told_though_the_job_has_ended(database: Database) -> None:
    async with working(database, Work(), script=[500]) as jobs:
        jobs.notifier.may_answer.clear()
        job = await finished(jobs, make_brief(evaluation_url=URL))
        watching = asyncio.create_task(watched(jobs, job))
        while not jobs.notifier.told:
            await asyncio.sleep(0.02)
        assert not watching.done()
        jobs.notifier.may_answer.set()
        assert (await watching)[-2:] == [(Stage.NOTIFY, EventKind.STARTED), (Stage.NOTIFY, EventKind.FINISHED)]
        assert (await jobs.get(job.id)).notification is DeliveryState.DELIVERED


@pytest.mark.parametrize("ends", ["the next attempt is after the deadline", "the deadline has passed"])
async def test_who_watches_does_not_wait_for_what_is_told_slowly(database: Database, ends: str) -> None:
    async with working(database, Work(), script=[500]) as jobs:
        now = SystemClock().now()
        jobs.notifier.may_answer.clear()
        job = await finished(jobs, make_brief(evaluation_url=URL))
        while not jobs.notifier.told:
            await asyncio.sleep(0.02)
        watching = asyncio.create_task(watched(jobs, job))
        if ends == "the deadline has passed":
            await change(database, deadline=now)
        else:
            await change(database, next_attempt_at=now + LATER)
        async with asyncio.timeout(SECONDS):
            assert (await watching)[-1] == (Stage.NOTIFY, EventKind.STARTED)
