"""The database of jobs: its tables, what earlier releases left in it, and databases that cannot serve."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.deploy.records import Draft, Inspection
from pipeline.domain.brief import Brief
from pipeline.domain.conversation import Finish, Reply
from pipeline.domain.errors import Misconfigured, NotFound
from pipeline.domain.generation import ModelCall, Usage
from pipeline.domain.job import Failure, Job, JobStatus, Stage
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen
from pipeline.jobs import tables
from pipeline.jobs.checkpoint import StageCheckpoint
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.ledger import SqlLedger
from pipeline.jobs.migrations import NEWEST, revisions, upgrade
from pipeline.jobs.records import JobRecords
from pipeline.jobs.shares import Shares
from pipeline.jobs.stores import SqlBlobs, forget_before
from tests.builders import (
    make_attachment,
    make_brief,
    make_finding,
    make_made,
    make_publication,
    make_site,
    make_verdict,
)
from tests.integration.jobs_rig import SECONDS, Work, working

SECRET = "a-value-that-must-not-stay-" * 300  # more than a page of the database
RECORDED = json.loads((Path(__file__).parents[1] / "data/earlier-release.json").read_text("utf-8"))
MADE = make_made(notes=("one repair was needed",))
SEEN = Seen((make_verdict(),), (make_finding(),), ("a line",), "ab" * 32)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    is_sqlite = request.param == "sqlite"
    return Database.embedded(tmp_path) if is_sqlite else Database(request.getfixturevalue("postgresql_url"))


async def test_what_is_older_than_the_retention_is_forgotten_with_its_bytes(database: Database) -> None:
    brief = make_brief(attachments=(make_attachment(),))
    async with working(database, Work()) as jobs:
        accepted, _ = await jobs.accept(brief)
        await jobs.wait(accepted.id, SECONDS)
        forgotten = await forget_before(database, SystemClock().now() + timedelta(minutes=1))

        assert forgotten == [(accepted.id, 0)]
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


def test_orders_of_spaces_that_an_earlier_version_kept_are_gone_with_their_secrets(empty_database: Database) -> None:
    database = empty_database
    engine_tables = sa.MetaData(schema=None if database.is_sqlite else "dbos")  # as the job engine has them
    queues = sa.Table("queues", engine_tables, sa.Column("name", sa.Text))
    flows = sa.Table("workflow_status", engine_tables, sa.Column("name", sa.Text), sa.Column("status", sa.Text))
    with database.engine.begin() as connection:
        upgrade(connection, "0004")
        kept = sa.MetaData()  # as the earlier version had them
        orders = sa.Table("provisions", kept, sa.Column("id", sa.Text, primary_key=True), sa.Column("request", sa.JSON))
        sa.Table("provision_spaces", kept, sa.Column("outcome", sa.JSON))
        kept.create_all(connection)
        connection.execute(orders.insert().values(id="1", request={"secret": SECRET}))
        if not database.is_sqlite:
            connection.execute(sa.schema.CreateSchema("dbos"))
        engine_tables.create_all(connection)
        connection.execute(queues.insert(), [{"name": "deploys"}, {"name": "provisions"}])
        connection.execute(flows.insert(), [{"name": name, "status": "PENDING"} for name in ("deploy", "provision")])
    database.migrate()
    with database.engine.connect() as connection:
        assert not {"provisions", "provision_spaces"} & set(sa.inspect(connection).get_table_names())
        assert connection.execute(sa.select(queues.c.name)).scalars().all() == ["deploys"]
        left = {tuple(row) for row in connection.execute(sa.select(flows))}
        assert left == {("deploy", "PENDING"), ("provision", "CANCELLED")}
    database.close()
    if database.is_sqlite:
        on_disk = b"".join(path.read_bytes() for path in database.file.parent.iterdir())
        assert SECRET[:20].encode() not in on_disk


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[JobRecords]:
    database = Database.embedded(tmp_path)
    database.migrate()
    yield JobRecords(
        database, SystemClock(), SqlBlobs(database, SystemClock()), lambda _: None, Shares(lambda *_: None)
    )
    database.close()


async def accept(records: JobRecords, brief: Brief) -> Job:
    job, _ = await records.insert(
        brief,
        Target.GITHUB_PAGES,
        notify=False,
        deadline=timedelta(minutes=10),
        queue_limit=9,
        site_task=None,
        hold=lambda *_: None,
    )
    return job


async def test_a_job_that_an_earlier_release_recorded_is_read_whole(records: JobRecords, tmp_path: Path) -> None:
    job = await accept(records, make_brief())
    database = Database.embedded(tmp_path)
    await database.transact(
        lambda connection: connection.execute(tables.jobs.update().values(result=RECORDED["result"]))
    )
    database.close()

    job = await records.get(job.id)
    assert (job.made, job.seen, job.publication) == (MADE, SEEN, make_publication())
    assert [call.usage.prompt_tokens for call in job.made.calls] == [1200]


async def test_what_a_job_cost_is_what_is_on_record_of_its_calls_whatever_became_of_it(
    records: JobRecords, tmp_path: Path
) -> None:
    brief, other = make_brief(), make_brief(nonce="other")
    for accepted in (brief, other):
        await accept(records, accepted)
    database = Database.embedded(tmp_path)
    ledger, job_id = SqlLedger(database, SystemClock()), brief.key.job_id
    answered = Reply("app", Finish.COMPLETE, "big", "big-2", Usage(1, 100, 20, 0, 0.25), 1.5)
    await ledger.finish(await ledger.begin(job_id, "1", "big"), answered)
    await ledger.finish(await ledger.begin(job_id, "2", "big"), replace(answered, finish=Finish.CUT, seconds=2.5))
    made = make_made(calls=(ModelCall("generate@1", "big", "big-2", "complete", "tags", answered.usage, 1.5),))
    await records.report(job_id, made, Seen(), "0" * 64)
    await records.set_status(job_id, JobStatus.FAILED, Failure(Stage.PUBLISH, "publish_failed", "no"))

    job = await records.get(job_id)
    assert job.usage == Usage(2, 200, 40, 0, 0.5)
    assert [(call.prompt, call.form, call.finish) for call in job.calls] == [
        ("generate@1", "tags", "complete"),
        ("", "", "cut"),
    ]
    await ledger.begin(job_id, "3", "big")
    database.close()
    assert (await records.get(job_id)).usage == Usage(3, 200, 40)
    listed, _ = await records.find()
    assert [job.usage.calls for job in listed] == [0, 3]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (RECORDED["draft"], Draft(make_site(), "0" * 64, None, (), MADE)),
        (RECORDED["inspection"], Inspection(SEEN, is_repairable=True)),
    ],
)
async def test_a_stage_that_an_earlier_release_ran_is_not_run_again(
    records: JobRecords, outcome: dict[str, Any], expected: object
) -> None:
    async def recorded(_name: str, _step: object) -> dict[str, Any]:
        return {"value": outcome}

    async def nothing(_progress: object) -> Any:
        raise AssertionError("the stage was run")

    checkpoint = StageCheckpoint("0" * 32, records, Failpoint(None), recorded, suspects=asyncio.Lock())
    assert await checkpoint(Stage.GENERATE, nothing, type(expected)) == expected
