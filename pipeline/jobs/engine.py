"""The durable engine: DBOS Transact behind one module; with ``submissions`` and ``worker`` the sole home of dbos.

What DBOS leaves to its users is done here: an own SQLite engine (``Database``), one process per SQLite file, a fixed
application version, a portable serializer, expected failures as values, retention, and adoption of a dead worker's
jobs (``lease``).
"""

import asyncio
import fcntl
import logging
import os
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos import error as dbos_error

from pipeline.domain.brief import Brief
from pipeline.domain.errors import DeadlineExceeded, Misconfigured, PipelineError
from pipeline.domain.job import Failure, Job, JobStatus, Stage
from pipeline.jobs.checkpoint import Outcome, StageCheckpoint
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.journal import log_end
from pipeline.jobs.lease import BEAT_SECONDS, Leases
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import SqlReplies
from pipeline.jobs.stores import forget_before
from pipeline.jobs.submissions import APPLICATION, QUEUE, SHAPE, WORKFLOW, Submissions
from pipeline.jobs.timers import Timer
from pipeline.jobs.worker import POLL_SECONDS, Worker
from pipeline.ports import Checkpoint, Clock

RECOVERIES = 5  # a job that ended the process this often is given up
THREADS = 32
PURGE_SECONDS = 3600
GIVEN_UP = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]  # the engine's words for jobs it will not touch again
PREDECESSOR_POLL_SECONDS = 0.25
UNUSED_SECONDS = 0.25  # between looks at messages that nobody here sends; the end of the engine waits for one

Run = Callable[[Job, Brief, Checkpoint], Awaitable[None]]
"""The use case: works on one job, stage by stage."""

_log = logging.getLogger(__name__)


