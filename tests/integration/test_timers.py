"""Work that waits in the database for its time, and apps that are looked at after they were told of."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.errors import NotLive
from pipeline.domain.job import Job, JobStatus
from pipeline.jobs import late_looks, tables, timers
from pipeline.jobs.database import Database
from pipeline.jobs.feed import DUE, JobFeed
from pipeline.jobs.timers import AT_ONCE, Timer, forget_claims
from tests.builders import EMAIL, make_brief
from tests.integration.jobs_rig import SECONDS, Work, WorkingQueue, finished, working
from tests.integration.test_outbox import change

JOBS = 24
COLUMN = tables.jobs.c.next_attempt_at


class Handler:
    """Remembers the jobs that it was given; the first ones fail."""

    def __init__(self, database: Database, failures: int = 0) -> None:
        self.given: list[str] = []
        self.at_once = self.peak = 0
        self._database = database
        self._failures = failures

    async def __call__(self, job_id: str) -> None:
        self.given.append(job_id)
        if len(self.given) <= self._failures:
            raise NotLive("not now")
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        await asyncio.sleep(0.05)
        self.at_once -= 1
        done = tables.jobs.update().where(tables.jobs.c.id == job_id).values(next_attempt_at=None)
        await self._database.transact(lambda connection: connection.execute(done))


async def jobs_that_are_due(database: Database, count: int) -> list[str]:
    async with working(database, Work()) as jobs:
        ended = [(await finished(jobs, make_brief(task=f"task {number}"))).id for number in range(count)]
    database = again(database)
    await change(database, next_attempt_at=SystemClock().now())
    database.close()
    return ended


def again(database: Database) -> Database:
    return Database(database.url.render_as_string(hide_password=False))


async def test_each_job_is_handled_once_by_whatever_process_and_few_at_once(database: Database) -> None:
    due = await jobs_that_are_due(database, JOBS)
    processes = [again(database) for _ in range(2)]
    handlers = [Handler(process) for process in processes]
    both = [
        Timer(process, JobFeed(), SystemClock(), COLUMN, handler, claim_seconds=60)
        for process, handler in zip(processes, handlers, strict=True)
    ]
    for timer in both:
        timer.start()
    while sum(len(handler.given) for handler in handlers) < JOBS:
        await asyncio.sleep(0.02)
    for timer, process in zip(both, processes, strict=True):
        await timer.stop(SECONDS)
        process.close()
    assert sorted(handlers[0].given + handlers[1].given) == sorted(due)
    assert max(handler.peak for handler in handlers) <= AT_ONCE


def told_before(*job_ids: str) -> list[dict[str, Any]]:
    """Rows of an attempt at each."""
    common = {"attempt": 1, "at": SystemClock().now(), "status": 500, "seconds": 0.0, "response": ""}
    return [{"job_id": job_id, **common} for job_id in job_ids]


async def test_in_a_lane_first_attempts_go_before_repeats_and_owners_take_turns(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "AT_ONCE", 2)
    names = {job_id: f"a{number}" for number, job_id in enumerate(await jobs_that_are_due(database, 6))}
    database = again(database)
    ids = {name: job_id for job_id, name in names.items()}
    now = SystemClock().now()

    def work(connection: sa.Connection) -> None:
        connection.execute(tables.deliveries.insert(), told_before(ids["a0"], ids["a1"]))
        for number, (name, job_id) in enumerate(ids.items()):
            email = "bob@example.com" if name in {"a1", "a5"} else EMAIL
            due = {"email": email, "next_attempt_at": now - timedelta(seconds=60 - number)}
            connection.execute(tables.jobs.update().where(tables.jobs.c.id == job_id).values(due))

    await database.transact(work)
    handler = Handler(database)
    is_repeat = sa.exists().where(tables.deliveries.c.job_id == tables.jobs.c.id)
    timer = Timer(database, JobFeed(), SystemClock(), COLUMN, handler, claim_seconds=60, is_repeat=is_repeat)
    timer.start()
    while len(handler.given) < len(ids):
        await asyncio.sleep(0.02)
    await timer.stop(SECONDS)
    database.close()
    given = [names[job_id] for job_id in handler.given]
    assert (given[:4], sorted(given[4:])) == (["a2", "a5", "a3", "a4"], ["a0", "a1"])


async def test_who_has_most_at_work_waits_for_who_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "AT_ONCE", 2)
    ids = await jobs_that_are_due(Database.embedded(tmp_path), 4)
    database, feed, clock = Database.embedded(tmp_path), JobFeed(), SystemClock()
    given: list[str] = []
    first_ends, all_end = asyncio.Event(), asyncio.Event()

    async def handle(job_id: str) -> None:
        given.append(job_id)
        await (first_ends if job_id == ids[0] else all_end).wait()
        done = tables.jobs.update().where(tables.jobs.c.id == job_id).values(next_attempt_at=None)
        await database.transact(lambda connection: connection.execute(done))

    for job_id, at in zip(ids, (-9, -8, -7, 3600), strict=True):
        values: dict[str, Any] = {"next_attempt_at": clock.now() + timedelta(seconds=at)}
        if job_id == ids[3]:
            values["email"] = "bob@example.com"
        own = tables.jobs.update().where(tables.jobs.c.id == job_id).values(values)
        database.transact_now(lambda connection, own=own: connection.execute(own))  # type: ignore[misc]
    timer = Timer(database, feed, clock, COLUMN, handle, claim_seconds=60)
    timer.start()
    while len(given) < 2:
        await asyncio.sleep(0.02)
    later = tables.jobs.update().where(tables.jobs.c.id == ids[3]).values(next_attempt_at=clock.now())
    await database.transact(lambda connection: connection.execute(later))
    first_ends.set()
    while len(given) < 3:
        await asyncio.sleep(0.02)
    all_end.set()
    await timer.stop(SECONDS)
    database.close()
    assert given[:3] == [ids[0], ids[1], ids[3]]


async def test_what_a_process_had_claimed_is_free_when_the_only_one_starts_again(database: Database) -> None:
    (due,) = await jobs_that_are_due(database, 1)
    database = again(database)
    await change(database, claimed_until=SystemClock().now() + timedelta(hours=1))
    await forget_claims(database)
    handler = Handler(database)
    timer = Timer(database, JobFeed(), SystemClock(), COLUMN, handler, claim_seconds=60)
    timer.start()
    while not handler.given:
        await asyncio.sleep(0.02)
    await timer.stop(SECONDS)
    database.close()
    assert handler.given == [due]


async def test_what_failed_is_taken_up_again_when_its_claim_is_over(database: Database) -> None:
    (due,) = await jobs_that_are_due(database, 1)
    database = again(database)
    handler = Handler(database, failures=1)
    timer = Timer(database, JobFeed(), SystemClock(), COLUMN, handler, claim_seconds=0.2)
    timer.start()
    while len(handler.given) < 2:
        await asyncio.sleep(0.02)
    await timer.stop(SECONDS)
    database.close()
    assert handler.given == [due, due]


async def noted(jobs: WorkingQueue, job_id: str, words: str) -> Job:
    async with asyncio.timeout(SECONDS):
        while not any(words in note for note in (await jobs.get(job_id)).made.notes):
            await asyncio.sleep(0.02)
    return await jobs.get(job_id)


async def test_an_app_that_was_told_of_unconfirmed_is_looked_at_until_it_is_seen(database: Database) -> None:
    looks: list[NotLive | bool] = [NotLive("no answer"), False, True]

    async def is_served(_job: Job, files: str) -> bool:
        assert files == "0" * 64
        look = looks.pop(0)
        if isinstance(look, NotLive):
            raise look
        return look

    work = Work()
    work.publication = replace(work.publication, is_unconfirmed=True)
    async with working(database, work, is_served=is_served) as jobs:
        job = await finished(jobs)
        assert job.status is JobStatus.SUCCEEDED
        while looks:
            with suppress(TimeoutError):
                await change(database, next_look_at=SystemClock().now())
                jobs.feed.publish(DUE)
                await asyncio.sleep(0.1)
        job = await noted(jobs, job.id, "seen live at")
        assert job.publication == replace(work.publication, is_unconfirmed=False)
        assert sum("seen live" in event.detail for event in await jobs.events(job.id)) == 1


async def test_looking_ends_after_half_an_hour_and_the_job_says_so(database: Database) -> None:
    work = Work()
    work.publication = replace(work.publication, is_unconfirmed=True)
    async with working(database, work) as jobs:
        job = await finished(jobs)
        now = SystemClock().now()
        await change(database, live_at=now - timedelta(minutes=late_looks.MINUTES), next_look_at=now)
        jobs.feed.publish(DUE)
        job = await noted(jobs, job.id, "was not seen live within 30 minutes")
        assert job.status is JobStatus.SUCCEEDED
