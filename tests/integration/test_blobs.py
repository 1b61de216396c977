"""Bytes by their digest: kept in the database, and read from there only by those who have not seen them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.errors import NotFound
from pipeline.jobs.database import Database
from pipeline.jobs.stores import RecentBytes, SqlBlobs
from tests.builders import make_files


class Reads:
    """How often blobs were read from the database."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        sa.event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.count += statement.startswith("SELECT") and "blobs" in statement


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database.embedded(tmp_path)
    database.migrate()
    yield database
    database.close()


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
