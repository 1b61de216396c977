"""Many requests that came together, one a line, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.domain.brief import Brief
from pipeline.domain.errors import FieldProblem
from pipeline.domain.job import Job


class LineStatus(StrEnum):
    """Where a line of a batch stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"  # it is no request that can be taken
    FORGOTTEN = "forgotten"  # its job is older than RETENTION_DAYS


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line as it came in: a brief, or what is wrong with it."""

    number: int  # from 1, empty lines counted
    brief: Brief | None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class LineResult:
    """What is known of a line."""

    number: int
    status: LineStatus
    job: Job | None = None  # None as long as it waits, and of one that was refused
    problems: tuple[FieldProblem, ...] = ()  # of one that was refused
    place: int | None = None  # in the order in which lines ended


@dataclass(frozen=True, slots=True)
class Cost:
    """What the ledger has of some jobs."""

    calls: int = 0
    usd: float = 0.0  # of the calls whose price is known
    unpriced_calls: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.calls + other.calls, self.usd + other.usd, self.unpriced_calls + other.unpriced_calls)


@dataclass(frozen=True, slots=True)
class Batch:
    """All lines together, as they stand."""

    id: str
    owner: str | None  # e-mail address of the owner whose secret it came with; None = the operator's
    received_at: datetime
    counts: dict[LineStatus, int]
    cost: Cost
    seconds_left: float | None  # estimated; None = nothing has ended yet, or all has

    @property
    def lines(self) -> int:
        """How many there are, without empty ones."""
        return sum(self.counts.values())

    def count(self, *statuses: LineStatus) -> int:
        """Of the lines that stand so."""
        return sum(self.counts.get(status, 0) for status in statuses)


FAILED_LINES = (LineStatus.FAILED, LineStatus.CANCELLED, LineStatus.REFUSED)


def seconds_left(job_seconds: list[float], waiting: int, running: int) -> float | None:
    """Until all has ended, by the time that the last jobs took and how many run at once."""
    if not job_seconds or not running:
        return None
    return sum(job_seconds) / len(job_seconds) * (waiting + running / 2) / running
