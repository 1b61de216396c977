"""Rounds of one site are worked on one after another, and what waits for its turn holds no place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.errors import PublishFailed
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.publication import Target
from pipeline.jobs import engine, tables
from pipeline.jobs.database import Database
from pipeline.jobs.records import JobRecords
from pipeline.jobs.shares import Shares
from pipeline.jobs.stores import SqlBlobs
from pipeline.ports import Progress
from tests.builders import make_brief
from tests.integration.jobs_rig import SECONDS, Work, WorkingQueue, finished, working

SECOND = make_brief(round=2, nonce="second")
THIRD = make_brief(round=3, nonce="third")


class Site:
    """A use case that holds the first round of a site until it is let go, and notes what begins and ends."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.failure: Exception | None = None
        self.work = Work(self._effect)
        self.at_work = self.peak = 0

    async def _effect(self, _progress: Progress) -> str:
        self.at_work += 1
        self.peak = max(self.peak, self.at_work)
        while not self.goes_on.is_set():
            await asyncio.sleep(0.01)
        self.at_work -= 1
        if self.failure and not self.work.done:
            self.work.done.append(("failed", 1))
            raise self.failure
        return ""


@asynccontextmanager
async def at_work(database: Database, concurrency: int = 8) -> AsyncIterator[tuple[WorkingQueue, Site, Job]]:
    """A queue in which the first round is at work, and the job of it."""
    site = Site()
    async with working(database, site.work, concurrency=concurrency) as jobs:
        first, _ = await jobs.accept(make_brief())
        while not site.at_work:
            await asyncio.sleep(0.01)
        try:
            yield jobs, site, first
        finally:
            site.goes_on.set()


async def ended(jobs: WorkingQueue, *accepted: Job) -> list[JobStatus]:
    return [(await jobs.wait(job.id, SECONDS)).status for job in accepted]


async def test_rounds_of_one_site_are_worked_on_in_the_order_of_their_arrival(database: Database) -> None:
    async with at_work(database) as (jobs, site, first):
        later = [(await jobs.accept(brief))[0] for brief in (SECOND, THIRD)]
        site.goes_on.set()
        assert await ended(jobs, first, *later) == [JobStatus.SUCCEEDED] * 3
        assert ([number for _, number in site.work.done], site.peak) == ([1, 2, 3], 1)


@pytest.mark.parametrize("end", ["failed", "cancelled", "the waiting one cancelled"])
async def test_the_next_one_is_let_in_however_the_one_before_it_ends(database: Database, end: str) -> None:
    async with at_work(database) as (jobs, site, first):
        second, third = [(await jobs.accept(brief))[0] for brief in (SECOND, THIRD)]
        if end == "failed":
            site.failure = PublishFailed("the host said no")
        else:
            await jobs.cancel(first.id if end == "cancelled" else second.id)
        site.goes_on.set()
        good, bad = JobStatus.SUCCEEDED, JobStatus(end if end == "failed" else "cancelled")
        expected = [good, bad, good] if end.startswith("the waiting") else [bad, good, good]
        assert await ended(jobs, first, second, third) == expected


async def test_a_round_that_waits_for_its_turn_holds_no_place(database: Database) -> None:
    async with at_work(database, concurrency=2) as (jobs, site, first):
        second, _ = await jobs.accept(SECOND)
        await jobs.accept(make_brief(task="another site"))
        async with asyncio.timeout(SECONDS):
            while site.at_work < 2:
                await asyncio.sleep(0.01)
        assert (await jobs.get(second.id)).status is JobStatus.WAITING
        site.goes_on.set()
        assert await ended(jobs, first, second) == [JobStatus.SUCCEEDED] * 2


async def test_whose_time_is_up_before_its_turn_fails_with_a_word(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BEAT_SECONDS", 0.2)
    async with at_work(database) as (jobs, _, _):
        second, _ = await jobs.accept(SECOND)
        late = SystemClock().now() - timedelta(seconds=1)
        own = tables.jobs.update().where(tables.jobs.c.id == second.id).values(deadline=late)
        await database.transact(lambda connection: connection.execute(own))
        job = await jobs.wait(second.id, SECONDS)
        assert job.failure
        assert (job.failure.code, job.failure.message) == ("deadline_exceeded", engine.OUT_OF_TIME)


async def row_of(database: Database, brief: Brief) -> str:
    """A job that nobody has queued."""
    clock = SystemClock()
    records = JobRecords(database, clock, SqlBlobs(database, clock), lambda _: None, Shares(lambda *_: None))
    rules: dict[str, Any] = {"site_task": None, "notify": False, "queue_limit": 9}
    job, _ = await records.insert(brief, Target.LOCAL, deadline=timedelta(minutes=1), hold=lambda *_: None, **rules)
    return job.id


async def test_a_job_whose_turn_nobody_noticed_is_let_in_by_upkeep(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BEAT_SECONDS", 0.2)
    async with working(database, Work()) as jobs:
        await finished(jobs)
        lost = await row_of(database, SECOND)
        assert (await jobs.wait(lost, SECONDS)).status is JobStatus.SUCCEEDED
