"""Calls whose results are fetched later, in real databases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pipeline.domain.call_event import CallOutcome
from pipeline.domain.errors import Busy, NotFound
from pipeline.jobs import call_events, tables
from pipeline.jobs.call_events import LIFETIME, SqlCallEvents
from pipeline.jobs.database import Database
from tests.fakes.clock import FakeClock

DONE = CallOutcome({"stage": "RUNNING", "note": "gr\u00fc\u00dfe \u2028"})


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def events(database: Database, clock: FakeClock) -> SqlCallEvents:
    return SqlCallEvents(database, clock, most_per_caller=4, most=6)


def kept(database: Database) -> int:
    count = sa.select(sa.func.count()).select_from(tables.call_events)
    return database.transact_now(lambda connection: connection.execute(count).scalar_one())


async def test_a_call_is_found_again_with_its_outcome_as_often_as_it_is_asked_for(events: SqlCallEvents) -> None:
    begun = await events.add("ada", "space_runtime")
    assert begun.outcome is None
    await events.record(begun.id, DONE)
    for _ in range(2):
        assert (await events.get(begun.id, "ada")).outcome == DONE
    await events.mark_delivered(begun.id)
    assert (await events.get(begun.id, "ada")).outcome == DONE


async def test_another_worker_on_the_same_database_can_answer(
    database: Database, clock: FakeClock, events: SqlCallEvents
) -> None:
    begun = await events.add("ada", "deploy", job_id="0" * 32)
    assert await SqlCallEvents(database, clock).get(begun.id, "ada") == begun


async def test_nobody_but_its_caller_finds_a_call(events: SqlCallEvents) -> None:
    begun = await events.add("ada", "job", session="s1")
    with pytest.raises(NotFound):
        await events.get(begun.id, "eve")
    with pytest.raises(NotFound):
        await events.find(begun.id, "s2")
    assert await events.undelivered("s1", "eve") == ()
    assert await events.find(begun.id, "s1") == begun


async def test_the_calls_of_a_session_are_undelivered_until_their_end_is(
    events: SqlCallEvents, clock: FakeClock
) -> None:
    first = await events.add("ada", "job", session="s1")
    clock.advance(1)
    second = await events.add("ada", "job", session="s1", outcome=CallOutcome(error="no"))
    await events.add("ada", "job", session="s2")
    assert await events.undelivered("s1", "ada") == (first, second)
    await events.mark_delivered(first.id)
    assert await events.undelivered("s1", "ada") == (second,)


async def test_a_call_is_forgotten_when_its_time_is_over(
    events: SqlCallEvents, clock: FakeClock, database: Database
) -> None:
    begun = await events.add("ada", "job", session="s1")
    clock.advance(LIFETIME / timedelta(seconds=1) + 1)
    with pytest.raises(NotFound):
        await events.get(begun.id, "ada")
    assert await events.undelivered("s1", "ada") == ()
    await events.add("ada", "job")
    assert kept(database) == 1


async def test_one_caller_cannot_keep_more_than_its_share_and_loses_nothing_by_trying(events: SqlCallEvents) -> None:
    mine = [await events.add("ada", "job") for _ in range(4)]
    with pytest.raises(Busy):
        await events.add("ada", "job")
    for event in mine:
        assert await events.get(event.id, "ada") == event
    await events.add("bob", "job")


async def test_all_callers_together_have_a_limit_and_a_flood_costs_nobody_a_result(events: SqlCallEvents) -> None:
    waited_for = await events.add("ada", "job")
    for number in range(5):
        await events.add(f"flood-{number}", "job")
    with pytest.raises(Busy):
        await events.add("flood-6", "job")
    assert await events.get(waited_for.id, "ada") == waited_for


async def test_told_calls_make_room_oldest_first(events: SqlCallEvents, clock: FakeClock, database: Database) -> None:
    told = []
    for _ in range(20):
        event = await events.add("ada", "job")
        await events.mark_delivered(event.id)
        told.append(event)
        clock.advance(1)
    assert kept(database) == 4
    for event in told[-4:]:
        assert await events.get(event.id, "ada")


async def test_a_thousand_abandoned_calls_leave_a_bounded_number_of_rows(
    events: SqlCallEvents, database: Database
) -> None:
    refused = 0
    for number in range(1000):
        try:
            await events.add(f"caller-{number % 7}", "job")
        except Busy:
            refused += 1
    assert (kept(database), refused) == (6, 994)


async def test_a_result_that_is_too_large_is_told_as_an_error(
    events: SqlCallEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_events, "MOST_OUTCOME_BYTES", 100)
    begun = await events.add("ada", "job")
    await events.record(begun.id, CallOutcome("x" * 99))
    found = await events.get(begun.id, "ada")
    assert found.outcome == CallOutcome(error="the result is larger than 100 bytes")
