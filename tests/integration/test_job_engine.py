"""The engine and the queue on real databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.clock import SystemClock
from pipeline.domain.brief import Brief
from pipeline.domain.errors import Busy, InvalidInput, KeyReused, Misconfigured, NotFound, PublishFailed, Unavailable
from pipeline.domain.generation import Made
from pipeline.domain.job import EventKind, Job, JobStatus, Stage
from pipeline.domain.notification import DeliveryState, Notification
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.engine import Engine, Run
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.migrations import NEWEST, revisions, upgrade
from pipeline.jobs.queue import JobQueue, QueueRules
from pipeline.jobs.records import JobRecords
from pipeline.jobs.stores import SqlBlobs, SqlSites, forget_before
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Checkpoint, Progress
from tests.builders import make_attachment, make_brief, make_publication

SECONDS = 20.0  # far more than any job here takes


class NoNotifier:
    async def notify(self, *_: object) -> DeliveryState:
        return DeliveryState.DELIVERED

    async def redeliver(self, _job_id: str, _url: str, _notification: Notification) -> DeliveryState:
        return DeliveryState.DELIVERED


class Work:
    """A use case of one stage, which a test scripts."""

    def __init__(self, effect: Callable[[Progress], Awaitable[str]] | None = None, seconds: float = 10) -> None:
        self.effect = effect
        self.seconds = seconds
        self.done: list[tuple[str, int]] = []

    async def __call__(self, _job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        async def effect(progress: Progress) -> str:
            if self.effect:
                await self.effect(progress)
            self.done.append((brief.task, brief.round))
            return "built"

        assert await checkpoint(Stage.GENERATE, effect, str, self.seconds) == "built"
        await checkpoint.report(Made(generator="scaffold"), Seen(), "0" * 64, make_publication())


@asynccontextmanager
async def working(database: Database, run: Run, *, waiting: int = 100, concurrency: int = 8) -> AsyncIterator[JobQueue]:
    clock, feed = SystemClock(), JobFeed()
    blobs = SqlBlobs(database, clock)
    records = JobRecords(database, clock, blobs, feed.publish)
    submissions = Submissions(database)
    engine = Engine(
        database,
        records,
        submissions,
        clock,
        concurrency=concurrency,
        retention=timedelta(days=1),
        failpoint=Failpoint(None),
    )
    rules = QueueRules(timedelta(seconds=60), waiting, Target.LOCAL, frozenset({Target.LOCAL}))
    await engine.start(run)
    try:
        yield JobQueue(
            submissions=submissions,
            records=records,
            feed=feed,
            blobs=blobs,
            sites=SqlSites(database),
            notifier=NoNotifier(),
            clock=clock,
            rules=rules,
            failpoint=Failpoint(None),
        )
    finally:
        await engine.stop(1)
        database.close()


async def test_an_accepted_brief_is_worked_on_and_its_timeline_tells_each_stage(database: Database) -> None:
    brief = make_brief(attachments=(make_attachment(),))
    async with working(database, Work()) as jobs:
        accepted, is_new = await jobs.accept(brief)
        job = await jobs.wait(accepted.id, SECONDS)
        events = await jobs.events(job.id)

        assert is_new
        assert job.status is JobStatus.SUCCEEDED
        assert job.finished_at is not None
        assert job.made.generator == "scaffold"
        assert await jobs.brief(job.id) == brief
        assert [(event.kind, event.stage) for event in events] == [
            (EventKind.FINISHED, Stage.ACCEPT),
            (EventKind.STATUS, None),
            (EventKind.STARTED, Stage.GENERATE),
            (EventKind.FINISHED, Stage.GENERATE),
            (EventKind.STATUS, None),
        ]


async def test_a_stage_whose_time_is_up_tells_what_was_heard_of_it_last(database: Database) -> None:
    async def build(progress: Progress) -> str:
        progress("the Space is in stage BUILDING")
        await asyncio.sleep(SECONDS)
        return "built"

    async with working(database, Work(build, seconds=0.5)) as jobs:
        job = await jobs.wait((await jobs.accept(make_brief()))[0].id, SECONDS)
        assert job.failure is not None
        assert job.failure.code == "deadline_exceeded"
        assert job.failure.message.endswith("the Space is in stage BUILDING")


async def test_the_same_request_twenty_times_at_once_is_one_job(database: Database) -> None:
    work = Work()
    async with working(database, work) as jobs:
        accepted = await asyncio.gather(*(jobs.accept(make_brief()) for _ in range(20)))
        await jobs.wait(accepted[0][0].id, SECONDS)

        assert len({job.id for job, _ in accepted}) == 1
        assert sum(is_new for _, is_new in accepted) == 1
        assert len(work.done) == 1


async def test_a_used_key_with_another_body_is_refused(database: Database) -> None:
    async with working(database, Work()) as jobs:
        await jobs.accept(make_brief())
        with pytest.raises(KeyReused):
            await jobs.accept(make_brief(text="Something else."))


async def test_a_full_queue_refuses_and_writes_nothing(database: Database) -> None:
    release = asyncio.Event()

    async def block(_progress: Progress) -> str:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return ""

    async with working(database, Work(block), waiting=1, concurrency=1) as jobs:
        running, _ = await jobs.accept(make_brief(task="running"))
        while (await jobs.get(running.id)).status is JobStatus.WAITING:
            await asyncio.sleep(0.01)
        await jobs.accept(make_brief(task="waiting"))
        refused = make_brief(task="refused", attachments=(make_attachment(content=b"refused bytes"),))
        with pytest.raises(Busy) as busy:
            await jobs.accept(refused)

        assert busy.value.retry_after_seconds > 0
        with pytest.raises(NotFound):
            await jobs.get(refused.key.job_id)
        release.set()


async def test_a_stage_that_fails_ends_the_job_with_its_stage_code_and_words(database: Database) -> None:
    async def refuse(_progress: Progress) -> str:
        raise PublishFailed("the target said no")

    async with working(database, Work(refuse)) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        job = await jobs.wait(accepted.id, SECONDS)

        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert (job.failure.stage, job.failure.code) == (Stage.GENERATE, "publish_failed")
        assert job.failure.message == "the target said no"


async def test_a_bug_ends_the_job_on_record_without_telling_its_insides(database: Database) -> None:
    async def stumble(_progress: Progress) -> str:
        raise RuntimeError("inner detail")

    async with working(database, Work(stumble)) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        job = await jobs.wait(accepted.id, SECONDS)

        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert job.failure.code == "internal_error"
        assert "inner detail" not in job.failure.message


async def test_rounds_of_one_site_are_worked_on_one_after_another(database: Database) -> None:
    started: list[str] = []

    async def note(_progress: Progress) -> str:
        started.append("in")
        await asyncio.sleep(0.2)
        started.append("out")
        return ""

    work = Work(note)
    async with working(database, work) as jobs:
        await jobs.accept(make_brief())
        second, _ = await jobs.accept(make_brief(round=2, nonce="second"))
        await jobs.wait(second.id, SECONDS)

        assert work.done == [(make_brief().task, 1), (make_brief().task, 2)]
        assert started == ["in", "out", "in", "out"]


async def test_a_running_job_can_be_cancelled(database: Database) -> None:
    async def hang(_progress: Progress) -> str:
        await asyncio.sleep(3600)
        return ""

    work = Work(hang)
    async with working(database, work) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        while (await jobs.get(accepted.id)).status is JobStatus.WAITING:
            await asyncio.sleep(0.01)
        cancelled = await jobs.cancel(accepted.id)

        assert cancelled.status is JobStatus.CANCELLED
        assert (await jobs.cancel(accepted.id)).status is JobStatus.CANCELLED
        assert work.done == []


async def test_watching_yields_every_event_in_order_and_ends_with_the_job(database: Database) -> None:
    async def tell(progress: Progress) -> str:
        progress("index.html, 3 KB")
        return ""

    async with working(database, Work(tell)) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        seen = [event async for event in jobs.watch(accepted.id) if event]

        assert seen == await jobs.events(accepted.id)
        assert "index.html, 3 KB" in [event.detail for event in seen]
        assert [event async for event in jobs.watch(accepted.id, after=seen[-2].id)] == seen[-1:]


async def test_jobs_are_found_newest_first_page_by_page(database: Database) -> None:
    async with working(database, Work()) as jobs:
        accepted = [(await jobs.accept(make_brief(task=f"task {number}")))[0] for number in range(5)]
        first, cursor = await jobs.find(limit=3)
        rest, end = await jobs.find(limit=3, cursor=cursor)
        (only,), _ = await jobs.find(task="task 2")

        assert [job.id for job in first + rest] == [job.id for job in reversed(accepted)]
        assert end is None
        assert only.key.task == "task 2"
        with pytest.raises(InvalidInput):
            await jobs.find(cursor="' OR 1=1")


async def test_a_revision_of_nothing_is_refused(database: Database) -> None:
    async with working(database, Work()) as jobs:
        with pytest.raises(InvalidInput) as refusal:
            await jobs.accept(make_brief(round=2))
        assert refusal.value.problems[0].field == "round"


async def test_a_target_that_is_not_set_up_is_refused(database: Database) -> None:
    async with working(database, Work()) as jobs:
        with pytest.raises(InvalidInput) as refusal:
            await jobs.accept(make_brief(target=Target.HF_SPACE))
        assert refusal.value.problems[0].field == "target"


async def test_a_draining_service_takes_nothing(database: Database) -> None:
    async with working(database, Work()) as jobs:
        jobs.is_draining = True
        with pytest.raises(Unavailable):
            await jobs.accept(make_brief())


async def test_redelivery_is_refused_while_nothing_is_published(database: Database) -> None:
    async def refuse(_progress: Progress) -> str:
        raise PublishFailed("no")

    brief = make_brief(evaluation_url="https://example.com/notify")
    async with working(database, Work(refuse)) as jobs:
        accepted, _ = await jobs.accept(brief)
        await jobs.wait(accepted.id, SECONDS)
        with pytest.raises(InvalidInput):
            await jobs.redeliver(accepted.id)


async def test_redelivery_of_a_published_job_reports_its_state(database: Database) -> None:
    brief = make_brief(evaluation_url="https://example.com/notify")
    async with working(database, Work()) as jobs:
        accepted, _ = await jobs.accept(brief)
        await jobs.wait(accepted.id, SECONDS)
        assert (await jobs.redeliver(accepted.id)).notification is DeliveryState.DELIVERED


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


async def test_nothing_runs_again_when_a_finished_service_starts_anew(database: Database) -> None:
    work = Work()
    async with working(database, work) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        await jobs.wait(accepted.id, SECONDS)
    async with working(Database(database.url.render_as_string(hide_password=False)), work) as jobs:
        replayed, is_new = await jobs.accept(make_brief())
        assert not is_new
        assert replayed.status is JobStatus.SUCCEEDED
        assert len(work.done) == 1


def test_the_migrations_make_the_tables_that_the_code_names(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.begin() as connection:
        upgrade(connection)
    database.migrate()
    with database.engine.connect() as connection:
        names = set(tables.metadata.tables)
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _parents: kind != "table" or name in names},
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
