"""What the stages of a job came to, in the order in which they were taken: what the next attempt begins with."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from pipeline.domain.job import Failure, JobStatus, Stage
from pipeline.jobs import tables
from pipeline.jobs.stores import upsert

Outcome = dict[str, Any]
"""What a stage returned, or the error that it ended with, as JSON."""

ERROR = "error"
"""Where the code of an error stands in an outcome."""

_table = tables.stage_outcomes


class StageOutcome(NamedTuple):
    """One stage that has ended."""

    stage: Stage
    outcome: Outcome


def keep_outcome(connection: sa.Connection, job_id: str, position: int, stage: Stage, outcome: Outcome) -> None:
    """The stage at ``position`` has ended."""
    row = {"job_id": job_id, "position": position, "stage": stage, "outcome": outcome}
    upsert(connection, _table, row, update=("stage", "outcome"))


def outcomes_of(connection: sa.Connection, job_id: str) -> list[StageOutcome]:
    """All that are kept, in order."""
    query = sa.select(_table.c.stage, _table.c.outcome).where(_table.c.job_id == job_id).order_by(_table.c.position)
    return [StageOutcome(Stage(stage), outcome) for stage, outcome in connection.execute(query)]


def forget_outcomes(connection: sa.Connection, job_id: str, first: int) -> None:
    """Those from position ``first`` on."""
    connection.execute(_table.delete().where(_table.c.job_id == job_id, _table.c.position >= first))


def worth_keeping(outcomes: list[StageOutcome], status: JobStatus, failure: Failure | None) -> int:
    """How many of the first stages need not be run again after a job has ended without success.

    All but those from the stage on that failed. What is wrong with an app is not mended by another look at it: when
    looking failed, it is made again.
    """
    if status is not JobStatus.FAILED or failure is None:
        return len(outcomes)
    told = {ERROR: failure.code, "message": failure.message}
    first = max((place for place, (_, outcome) in enumerate(outcomes) if outcome == told), default=len(outcomes))
    if first < len(outcomes) and outcomes[first].stage in {Stage.ASSEMBLE, Stage.VERIFY}:
        first = max(place for place in range(first) if outcomes[place].stage is Stage.GENERATE)
    return first
