"""Orders of Spaces on real databases: accepted once, worked on, and wiped at the end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.errors import Busy, HubTokenRefused, NotFound, Unavailable
from pipeline.domain.job import JobStatus
from pipeline.domain.provision import (
    AppTemplate,
    ProvisionOrder,
    SpaceAction,
    SpaceOutcome,
    SpaceStatus,
    WantedSpace,
)
from pipeline.domain.publication import SpaceSdk
from pipeline.jobs import provisions as provisions_module
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.provision_queue import ProvisionQueue
from pipeline.jobs.provision_work import ProvisionWork, Record
from pipeline.jobs.provisions import ProvisionRecords
from pipeline.jobs.records import JobRecords
from pipeline.jobs.stores import SqlBlobs
from tests.builders import make_files

SECONDS = 30.0  # far more than anything here takes
VALUE = "a-value-that-must-not-stay-" * 300  # more than a page of the database
TOKEN = "hf_" + "ofSomebodyElse"
ORDER = ProvisionOrder("org/template", (WantedSpace("a", {"KEY": VALUE}), WantedSpace("b", sleep_seconds=60)))
APPS = replace(ORDER, template=AppTemplate(make_files({"app.py": "x = 1"}), SpaceSdk.GRADIO, {"n": [1, None, "x"]}))


class Work:
    """A use case that a test scripts.

    Attributes:
        runs: what it was called with.
        gate: it waits for, after the first Space.
        error: it ends with.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.runs: list[tuple[ProvisionOrder, str | None, tuple[SpaceOutcome, ...]]] = []
        self.gate: asyncio.Event | None = None
        self.error = error

    async def __call__(
        self, order: ProvisionOrder, token: str | None, known: Sequence[SpaceOutcome], record: Record
    ) -> None:
        self.runs.append((order, token, tuple(known)))
        for index, outcome in enumerate(known):
            if outcome.status.is_final:
                continue
            if self.error:
                raise self.error
            done = replace(outcome, status=SpaceStatus.SUCCEEDED, action=SpaceAction.CREATE, url=f"https://hub/{index}")
            await record(index, done)
            while self.gate and not self.gate.is_set():  # of another loop
                await asyncio.sleep(0.01)


@asynccontextmanager
async def working(database: Database, work: Work, *, close: bool = True) -> AsyncIterator[ProvisionQueue]:
    clock, feed = SystemClock(), JobFeed()
    blobs = SqlBlobs(database, clock)
    records = ProvisionRecords(database, clock, blobs, feed.publish)

    async def no_job(*_: object) -> None:
        """No test here has one."""

    engine = Engine(
        database,
        JobRecords(database, clock, blobs, feed.publish),
        clock,
        no_job,
        concurrency=1,
        retention=timedelta(days=1),
        failpoint=Failpoint(None),
        provision=ProvisionWork(records, work),
    )
    await engine.start()
    try:
        yield ProvisionQueue(engine, records, feed, clock)
    finally:
        await engine.stop(1)
        if close:
            database.close()


async def stored(database: Database) -> list[tuple[Any, ...]]:
    query = sa.select(tables.provisions.c.digest, tables.provisions.c.request, tables.provisions.c.token)
    rows = await database.transact(lambda connection: connection.execute(query).all())
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("order", [ORDER, APPS])
@pytest.mark.parametrize("token", [None, TOKEN])
async def test_an_order_comes_out_as_it_went_in_and_is_wiped_when_it_has_ended(
    database: Database, order: ProvisionOrder, token: str | None
) -> None:
    work = Work()
    async with working(database, work) as provisions:
        accepted = await provisions.accept(order, token)
        ended = await provisions.wait(accepted.id, token, SECONDS)
        assert [outcome.name for outcome in accepted.spaces] == ["a", "b"]
        assert ended.status is JobStatus.SUCCEEDED
        assert ended.finished_at
        assert [space.url for space in ended.spaces] == ["https://hub/0", "https://hub/1"]
        assert work.runs == [(order, token, (SpaceOutcome("a"), SpaceOutcome("b")))]
        assert await stored(database) == [(None, None, None)]


