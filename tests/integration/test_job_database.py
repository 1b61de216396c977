"""The database of jobs: its tables, what is forgotten, and databases that cannot serve."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.errors import Misconfigured, NotFound
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.migrations import NEWEST, revisions, upgrade
from pipeline.jobs.stores import forget_before
from tests.builders import make_attachment, make_brief
from tests.integration.jobs_rig import SECONDS, Work, working


async def test_what_is_older_than_the_retention_is_forgotten_with_its_bytes(database: Database) -> None:
    brief = make_brief(attachments=(make_attachment(),))
    async with working(database, Work()) as jobs:
        accepted, _ = await jobs.accept(brief)
        await jobs.wait(accepted.id, SECONDS)
        forgotten = await forget_before(database, SystemClock().now() + timedelta(minutes=1))

        assert forgotten == [accepted.id]
        with pytest.raises(NotFound):
            await jobs.get(accepted.id)
        left = await database.transact(
            lambda connection: [
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (tables.blobs, tables.job_events, tables.jobs)
            ]
        )
        assert left == [0, 0, 0]


async def test_a_second_process_on_one_sqlite_file_is_refused(tmp_path: Path) -> None:
    async with working(Database.embedded(tmp_path), Work()):
        lock_holder = await asyncio.create_subprocess_exec(
            "python3",
            "-c",
            "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
            str(tmp_path / ".pipeline" / "pipeline.lock"),
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await lock_holder.wait() == 1


async def test_a_folder_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Misconfigured, match="GENERATED_REPOS_DIR"):
        Database.embedded(tmp_path / "file")


def test_the_migrations_make_the_tables_that_the_code_names(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.begin() as connection:
        upgrade(connection)
    database.migrate()
    with database.engine.connect() as connection:
        names = set(tables.metadata.tables)
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _parents: kind != "table" or name in names}
        )
        assert compare_metadata(context, tables.metadata) == []
    database.close()


def test_older_and_new_databases_come_to_have_all_tables(database: Database) -> None:
    with database.engine.begin() as connection:
        upgrade(connection, "0001")
    for _ in ("older", "new"):
        database.migrate()
        with database.engine.begin() as connection:
            assert connection.execute(sa.select(revisions.c.version_num)).scalar_one() == NEWEST
            assert set(sa.inspect(connection).get_table_names()) >= set(tables.metadata.tables)
            tables.metadata.drop_all(connection)
            revisions.drop(connection)
    database.close()


def test_an_address_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        Database("nonsense")


def test_a_damaged_database_file_is_a_configuration_error(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path)
    database.file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Misconfigured, match="cannot be opened"):
        database.migrate()
    database.close()
