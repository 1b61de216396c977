"""Owners take turns, and none has more waiting, at work, or spent than it may."""

import asyncio
from collections import Counter

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.conversation import Finish, Reply
from pipeline.domain.errors import Busy
from pipeline.domain.generation import Usage
from pipeline.domain.job import Job, JobStatus
from pipeline.jobs.database import Database
from pipeline.jobs.ledger import SqlLedger
from pipeline.jobs.shares import OwnerLimits
from pipeline.ports import Checkpoint
from tests.builders import make_brief
from tests.integration.jobs_rig import SECONDS, WorkingQueue, working

DAY = 86_400


class Turns:
    """The use case: notes whose jobs begin, and waits at each until it is let go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.at_work: Counter[str] = Counter()
        self.most_at_work: Counter[str] = Counter()
        self.door = asyncio.Event()

    async def __call__(self, job: Job, _brief: Brief, _checkpoint: Checkpoint) -> None:
        owner = job.key.email[0]
        self.begun.append(job.key.nonce)
        self.at_work[owner] += 1
        self.most_at_work[owner] = max(self.most_at_work[owner], self.at_work[owner])
        while not self.door.is_set():
            await asyncio.sleep(0.01)
        self.at_work[owner] -= 1


async def post(jobs: WorkingQueue, *nonces: str) -> list[Job]:
    """One job for each; the first letter tells the owner."""
    briefs = [make_brief(email=f"{nonce[0]}@example.com", task=nonce, nonce=nonce) for nonce in nonces]
    return [(await jobs.accept(brief))[0] for brief in briefs]


@pytest.mark.parametrize(
    ("posted", "order"),
    [
        ("a1 a2 a3 a4, b1", "a1 a2 b1 a3 a4"),
        ("a1 a2 a3 b1 b2 c1", "a1 a2 b1 c1 a3 b2"),
        ("a1 b1 a2 b2", "a1 b1 a2 b2"),
    ],
)
async def test_owners_take_turns_whoever_has_posted_more(posted: str, order: str, database: Database) -> None:
    """What stands behind a comma is posted when the first job is at work."""
    turns = Turns()
    async with working(database, turns, concurrency=1) as jobs:
        first, _, later = posted.partition(",")
        accepted = await post(jobs, first.split()[0])
        while not turns.begun:
            await asyncio.sleep(0.01)
        accepted += await post(jobs, *first.split()[1:], *later.split())
        turns.door.set()
        for job in accepted:
            assert (await jobs.wait(job.id, SECONDS)).status is JobStatus.SUCCEEDED
    assert turns.begun == order.split()


async def test_of_one_owner_no_more_are_at_work_than_may_be_and_all_get_done(database: Database) -> None:
    turns = Turns()
    async with working(database, turns, concurrency=8, limits=OwnerLimits(running=2)) as jobs:
        posted = await post(jobs, *(f"a{number}" for number in range(6)), "b1", "b2", "b3")
        while len(turns.begun) < 4:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert turns.at_work == {"a": 2, "b": 2}
        turns.door.set()
        ended = [await jobs.wait(job.id, SECONDS) for job in posted]
    assert {job.status for job in ended} == {JobStatus.SUCCEEDED}
    assert turns.most_at_work == {"a": 2, "b": 2}


async def test_of_one_owner_no_more_wait_than_may(database: Database) -> None:
    turns = Turns()
    async with working(database, turns, concurrency=1, limits=OwnerLimits(waiting=2)) as jobs:
        await post(jobs, "a1")
        while not turns.begun:
            await asyncio.sleep(0.01)
        await post(jobs, "a2", "a3")
        with pytest.raises(Busy, match="OWNER_WAITING: 2 of your briefs"):
            await post(jobs, "a4")
        await post(jobs, "b1")
        turns.door.set()


@pytest.mark.parametrize(
    ("limits", "spent", "name"),
    [
        (OwnerLimits(daily_tokens=150), Usage(1, 100, 49, 0, 9.0), None),
        (OwnerLimits(daily_tokens=150), Usage(1, 100, 50, 0, None), "OWNER_DAILY_TOKENS: your briefs have used 150"),
        (OwnerLimits(daily_usd=0.5), Usage(1, 900, 900, 0, 0.49), None),
        (OwnerLimits(daily_usd=0.5), Usage(1, 1, 1, 0, 0.5), "OWNER_DAILY_USD: your briefs have used 0.5 of 0.5"),
    ],
)
async def test_of_one_owner_no_more_is_spent_in_a_day_than_may_be(
    limits: OwnerLimits, spent: Usage, name: str | None, database: Database
) -> None:
    turns = Turns()
    turns.door.set()
    async with working(database, turns, limits=limits) as jobs:
        (job,) = await post(jobs, "a1")
        ledger = SqlLedger(database, SystemClock())
        call = await ledger.begin(job.id, "0" * 64, "test/model")
        await ledger.finish(call, Reply("", Finish.COMPLETE, "test/model", "test/model", spent))
        await post(jobs, "b1")
        if name is None:
            await post(jobs, "a2")
            return
        with pytest.raises(Busy, match=name) as refused:
            await post(jobs, "a2")
    assert 0 < refused.value.retry_after_seconds <= DAY
