"""A stage that may have ended the process is run again with care, and is blamed for its own crashes alone."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.errors import GivenUp
from pipeline.domain.job import Stage
from pipeline.jobs import checkpoint
from pipeline.jobs.checkpoint import MOST_STARTS, UNSUSPECTED_STARTS, StageCheckpoint
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.outcomes import Outcome
from pipeline.jobs.records import JobRecords
from pipeline.jobs.shares import Shares
from pipeline.jobs.stores import SqlBlobs

JOBS = [f"{number:032x}" for number in range(6)]


@pytest.fixture
def records(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobRecords]:
    monkeypatch.setattr(checkpoint, "FIRST_REST_SECONDS", 0.001)
    database.migrate()
    clock = SystemClock()
    yield JobRecords(database, clock, SqlBlobs(database, clock), lambda _: None, Shares(lambda *_: None))
    database.close()


async def run_now(_name: str, step: Any) -> Outcome:
    step_of_job: Coroutine[Any, Any, Outcome] = step()
    return await step_of_job


@pytest.mark.parametrize(("starts", "most_at_once"), [(0, len(JOBS)), (UNSUSPECTED_STARTS, 1)])
async def test_they_run_one_at_a_time(starts: int, most_at_once: int, records: JobRecords) -> None:
    suspects, begun, at_once = asyncio.Lock(), 0, [0]

    async def work(_progress: object) -> str:
        at_once.append(at_once[-1] + 1)
        nonlocal begun
        begun += 1
        while begun < most_at_once:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        at_once.append(at_once[-1] - 1)
        return ""

    for job_id in JOBS:
        for _ in range(starts):
            await records.begin(job_id, Stage.VERIFY)
    stages = [StageCheckpoint(job_id, records, Failpoint(None), run_now, suspects=suspects) for job_id in JOBS]
    await asyncio.gather(*[stage(Stage.VERIFY, work, str) for stage in stages])
    assert max(at_once) == most_at_once


async def test_whoever_waits_for_its_turn_is_not_blamed_for_what_happens_meanwhile(records: JobRecords) -> None:
    suspects = asyncio.Lock()
    for _ in range(UNSUSPECTED_STARTS):
        await records.begin(JOBS[0], Stage.VERIFY)
    for _ in range(MOST_STARTS):
        async with suspects:  # by another job, and then the process ends
            stage = StageCheckpoint(JOBS[0], records, Failpoint(None), run_now, suspects=suspects)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await stage(Stage.VERIFY, done, str)
    assert await stage(Stage.VERIFY, done, str) == ""


async def test_one_that_ends_the_process_alone_is_given_up(records: JobRecords) -> None:
    for _ in range(MOST_STARTS):
        await records.begin(JOBS[0], Stage.VERIFY)
    stage = StageCheckpoint(JOBS[0], records, Failpoint(None), run_now, suspects=asyncio.Lock())
    with pytest.raises(GivenUp, match="at work on verify"):
        await stage(Stage.VERIFY, done, str)


async def done(_progress: object) -> str:
    return ""
