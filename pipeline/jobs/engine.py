"""The durable engine: DBOS Transact; with ``flows``, ``submissions`` and ``worker`` the sole home of dbos.

What DBOS leaves to its users is done here: an own SQLite engine (``Database``), one process per SQLite file, a fixed
application version, a portable serializer, expected failures as values, retention, and adoption of jobs that nobody
holds: those of dead workers (``lease``), and those that were left when the database was away.
"""

import asyncio
import fcntl
import logging
import os
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import IO

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos import error as dbos_error
from structlog.contextvars import bound_contextvars

from pipeline.domain.brief import Brief
from pipeline.domain.errors import DeadlineExceeded, Misconfigured, PipelineError, Unavailable
from pipeline.domain.job import EventKind, Failure, Job, JobStatus, Stage
from pipeline.jobs.checkpoint import StageCheckpoint
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.flows import (
    GIVEN_UP,
    adopt,
    adopt_from_all_but,
    is_no_cancellation,
    pending_of,
    run_step,
    statuses_of,
    unless_away,
)
from pipeline.jobs.journal import log_end
from pipeline.jobs.lease import BEAT_SECONDS, Leases
from pipeline.jobs.outcomes import outcomes_of
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import SqlReplies
from pipeline.jobs.stores import forget_before
from pipeline.jobs.submissions import APPLICATION, QUEUE, SHAPE, WORKFLOW, Submissions, workflow_id
from pipeline.jobs.timers import Runs, forget_claims
from pipeline.jobs.worker import POLL_SECONDS, Worker
from pipeline.ports import Checkpoint, Clock

THREADS = 32
PURGE_SECONDS = 3600
TAKEN_UP = "taken up again: nobody was at work on it"
OUT_OF_TIME = "an earlier job of the same task took all the time there was"
STOPPED = "stopped with the service; the next start goes on with it"
UNUSED_SECONDS = 0.25  # between looks at messages that nobody here sends; the end of the engine waits for one

