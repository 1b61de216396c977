"""Whatever is asked of jobs in whatever order, their rows agree with a model that a reader can hold in the head."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.clock import SystemClock
from pipeline.domain.errors import Conflict, KeyReused
from pipeline.domain.job import Failure, JobStatus, Stage
from pipeline.domain.publication import Target
from pipeline.jobs.database import Database
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.records import JobRecords
from pipeline.jobs.retries import Retries
from pipeline.jobs.shares import OwnerLimits, Shares
from pipeline.jobs.stores import SqlBlobs
from tests.builders import make_brief

T = TypeVar("T")

MOST_AT_WORK = 2
AN_HOUR = timedelta(hours=1)
UNFINISHED = (JobStatus.WAITING, JobStatus.RUNNING)


@dataclass
class Known:
    """What is known of a job."""

    owner: str
    task: str
    text: str
    turn: int
    status: JobStatus = JobStatus.WAITING
    attempt: int = 0


class Jobs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        clock, feed = SystemClock(), JobFeed()
        self.database = Database.embedded(Path(self.folder.name))
        self.database.migrate()
        self.queued: dict[str, int] = {}  # newest attempt of each job that was let into the queue
        shares = Shares(self.enqueue, OwnerLimits(running=MOST_AT_WORK))
        self.records = JobRecords(self.database, clock, SqlBlobs(self.database, clock), feed.publish, shares)
        self.retries = Retries(self.database, shares, feed, clock, deadline=AN_HOUR, queue_limit=1_000)
        self.known: dict[str, Known] = {}
        self.turns = 0

    def enqueue(self, _connection: object, job_id: str, attempt: int, _place: int) -> None:
        self.queued[job_id] = attempt

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.database.close()
        self.loop.close()
        self.folder.cleanup()

    def next_turn(self) -> int:
        self.turns += 1
        return self.turns

    def of_status(self, *statuses: JobStatus) -> list[str]:
        return [job_id for job_id, job in self.known.items() if job.status in statuses]

    def at_work(self) -> list[str]:
        return [
            job_id for job_id in self.of_status(*UNFINISHED) if self.queued.get(job_id) == self.known[job_id].attempt
        ]

    @rule(
        owner=st.sampled_from("ab"),
        task=st.sampled_from(["x", "y", "z"]),
        number=st.integers(1, 4),
        text=st.sampled_from(["make it", "make another"]),
    )
    def post(self, owner: str, task: str, number: int, text: str) -> None:
        told = f"{text} {number}"  # requests that differ in their nonce alone would share an app
        brief = make_brief(email=f"{owner}@example.com", task=task, nonce=f"n-{number}", text=told, attachments=())
        accept = self.records.insert(
            brief,
            Target.LOCAL,
            site_task=None,
            notify=True,
            deadline=AN_HOUR,
            queue_limit=1_000,
            hold=lambda *_: None,
        )
        before = self.known.get(brief.key.job_id)
        if before and before.text != told:
            with pytest.raises(KeyReused):
                self.run(accept)
            return
        job, is_new = self.run(accept)
        assert is_new is (before is None)
        if is_new:
            self.known[job.id] = Known(owner, task, told, self.next_turn())

    @precondition(lambda self: self.at_work())
    @rule(choice=st.randoms(use_true_random=False), status=st.sampled_from(JobStatus))
    def move(self, choice: Any, status: JobStatus) -> None:
        """One that is at work begins, or ends."""
        job_id = choice.choice(self.at_work())
        job = self.known[job_id]
        if status is JobStatus.WAITING:
            return
        failure = Failure(Stage.GENERATE, "generation_failed", "no") if status is JobStatus.FAILED else None
        self.run(self.records.set_status(job_id, status, failure, attempt=job.attempt))
        self.known[job_id].status = status

    @precondition(lambda self: self.of_status(*UNFINISHED))
    @rule(choice=st.randoms(use_true_random=False))
    def cancel(self, choice: Any) -> None:
        job_id = choice.choice(self.of_status(*UNFINISHED))
        assert self.run(self.records.set_status(job_id, JobStatus.CANCELLED))
        self.known[job_id].status = JobStatus.CANCELLED

    @precondition(lambda self: self.known)
    @rule(choice=st.randoms(use_true_random=False))
    def retry(self, choice: Any) -> None:
        job_id = choice.choice(list(self.known))
        job = self.known[job_id]
        if job.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
            with pytest.raises(Conflict):
                self.run(self.retries.retry(job_id))
            return
        self.run(self.retries.retry(job_id))
        job.status, job.attempt, job.turn = JobStatus.WAITING, job.attempt + 1, self.next_turn()

    @precondition(lambda self: self.known)
    @rule(choice=st.randoms(use_true_random=False))
    def a_late_word_of_an_earlier_attempt_changes_nothing(self, choice: Any) -> None:
        job_id = choice.choice(list(self.known))
        earlier = self.known[job_id].attempt - 1
        assert not self.run(self.records.set_status(job_id, JobStatus.SUCCEEDED, attempt=earlier))

    @invariant()
    def rows_are_as_known(self) -> None:
        rows, _ = self.run(self.records.find(limit=100))
        assert {row.id: (row.status, row.attempt) for row in rows} == {
            job_id: (job.status, job.attempt) for job_id, job in self.known.items()
        }

    @invariant()
    def rounds_of_one_site_take_turns_and_no_owner_has_too_many_at_work(self) -> None:
        at_work = [self.known[job_id] for job_id in self.at_work()]
        assert not at_work or max(Counter((job.owner, job.task) for job in at_work).values()) == 1
        assert not at_work or max(Counter(job.owner for job in at_work).values()) <= MOST_AT_WORK

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        at_work = self.at_work()
        busy = Counter(self.known[job_id].owner for job_id in at_work)
        for job_id in self.of_status(*UNFINISHED):
            job = self.known[job_id]
            earlier = [
                other
                for other in map(self.known.get, self.of_status(*UNFINISHED))
                if other and (other.owner, other.task) == (job.owner, job.task) and other.turn < job.turn
            ]
            assert job_id in at_work or earlier or busy[job.owner] == MOST_AT_WORK


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