async def test_nothing_of_a_secret_is_left_in_the_file_of_an_embedded_database(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path)
    # Some builds of SQLite overwrite by themselves, others have to be told to.
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1
    async with working(database, Work()) as provisions:
        for number in range(5):
            order = replace(ORDER, spaces=(*ORDER.spaces, WantedSpace(f"c-{number}", {"KEY": VALUE})))
            await provisions.wait((await provisions.accept(order, TOKEN)).id, TOKEN, SECONDS)
        await asyncio.sleep(0.1)
        left = b"".join(path.read_bytes() for path in (tmp_path / ".pipeline").iterdir())
        assert VALUE[:20].encode() not in left
        assert TOKEN.encode() not in left


async def test_the_same_order_joins_the_one_under_way_and_is_a_new_one_after_its_end(database: Database) -> None:
    work = Work()
    work.gate = asyncio.Event()
    async with working(database, work) as provisions:
        accepted = await asyncio.gather(*(provisions.accept(ORDER, None) for _ in range(5)))
        other = await provisions.accept(ORDER, TOKEN)
        work.gate.set()
        (first,) = {provision.id for provision in accepted}
        await provisions.wait(first, None, SECONDS)
        again = await provisions.accept(ORDER, None)
        await provisions.wait(again.id, None, SECONDS)
        await provisions.wait(other.id, TOKEN, SECONDS)
        assert len({first, other.id, again.id}) == 3
        assert len(work.runs) == 3


async def test_a_provision_is_found_with_its_own_token_alone(database: Database) -> None:
    async with working(database, Work()) as provisions:
        own, foreign = await provisions.accept(ORDER, None), await provisions.accept(ORDER, TOKEN)
        assert (await provisions.get(own.id, None)).id == own.id
        for provision_id, token in ((own.id, TOKEN), (foreign.id, None), (foreign.id, TOKEN + "x"), ("0" * 32, None)):
            with pytest.raises(NotFound):
                await provisions.get(provision_id, token)
        for provision_id, token in ((own.id, None), (foreign.id, TOKEN)):
            await provisions.wait(provision_id, token, SECONDS)


async def test_a_restart_goes_on_from_what_is_on_record(tmp_path: Path) -> None:
    work = Work()
    work.gate = asyncio.Event()
    database = Database.embedded(tmp_path)
    async with working(database, work, close=False) as provisions:
        provision_id = (await provisions.accept(ORDER, TOKEN)).id
        while (await provisions.get(provision_id, TOKEN)).spaces[0].status is not SpaceStatus.SUCCEEDED:
            await asyncio.sleep(0.01)
    again = Work()
    async with working(database, again) as provisions:
        ended = await provisions.wait(provision_id, TOKEN, SECONDS)
    assert ended.status is JobStatus.SUCCEEDED
    ((order, token, known),) = again.runs
    assert (order, token) == (ORDER, TOKEN)
    assert [outcome.status for outcome in known] == [SpaceStatus.SUCCEEDED, SpaceStatus.WAITING]


async def test_an_order_that_the_engine_has_given_up_ends_on_record(tmp_path: Path) -> None:
    work = Work()
    work.gate = asyncio.Event()
    database = Database.embedded(tmp_path)
    async with working(database, work, close=False) as provisions:
        provision_id = (await provisions.accept(ORDER, TOKEN)).id
        while not work.runs:
            await asyncio.sleep(0.01)
    given_up = "UPDATE workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'"
    await database.transact(lambda connection: connection.exec_driver_sql(given_up))
    again = Work()
    async with working(database, again) as provisions:
        ended = await provisions.wait(provision_id, TOKEN, SECONDS)
        assert await stored(database) == [(None, None, None)]
    assert again.runs == []
    assert ended.error
    assert "given up" in ended.error


