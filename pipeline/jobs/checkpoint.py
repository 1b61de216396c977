"""Runs a stage once: its outcome is on record, and a resumed job gets the record instead of a second run."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from pipeline.domain import errors
from pipeline.domain.errors import DeadlineExceeded, GivenUp, StageError
from pipeline.domain.generation import Made
from pipeline.domain.job import EventKind, Stage
from pipeline.domain.publication import Publication
from pipeline.domain.verdict import Seen
from pipeline.jobs.codec import from_json, to_json
from pipeline.jobs.failpoint import Failpoint, Moment
from pipeline.jobs.journal import log_stage
from pipeline.jobs.outcomes import ERROR, Outcome
from pipeline.jobs.records import JobRecords
from pipeline.ports import Progress

T = TypeVar("T")

RunStep = Callable[[str, Callable[[], Coroutine[Any, Any, Outcome]]], Awaitable[Outcome]]
"""The engine's durable step: a name, and what to run unless its outcome is on record."""

PROGRESS_SECONDS = 0.25
UNSUSPECTED_STARTS = 2
"""Of a stage of which nothing was recorded. After more of them it may be what ended the process: it rests first, longer
each time, and then runs while no other such stage does, so that each is blamed for its own crashes alone."""

MOST_STARTS = 5
"""Of a stage, before it is taken for what ends the process. An orderly stop is on record and does not count."""

FIRST_REST_SECONDS = 2.0

_KINDS = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StageError)}


class StageCheckpoint:
    """The ``Checkpoint`` port for one job.

    Expected failures travel as values: an exception's class does not survive the engine's record, its code does.

    Args:
        suspects: held by the one stage that runs now of those with more than UNSUSPECTED_STARTS.
        known: what the first stages came to in an earlier attempt at the job.
    """

    def __init__(
        self,
        job_id: str,
        records: JobRecords,
        failpoint: Failpoint,
        run_step: RunStep,
        *,
        suspects: asyncio.Lock,
        known: Sequence[Outcome] = (),
    ) -> None:
        self._job_id = job_id
        self._records = records
        self._failpoint = failpoint
        self._run_step = run_step
        self._suspects = suspects
        self._known = known
        self._position = 0
        self.stage = Stage.ACCEPT

    async def __call__(
        self, stage: Stage, effect: Callable[[Progress], Awaitable[T]], returns: type[T], seconds: float | None = None
    ) -> T:
        """Run ``effect`` within ``seconds``, or take its recorded outcome.

        Raises:
            StageError: what the effect raised, then and on every replay.
            DeadlineExceeded: ``seconds`` were over.
        """
        self.stage, position = stage, self._position
        self._position += 1

        async def step() -> Outcome:
            if position < len(self._known):
                return self._known[position]
            return await self._run(stage, position, effect, returns=returns, seconds=seconds)

        outcome = await self._run_step(stage, step)
        self._failpoint.pass_by(stage, Moment.AFTER_RECORD)
        if ERROR in outcome:
            raise _KINDS.get(outcome[ERROR], StageError)(outcome["message"])
        return from_json(returns, _renewed(outcome["value"]))

    async def report(self, made: Made, seen: Seen, files: str, publication: Publication | None = None) -> None:
        """Show what is known of the chosen app, whose files have the digest ``files``, to whoever looks at the job."""
        await self._records.report(self._job_id, made, seen, files, publication)

    async def _run(
        self,
        stage: Stage,
        position: int,
        effect: Callable[[Progress], Awaitable[T]],
        *,
        returns: type[T],
        seconds: float | None,
    ) -> Outcome:
        self._failpoint.pass_by(stage, Moment.BEFORE)
        begun = time.monotonic()
        detail = ""
        notes = ProgressNotes(self._job_id, stage, self._records)
        try:
            async with asyncio.timeout(seconds), self._start(stage), notes as progress:
                outcome = {"value": to_json(returns, await effect(progress))}
        except (StageError, TimeoutError) as error:
            failure = error if isinstance(error, StageError) else DeadlineExceeded(_no_time(stage, notes.last, seconds))
            detail = str(failure)
            outcome = {ERROR: failure.code, "message": str(failure)}
        self._failpoint.pass_by(stage, Moment.AFTER_EFFECT)
        elapsed = round(time.monotonic() - begun, 4)
        await self._records.end_stage(self._job_id, position, stage, outcome, detail=detail, seconds=elapsed)
        log_stage(self._job_id, stage, elapsed, detail)
        return outcome

    @asynccontextmanager
    async def _start(self, stage: Stage) -> AsyncIterator[None]:
        starts = await self._records.begin(self._job_id, stage, UNSUSPECTED_STARTS)
        if starts > MOST_STARTS:
            raise GivenUp(f"the service ended {MOST_STARTS} times while it was at work on {stage}")
        if starts <= UNSUSPECTED_STARTS:
            yield
            return
        await asyncio.sleep(FIRST_REST_SECONDS * 2 ** (starts - UNSUSPECTED_STARTS - 1))
        async with self._suspects:
            await self._records.begin(self._job_id, stage)
            yield


class ProgressNotes:
    """Writes progress to the timeline beside the stage, the newest note at most every quarter of a second."""

    def __init__(self, job_id: str, stage: Stage, records: JobRecords) -> None:
        self._job_id = job_id
        self._stage = stage
        self._records = records
        self.last = ""
        self._note: str | None = None
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Progress:
        loop = asyncio.get_running_loop()
        self._writer = asyncio.create_task(self._write())

        def progress(note: str) -> None:
            loop.call_soon_threadsafe(self._take, note)

        return progress

    async def __aexit__(self, *_exception: object) -> None:
        """The last note is on record before the stage's end is: the writer is never cut off."""
        await asyncio.sleep(0)  # notes that are on their way from other threads arrive
        self._ended.set()
        self._news.set()
        if self._writer:
            await self._writer

    def _take(self, note: str) -> None:
        self.last = self._note = note
        self._news.set()

    async def _write(self) -> None:
        while not (self._ended.is_set() and self._note is None):
            await self._news.wait()
            self._news.clear()
            note, self._note = self._note, None
            if note is not None:
                await self._records.add_event(self._job_id, EventKind.PROGRESS, self._stage, note)
            with suppress(TimeoutError):
                async with asyncio.timeout(PROGRESS_SECONDS):
                    await self._ended.wait()


def _renewed(value: Any) -> Any:
    """An outcome of ``generate`` or ``verify`` that an earlier release recorded, as this one would have."""
    match value:
        case {"result": made, **others}:
            return {**others, "made": made}
        case {"verification": seen, "screenshot": screenshot, **others}:
            return {**others, "seen": {**seen, "screenshot": screenshot}}
    return value


def _no_time(stage: Stage, last_note: str, seconds: float | None) -> str:
    if not seconds:
        return f"no time was left for {stage}: the job's time was up before it could begin"
    return f"no time was left for {stage}" + (f"; the last that was heard of it: {last_note}" if last_note else "")
