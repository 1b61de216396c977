"""A database that is away for a while is no verdict on the jobs that were at work."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.errors import Unavailable
from pipeline.domain.job import EventKind, JobStatus, Stage
from pipeline.jobs import checkpoint, database, engine
from pipeline.jobs.database import Database
from pipeline.jobs.records import JobRecords
from pipeline.jobs.shares import Shares
from pipeline.jobs.stores import SqlBlobs
from pipeline.ports import Progress
from tests.builders import make_brief
from tests.integration.jobs_rig import SECONDS, Work, finished, working
from tests.integration.test_timers import again

JOBS = 6
PATIENCE = 3 * SECONDS  # the engine's own tries come further and further apart


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    pragmas = tuple("busy_timeout = 200" if "busy" in pragma else pragma for pragma in database.SQLITE_PRAGMAS)
    monkeypatch.setattr(database, "SQLITE_PRAGMAS", pragmas)
    monkeypatch.setattr(engine, "BEAT_SECONDS", 0.2)


@pytest.fixture
def spare(database: Database) -> Iterator[Database]:
    """One whose connections wait as short as the fixture above says."""
    fresh = again(database)
    yield fresh
    fresh.close()


@asynccontextmanager
async def away(database: Database) -> AsyncIterator[None]:
    """SQLite is locked by another program; PostgreSQL throws everybody out and lets nobody in."""
    if database.is_sqlite:
        other = sqlite3.connect(database.file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.close()
        return
    server = sa.create_engine(database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = database.url.database
    with server.connect() as connection:
        connection.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        gone = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(gone, {"name": name})
        yield
        connection.execute(sa.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    server.dispose()


async def test_jobs_that_were_at_work_go_on_when_the_database_is_back(spare: Database) -> None:
    begun, goes_on = 0, asyncio.Event()

    async def hold(_progress: Progress) -> str:
        nonlocal begun
        begun += 1
        while not goes_on.is_set():
            await asyncio.sleep(0.02)
        return ""

    async with working(spare, Work(hold, seconds=PATIENCE)) as jobs:
        accepted = [(await jobs.accept(make_brief(task=f"task {number}")))[0] for number in range(JOBS)]
        while begun < JOBS:
            await asyncio.sleep(0.02)
        async with away(spare):
            goes_on.set()
            with pytest.raises(Unavailable):
                await jobs.accept(make_brief(task="another"))
            with pytest.raises(Unavailable):
                await asyncio.gather(*[jobs.counts() for _ in range(JOBS)])
            await asyncio.sleep(1)
        ended = [await jobs.wait(job.id, PATIENCE) for job in accepted]
        assert [job.status for job in ended] == [JobStatus.SUCCEEDED] * JOBS
        assert (await jobs.counts())[JobStatus.RUNNING] == 0


async def test_a_stage_that_found_the_database_away_is_run_again_and_not_given_up(spare: Database) -> None:
    tries = 0

    async def find_it_away(_progress: Progress) -> str:
        nonlocal tries
        tries += 1
        if tries <= checkpoint.MOST_STARTS + 1:
            raise Unavailable("the job database cannot be used now: it is away")
        return ""

    async with working(spare, Work(find_it_away)) as jobs:
        assert (await finished(jobs)).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (EventKind.PROGRESS, JobStatus.FAILED),
        (EventKind.FINISHED, JobStatus.SUCCEEDED),
        (EventKind.STATUS, JobStatus.SUCCEEDED),
    ],
    ids=["nothing was recorded", "a stage has ended since", "the service was stopped in order"],
)
async def test_a_stage_that_ended_the_process_too_often_is_given_up_unless_something_was_recorded_since(
    ends: EventKind, status: JobStatus, spare: Database
) -> None:
    clock, release = SystemClock(), asyncio.Event()
    records = JobRecords(spare, clock, SqlBlobs(spare, clock), lambda _: None, Shares(lambda *_: None))
    blocked = Work(lambda _progress: _until(release))
    async with working(spare, blocked, concurrency=1) as jobs:
        first, _ = await jobs.accept(make_brief(task="first"))
        second, _ = await jobs.accept(make_brief(task="second"))
        await records.set_status(second.id, JobStatus.RUNNING)
        for _ in range(checkpoint.MOST_STARTS):
            await records.begin(second.id, Stage.VERIFY)
        await records.add_event(second.id, ends, Stage.VERIFY)
        release.set()
        await jobs.wait(first.id, SECONDS)
        job = await jobs.wait(second.id, SECONDS)
    assert job.status is status
    if job.failure:
        assert job.failure.code == "given_up"


async def _until(release: asyncio.Event) -> str:
    while not release.is_set():
        await asyncio.sleep(0.02)
    return ""