@pytest.mark.parametrize(
    ("error", "words"),
    [(HubTokenRefused("the Hub does not accept the token"), "does not accept"), (RuntimeError(VALUE), "unexpected")],
)
async def test_what_ends_the_whole_is_told_for_every_space_that_had_no_turn(
    database: Database, error: Exception, words: str
) -> None:
    async with working(database, Work(error)) as provisions:
        ended = await provisions.wait((await provisions.accept(ORDER, None)).id, None, SECONDS)
        assert ended.status is JobStatus.FAILED
        assert ended.error
        assert words in ended.error
        assert {space.status for space in ended.spaces} == {SpaceStatus.FAILED}
        assert all(space.error and words in space.error and "not begun" in space.error for space in ended.spaces)
        assert VALUE[:20] not in str(ended)
        assert await stored(database) == [(None, None, None)]


async def test_one_space_that_failed_makes_the_whole_a_failure(database: Database) -> None:
    class Failing(Work):
        async def __call__(
            self, order: ProvisionOrder, token: str | None, known: Sequence[SpaceOutcome], record: Record
        ) -> None:
            await super().__call__(order, token, known, record)
            await record(1, replace(known[1], status=SpaceStatus.FAILED, error="the Hub refused"))

    async with working(database, Failing()) as provisions:
        ended = await provisions.wait((await provisions.accept(ORDER, None)).id, None, SECONDS)
        assert (ended.status, ended.error) == (JobStatus.FAILED, None)
        assert [space.error for space in ended.spaces] == [None, "the Hub refused"]


async def test_too_many_at_once_are_refused_and_leave_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisions_module, "MOST_UNFINISHED", 1)
    work = Work()
    work.gate = asyncio.Event()
    async with working(database, work) as provisions:
        accepted = await provisions.accept(ORDER, None)
        with pytest.raises(Busy):
            await provisions.accept(ORDER, TOKEN)
        assert len(await stored(database)) == 1
        work.gate.set()
        await provisions.wait(accepted.id, None, SECONDS)


async def test_a_service_that_stops_accepts_nothing_and_sends_waiters_away(database: Database) -> None:
    work = Work()
    work.gate = asyncio.Event()
    async with working(database, work) as provisions:
        accepted = await provisions.accept(ORDER, None)
        provisions.is_draining = True
        assert not (await provisions.wait(accepted.id, None, SECONDS)).status.is_final
        with pytest.raises(Unavailable):
            await provisions.accept(ORDER, TOKEN)
        work.gate.set()


async def test_old_provisions_are_forgotten_with_all_that_hangs_on_them(database: Database) -> None:
    async with working(database, Work()) as provisions:
        ended = await provisions.wait((await provisions.accept(ORDER, None)).id, None, SECONDS)
        clock = SystemClock()
        records = ProvisionRecords(database, clock, SqlBlobs(database, clock), lambda _: None)
        assert await records.forget_before(clock.now() - timedelta(hours=1)) == []
        assert await records.forget_before(clock.now() + timedelta(hours=1)) == [ended.id]
        with pytest.raises(NotFound):
            await provisions.get(ended.id, None)
        rows = sa.select(sa.func.count()).select_from(tables.provision_spaces)
        assert await database.transact(lambda connection: connection.execute(rows).scalar_one()) == 0


async def test_a_stored_order_of_another_shape_ends_in_words_that_do_not_show_it(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path)
    clock = SystemClock()
    database.migrate()
    records = ProvisionRecords(database, clock, SqlBlobs(database, clock), lambda _: None)
    provision_id = await records.insert(ORDER, None, lambda *_: None)
    broken = {"template": "org/t", "spaces": [{"name": "a", "secrets": VALUE}], "replace_secrets": False}
    statement = tables.provisions.update().values(request=broken)
    await database.transact(lambda connection: connection.execute(statement))
    await ProvisionWork(records, Work())(provision_id)
    ended = await records.get(provision_id, None)
    database.close()
    assert ended.status is JobStatus.FAILED
    assert ended.error
    assert "cannot be read" in ended.error
    assert VALUE[:20] not in str(ended)