Run = Callable[[Job, Brief, Checkpoint], Awaitable[None]]
"""The use case: works on one job, stage by stage, until it reports its publication or fails."""

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
        timers: Sequence[Runs],
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
        self._executor = "local"
        self._lock: IO[str] | None = None
        self._upkeep: asyncio.Task[None] | None = None
        self._leases: Leases | None = None
        self._launching: asyncio.Task[None] | None = None
        self._worker: Worker | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._unheld: set[str] = set()
        self._suspects = asyncio.Lock()
        self._idle = threading.Event()
        self._idle.set()

    async def start(self, run: Run) -> None:
        """Take the lock, bring the tables up to date, resume what was under way, and begin to work.

        Args:
            run: the use case of a brief.

        Raises:
            Misconfigured: another process works on the same SQLite file, or the database cannot be opened.
        """
        if self._database.is_sqlite:
            self._lock = _lock(self._database)
            self._database.migrate()
            await self._replies.forget()
            await forget_claims(self._database)
        else:
            self._database.migrate()
            self._executor = f"{os.uname().nodename}-{uuid.uuid4().hex[:8]}"
            self._leases = Leases(self._database, self._executor)
            await self._leases.beat()
        logging.getLogger("dbos").addFilter(is_no_cancellation)
        dbos = DBOS(config=self._config())

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        async def work(job_id: str, attempt: int = 0) -> None:  # a function: the engine cannot mark a bound method
            with self._noticed(workflow_id(job_id, attempt)), bound_contextvars(job_id=job_id):
                await unless_away(self._work(job_id, attempt, run))

        self._launching = asyncio.create_task(asyncio.to_thread(self._launch, dbos))
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
        with suppress(Unavailable):
            for job in await self._records.unfinished():
                if workflow_id(*job) in self._under_way:
                    await self._records.add_event(job[0], EventKind.STATUS, None, STOPPED)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        if self._leases:
            await self._leases.release()
        self._submissions.close()
        if self._lock:
            self._lock.close()

    def _wake(self) -> None:
        if self._worker:
            self._worker.wake()

    def _launch(self, dbos: DBOS) -> None:
        """In a thread, so that jobs get a loop of their own: one that blocks does not stall HTTP.

        The engine's async calls would put their thread pool, which dies with the engine, under the caller's loop.
        """
        DBOS.launch()
        for event in dbos.background_thread_stop_events:  # its own workers and scheduler, which look every second
            event.set()
        adopt({self._executor})  # its own thread for that may just have been stopped half-way
        queue = DBOS.register_queue(
            QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=POLL_SECONDS, on_conflict="always_update"
        )
        self._worker = Worker(dbos, queue)

    @contextmanager
    def _noticed(self, flow: str) -> Iterator[None]:
        """Around a workflow: ``stop`` waits for its end, and then there is a place for another."""

        def ended(task: asyncio.Task[None]) -> None:
            if self._under_way.get(flow) is task:
                del self._under_way[flow]
            if not self._under_way:
                self._idle.set()
            self._wake()

        if task := asyncio.current_task():
            self._under_way[flow] = task
            self._idle.clear()
            task.add_done_callback(ended)  # the engine counts it for a moment after its last line
        yield

    async def _work(self, job_id: str, attempt: int, run: Run) -> None:
        """The workflow. Whatever happens, the job's row says so, unless a later attempt has begun."""
        job = await self._records.get(job_id)
        if job.status.is_final or job.attempt != attempt:
            return
        known = await self._database.transact(lambda connection: outcomes_of(connection, job_id)) if attempt else ()
        outcomes = [stage.outcome for stage in known]
        checkpoint = StageCheckpoint(
            job_id, self._records, self._failpoint, run_step, suspects=self._suspects, known=outcomes
        )
        has_begun = job.status is JobStatus.RUNNING
        try:
            has_begun |= await self._records.set_status(job_id, JobStatus.RUNNING)
            await run(job, await self._records.brief(job_id), checkpoint)
        except dbos_error.DBOSWorkflowCancelledError:
            await self._records.set_status(job_id, JobStatus.CANCELLED, attempt=attempt)
            if has_begun:  # else whoever cancelled it has said so
                log_end(await self._records.get(job_id))
            raise
        except (Unavailable, sa.exc.SQLAlchemyError):
            raise
        except PipelineError as error:
            await self._fail(job_id, attempt, Failure(checkpoint.stage, error.code, str(error)))
        except Exception:  # noqa: BLE001 - a job must end on record, also when we are wrong
            _log.exception("a job failed in a way nobody foresaw", extra={"action": "job.bug", "job_id": job_id})
            message = "an unexpected error inside the service; its log has the details under this job's id"
            await self._fail(job_id, attempt, Failure(checkpoint.stage, "internal_error", message))
        else:
            await self._records.set_status(job_id, JobStatus.SUCCEEDED, attempt=attempt)  # as it is
            log_end(await self._records.get(job_id))

    async def _fail(self, job_id: str, attempt: int, failure: Failure) -> None:
        if await self._records.set_status(job_id, JobStatus.FAILED, failure, attempt=attempt):
            log_end(await self._records.get(job_id))

    async def _keep_up(self) -> None:
        """Now and then: take up jobs that nobody holds, own up to those that were given up, forget old ones."""
        purged_at = float(-PURGE_SECONDS)
        while True:
            try:
                await self._recover()
                if self._clock.monotonic() - purged_at >= PURGE_SECONDS:
                    purged_at = self._clock.monotonic()
                    await self._purge()
            except (PipelineError, sa.exc.SQLAlchemyError, dbos_error.DBOSException) as error:
                _log.warning("upkeep of the job database failed: %s", error, extra={"action": "jobs.upkeep"})
            await asyncio.sleep(BEAT_SECONDS)

    async def _recover(self) -> None:
        if self._leases:
            live = await self._leases.beat()
            await asyncio.to_thread(adopt_from_all_but, live)
        jobs = {workflow_id(*job): job for job in await self._records.unfinished()}
        unheld = await asyncio.to_thread(pending_of, self._executor) - self._under_way.keys()
        for flow in unheld & self._unheld:  # not one that was just begun, or has just ended
            if flow in jobs:
                await self._records.add_event(jobs[flow][0], EventKind.STATUS, None, TAKEN_UP)
            await asyncio.to_thread(DBOS.resume_workflow, flow, queue_name=QUEUE)
        self._unheld = unheld
        for job in await self._records.out_of_time():
            await self._fail(*job, Failure(Stage.ACCEPT, DeadlineExceeded.code, OUT_OF_TIME))
        flows = await asyncio.to_thread(statuses_of, list(jobs))
        for flow in (flow for flow, status in flows.items() if status in GIVEN_UP):
            told = "the job engine gave the job up; the service's log has the details under this job's id"
            await self._fail(*jobs[flow], Failure(Stage.ACCEPT, "given_up", told))
        await self._records.let_in_all_but([jobs[flow] for flow in flows])
        self._wake()

    async def _purge(self) -> None:
        cutoff = self._clock.now() - self._retention
        while attempts := await forget_before(self._database, cutoff):
            await asyncio.to_thread(DBOS.delete_workflows, [workflow_id(*attempt) for attempt in attempts])

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=self._database.url.render_as_string(hide_password=False),
            system_database_engine=self._database.engine,
            application_version=SHAPE,
            executor_id=self._executor,
            serializer=DBOSPortableJSONSerializer(),
            max_executor_threads=THREADS,
            log_level="WARNING",
            notification_listener_polling_interval_sec=UNUSED_SECONDS,
            notification_coalesce_sec=UNUSED_SECONDS,
        )


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
