"""Calls whose results are fetched later, and bytes by their digest, in real databases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.call_event import CallOutcome
from pipeline.domain.errors import Busy, NotFound
from pipeline.domain.publication import Target, owner_mark
from pipeline.jobs import call_events, tables
from pipeline.jobs.call_events import LIFETIME, SqlCallEvents
from pipeline.jobs.database import Database
from pipeline.jobs.stores import RecentBytes, SqlBlobs, SqlSites
from tests.builders import make_files, make_publication
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


class Reads:
    """How often blobs were read from the database."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        sa.event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.count += statement.startswith("SELECT") and "blobs" in statement


async def test_a_site_whose_folder_has_another_owner_takes_the_next_free_name(database: Database) -> None:
    sites = SqlSites(database)
    first = await sites.open("ada@example.com", "a b", "n", Target.LOCAL)
    marked = f"a-b-n-{owner_mark('bob@example.com', 'a-b')}"
    planted = await sites.open("eve@example.com", "a b n", f"{marked[6:]}-1", Target.LOCAL)
    second = await sites.open("bob@example.com", "a-b", "n", Target.LOCAL)
    assert [site.folder for site in (first, planted, second)] == ["a-b-n", f"{marked}-1", f"{marked}-2"]
    assert await sites.open("bob@example.com", "a-b", "n", Target.LOCAL) == second


async def test_only_what_is_published_here_is_shown(database: Database) -> None:
    sites = SqlSites(database)
    for target, shown in ((Target.LOCAL, True), (Target.GITHUB_PAGES, False)):
        site = await sites.open("ada@example.com", "sales", target, target)
        assert await sites.shown(site.folder) is None
        recorded = await sites.record(site, make_publication(), "a" * 40, {})
        assert await sites.shown(site.folder) == (recorded if shown else None)
    assert await sites.shown("none") is None


async def test_an_app_that_this_worker_has_put_is_not_read_back(database: Database) -> None:
    reads, blobs, files = Reads(database), SqlBlobs(database, SystemClock()), make_files()
    digest = await blobs.put_files(files)
    assert await blobs.get_files(digest) == files
    assert reads.count == 0


async def test_another_worker_reads_it_once_from_the_database(database: Database) -> None:
    files = make_files()
    digest = await SqlBlobs(database, SystemClock()).put_files(files)
    reads, other = Reads(database), SqlBlobs(database, SystemClock())
    assert await other.get_files(digest) == files
    first = reads.count
    assert await other.get_files(digest) == files
    assert first == reads.count == 2  # the list of its files, and the files


async def test_what_has_made_room_is_read_again_and_what_is_unknown_is_not_found(database: Database) -> None:
    blobs = SqlBlobs(database, SystemClock(), RecentBytes(most_bytes=8))
    first = await blobs.put(b"12345")
    await blobs.put(b"67890")
    reads = Reads(database)
    assert await blobs.get(first) == b"12345"
    assert reads.count == 1
    with pytest.raises(NotFound):
        await blobs.get("0" * 64)


async def test_what_was_put_is_in_the_database_however_often_it_was_put_before(database: Database) -> None:
    blobs = SqlBlobs(database, SystemClock())
    digest = await blobs.put(b"content")
    await database.transact(lambda connection: connection.execute(sa.text("DELETE FROM blobs")))
    await blobs.put(b"content")
    assert await SqlBlobs(database, SystemClock()).get(digest) == b"content"


def test_what_was_used_least_makes_room_and_what_is_larger_than_all_is_not_kept() -> None:
    recent = RecentBytes(most_bytes=10)
    for digest in ("a", "b"):
        recent.put(digest, b"12345")
    recent.get("a")
    recent.put("c", b"12345")
    assert [recent.get(digest) for digest in "abc"] == [b"12345", None, b"12345"]
    recent.put("d", bytes(11))
    assert [recent.get(digest) for digest in "abcd"] == [b"12345", None, b"12345", None]