class Engine:
    """Runs jobs, each stage once."""

    def __init__(
        self,
        database: Database,
        records: JobRecords,
        submissions: Submissions,
        replies: SqlReplies,
        clock: Clock,
        *,
        timers: Sequence[Timer],
        concurrency: int,
        retention: timedelta,
        failpoint: Failpoint,
    ) -> None:
        self._database = database
        self._records = records
        self._submissions = submissions
        self._replies = replies
        self._clock = clock
        self._timers = timers
        self._concurrency = concurrency
        self._retention = retention
        self._failpoint = failpoint
        self._lock: IO[str] | None = None
        self._upkeep: asyncio.Task[None] | None = None
        self._leases: Leases | None = None
        self._launching: asyncio.Task[None] | None = None
        self._worker: Worker | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._idle = threading.Event()
        self._idle.set()

    async def start(self, run: Run) -> None:
        """Take the lock, bring the tables up to date, resume what was under way, and begin to work.

        Args:
            run: the use case of a brief.

        Raises:
            Misconfigured: another process works on the same SQLite file, or the database cannot be opened.
        """
        executor = "local"
        if self._database.is_sqlite:
            self._lock = _lock(self._database)
            self._database.migrate()
            await self._replies.forget()
        else:
            self._database.migrate()
            executor = f"{os.uname().nodename}-{uuid.uuid4().hex[:8]}"
            self._leases = Leases(self._database, executor)
            await self._leases.beat()
        logging.getLogger("dbos").addFilter(_is_no_cancellation)
        dbos = DBOS(config=self._config(executor))

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=RECOVERIES)
        async def work(job_id: str) -> None:  # the engine marks the function: a bound method cannot be marked
            with self._noticed():
                await self._work(job_id, run)

        self._launching = asyncio.create_task(asyncio.to_thread(self._launch, dbos, executor))
        await asyncio.shield(self._launching)
        self._submissions.listen(self._wake)
        self._upkeep = asyncio.create_task(self._keep_up())
        for timer in self._timers:
            timer.start()

    async def stop(self, drain_seconds: float) -> None:
        """Let what runs go on for ``drain_seconds``; the rest is resumed by the next start."""
        if self._launching:
            await asyncio.gather(self._launching, return_exceptions=True)
        if self._upkeep:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        logging.getLogger("dbos").setLevel(logging.ERROR)  # it warns of every job that ends because it is told to
        if self._worker:
            await asyncio.to_thread(self._worker.stop)
        timers = [timer.stop(drain_seconds) for timer in self._timers]
        await asyncio.gather(*timers, asyncio.to_thread(self._idle.wait, drain_seconds))
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        if self._leases:
            await self._leases.release()
        self._submissions.close()
        if self._lock:
            self._lock.close()

    def _wake(self) -> None:
        if self._worker:
            self._worker.wake()

    def _launch(self, dbos: DBOS, executor: str) -> None:
        """In a thread, so that jobs get a loop of their own: one that blocks does not stall HTTP.

        The engine's async calls would put their thread pool, which dies with the engine, under the caller's loop.
        """
        DBOS.launch()
        for event in dbos.background_thread_stop_events:  # its own workers and scheduler, which look every second
            event.set()
        _adopt({executor})  # its own thread for that may just have been stopped half-way
        queue = DBOS.register_queue(
            QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=POLL_SECONDS, on_conflict="always_update"
        )
        self._worker = Worker(dbos, queue)

    @contextmanager
    def _noticed(self) -> Iterator[None]:
        """Around a workflow: ``stop`` waits for its end, and then there is a place for another."""

        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            if not self._under_way:
                self._idle.set()
            self._wake()

        if task := asyncio.current_task():
            self._under_way.add(task)
            self._idle.clear()
            task.add_done_callback(ended)  # the engine counts it for a moment after its last line
        yield

    async def _work(self, job_id: str, run: Run) -> None:
        """The workflow. Whatever happens, the job's row says so."""
        job = await self._records.get(job_id)
        if job.status.is_final:
            return
        checkpoint = StageCheckpoint(job_id, self._records, self._failpoint, _run_step)
        has_begun = job.status is JobStatus.RUNNING
        try:
            await self._wait_for_turn(job)
            has_begun |= await self._records.set_status(job_id, JobStatus.RUNNING)
            await run(job, await self._records.brief(job_id), checkpoint)
        except dbos_error.DBOSWorkflowCancelledError:
            await self._records.set_status(job_id, JobStatus.CANCELLED)
            if has_begun:  # else whoever cancelled it has said so
                log_end(await self._records.get(job_id))
            raise
        except PipelineError as error:
            await self._fail(job_id, Failure(checkpoint.stage, error.code, str(error)))
        except Exception:  # noqa: BLE001 - a job must end on record, also when we are wrong
            _log.exception("a job failed in a way nobody foresaw", extra={"action": "job.bug", "job_id": job_id})
            message = "an unexpected error inside the service; its log has the details under this job's id"
            await self._fail(job_id, Failure(checkpoint.stage, "internal_error", message))
        else:
            await self._end(job_id, JobStatus.SUCCEEDED)

    async def _fail(self, job_id: str, failure: Failure) -> None:
        await self._end(job_id, JobStatus.FAILED, failure)

    async def _end(self, job_id: str, status: JobStatus, failure: Failure | None = None) -> None:
        if await self._records.set_status(job_id, status, failure):
            log_end(await self._records.get(job_id))

    async def _wait_for_turn(self, job: Job) -> None:
        """Rounds of one site are worked on in the order of their arrival."""
        while await self._records.has_unfinished_predecessor(job):
            if not job.seconds_left(self._clock.now()):
                raise DeadlineExceeded("an earlier job of the same task took all the time there was")
            await self._clock.sleep(PREDECESSOR_POLL_SECONDS)

    async def _keep_up(self) -> None:
        """Now and then: own up to jobs that were given up, adopt those of dead workers, forget old ones."""
        purged_at = float(-PURGE_SECONDS)
        while True:
            try:
                await self._recover()
                if self._clock.monotonic() - purged_at >= PURGE_SECONDS:
                    purged_at = self._clock.monotonic()
                    await self._purge()
            except (PipelineError, sa.exc.SQLAlchemyError) as error:
                _log.warning("upkeep of the job database failed: %s", error, extra={"action": "jobs.upkeep"})
            await asyncio.sleep(BEAT_SECONDS)

    async def _recover(self) -> None:
        if self._leases:
            live = await self._leases.beat()
            await asyncio.to_thread(_adopt_from_all_but, live)
        for job_id in await asyncio.to_thread(_given_up, await self._records.unfinished()):
            told = "the job was given up after it had ended the process several times"
            await self._fail(job_id, Failure(Stage.ACCEPT, "given_up", told))

    async def _purge(self) -> None:
        cutoff = self._clock.now() - self._retention
        while job_ids := await forget_before(self._database, cutoff):
            await asyncio.to_thread(DBOS.delete_workflows, job_ids)

    def _config(self, executor: str) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=self._database.url.render_as_string(hide_password=False),
            system_database_engine=self._database.engine,
            application_version=SHAPE,
            executor_id=executor,
            serializer=DBOSPortableJSONSerializer(),
            max_executor_threads=THREADS,
            log_level="WARNING",
            notification_listener_polling_interval_sec=UNUSED_SECONDS,
            notification_coalesce_sec=UNUSED_SECONDS,
        )


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """The engine warns of a job that was cancelled while it ran, and then tells of its end with a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    is_end = isinstance(error, dbos_error.DBOSAwaitedWorkflowCancelledError | dbos_error.DBOSWorkflowCancelledError)
    return not is_end and "Waiting for the recorded outcome" not in str(record.msg)


async def _run_step(name: str, step: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
    return await DBOS.run_step_async({"name": name, "preemptible": True}, step)


def _adopt_from_all_but(live: set[str]) -> None:
    held = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
    if dead := {flow.executor_id for flow in held if flow.executor_id} - live:
        _adopt(dead)


def _adopt(executors: set[str]) -> None:
    """Queue again what they were at work on; what is queued already stays as it is."""
    DBOS._recover_pending_workflows(sorted(executors))  # noqa: SLF001 - not public; a contract test holds it to what we need


def _given_up(job_ids: list[str]) -> list[str]:
    if not job_ids:
        return []
    flows = DBOS.list_workflows(workflow_ids=job_ids, status=GIVEN_UP, load_input=False, load_output=False)
    return [flow.workflow_id for flow in flows]


def _lock(database: Database) -> IO[str]:
    """Keep a second process off the same SQLite file: it would run the first one's stages again."""
    lock = database.lock_file()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Misconfigured(
            "another pipeline process works in this GENERATED_REPOS_DIR: stop it, send the brief to it, "
            "or set GENERATED_REPOS_DIR to another folder"
        ) from error
    return lock
