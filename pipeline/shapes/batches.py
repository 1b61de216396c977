"""Batches: JSON Lines in, one request a line; what became of each, out."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from pipeline.domain.batch import FAILED_LINES, Batch, LineResult, LineStatus, NewLine
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.job import Job, Stage
from pipeline.domain.publication import Target
from pipeline.shapes.deploy_request import RequestRules, brief_from
from pipeline.shapes.jobs import JobSummary
from pipeline.shapes.json_object import read_object

JSON_LINES = "application/jsonl"
MAX_PAGE_OF_LINES = 1_000

RawLine = tuple[int, bytes | None]
"""Its number, from 1, and what stands in it; None for one that is too long."""


class LineSplitter:
    """Cuts what comes in pieces into lines, without empty ones; holds no more than a line of ``most_bytes``."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._begun = bytearray()
        self._is_too_long = False
        self._number = 0

    def feed(self, piece: bytes) -> Iterator[RawLine]:
        """The lines that ``piece`` ends."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._grow(part)
            yield from self.end()
        self._grow(rest)

    def end(self) -> Iterator[RawLine]:
        """The line that was begun, unless it is empty."""
        self._number += 1
        line, is_too_long = bytes(self._begun), self._is_too_long
        self._begun.clear()
        self._is_too_long = False
        if is_too_long:
            yield self._number, None
        elif line.strip():
            yield self._number, line

    def _grow(self, part: bytes) -> None:
        if len(self._begun) + len(part) > self._most_bytes:
            self._is_too_long = True
        if self._is_too_long:
            self._begun.clear()
        else:
            self._begun += part


def read_lines(lines: Iterable[RawLine], most_bytes: int) -> list[tuple[int, dict[str, Any] | FieldProblem]]:
    """Each line's JSON object, or why it is none."""
    read: list[tuple[int, dict[str, Any] | FieldProblem]] = []
    for number, raw in lines:
        try:
            document = FieldProblem("body", f"is longer than {most_bytes} bytes") if raw is None else read_object(raw)
        except InvalidInput as error:
            document = error.problems[0]
        read.append((number, document))
    return read


def new_line(number: int, document: dict[str, Any] | FieldProblem, rules: RequestRules) -> NewLine:
    """A line that was read, judged as a request of POST /api-deploy is."""
    if isinstance(document, FieldProblem):
        return NewLine(number, None, (document,))
    try:
        return NewLine(number, brief_from(document, rules))
    except InvalidInput as error:
        return NewLine(number, None, error.problems)


class LineProblem(BaseModel):
    """A rule that a line broke."""

    field: str
    problem: str


class LineView(BaseModel):
    """What became of a line. ``fields`` are the broken rules of one that was refused."""

    line: int
    status: LineStatus
    job_id: str | None = None
    job_url: str | None = None
    email: str | None = None
    task: str | None = None
    round: int | None = None
    nonce: str | None = None
    target: Target | None = None
    repo_url: str | None = None
    commit_sha: str | None = None
    pages_url: str | None = None
    stage: Stage | None = None
    error: str | None = None
    fields: list[LineProblem] | None = None

    @classmethod
    def of(cls, result: LineResult, own_address: str) -> Self:
        """From the domain's, shown at ``own_address``."""
        return cls.of_job(result.number, result.status, result.job, result.problems, own_address)

    @classmethod
    def of_job(
        cls, number: int, status: LineStatus, job: Job | None, problems: Sequence[FieldProblem], own_address: str
    ) -> Self:
        """From its parts."""
        known: dict[str, Any] = {}
        if job:
            known = JobSummary.of(job, own_address).model_dump(include=set(cls.model_fields) - {"status"})
        if problems:
            known["error"] = "; ".join(f"{problem.field}: {problem.problem}" for problem in problems)
            known["fields"] = [{"field": problem.field, "problem": problem.problem} for problem in problems]
        return cls(line=number, status=status, **known)

    def json_line(self) -> str:
        """As one line of JSON Lines."""
        return f"{self.model_dump_json()}\n"


class BatchView(BaseModel):
    """A batch as it stands; ``results`` are a page of its lines by number, ``next`` is the ``after`` of the next page.

    ``done`` have succeeded; ``failed`` are also those that were cancelled or refused. ``cost_usd`` is what the calls of
    models have cost whose price is known; ``seconds_left`` is an estimate.
    """

    ok: Literal[True] = True
    batch_id: str
    batch_url: str
    status: Literal["running", "ended"]
    received_at: datetime
    lines: int
    done: int
    failed: int
    refused: int = Field(description="of the failed: those that are no requests")
    waiting: int
    running: int
    calls: int
    cost_usd: float
    unpriced_calls: int
    seconds_left: float | None
    results: list[LineView]
    next: int | None

    @classmethod
    def of(cls, batch: Batch, results: Sequence[LineResult], own_address: str, limit: int) -> Self:
        """From the domain's, shown at ``own_address``, with a page of at most ``limit`` lines."""
        waiting, running = batch.count(LineStatus.WAITING), batch.count(LineStatus.RUNNING)
        return cls(
            batch_id=batch.id,
            batch_url=f"{own_address}/batches/{batch.id}",
            status="running" if waiting or running else "ended",
            received_at=batch.received_at,
            lines=batch.lines,
            done=batch.count(LineStatus.SUCCEEDED),
            failed=batch.count(*FAILED_LINES),
            refused=batch.count(LineStatus.REFUSED),
            waiting=waiting,
            running=running,
            calls=batch.cost.calls,
            cost_usd=round(batch.cost.usd, 6),
            unpriced_calls=batch.cost.unpriced_calls,
            seconds_left=batch.seconds_left,
            results=[LineView.of(result, own_address) for result in results],
            next=results[-1].number if len(results) == limit else None,
        )
