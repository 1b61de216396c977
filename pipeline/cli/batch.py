"""``pipeline batch``: many briefs through the whole pipeline, in this process, with no server."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.output import plain, say
from pipeline.cli.progress import ProgressBar
from pipeline.cli.run import announce, read_settings
from pipeline.domain.batch import FAILED_LINES, Cost, LineStatus, NewLine
from pipeline.domain.brief import Brief
from pipeline.domain.errors import Busy, FieldProblem, InvalidInput, KeyReused, NotFound
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.publication import Target

if TYPE_CHECKING:
    from pipeline.bootstrap.services import Services
    from pipeline.settings import Settings
    from pipeline.shapes.batches import LineView, RawLine

LONGEST_WAIT = 3600.0
PIECE_BYTES = 1024 * 1024
BUSY_SECONDS = 1.0


def batch(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="JSON Lines: a request of POST /api-deploy each.")],
    *,
    parallel: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How many at once; default: JOB_CONCURRENCY.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run stopped; what has ended is told, not redone.")
    ] = False,
    only: Annotated[
        Literal["failed"] | None, typer.Option(help="failed: leave out all but what failed, and run that again.")
    ] = None,
    target: Annotated[Target | None, typer.Option(help="Where to publish; default: local.")] = None,
    notify: Annotated[
        bool | None,
        typer.Option("--notify/--no-notify", help="Call evaluation_url; default: only when published elsewhere."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines on standard output, one line each.")] = False,
) -> None:
    """The command."""
    with exit_codes():
        chosen = target or Target.LOCAL
        settings = read_settings(chosen, **({"job_concurrency": parallel} if parallel else {}))
        total = _count(file, settings)
        announce([], chosen, asked=target is not None)
        is_told = chosen is not Target.LOCAL if notify is None else notify
        run = _Run(settings, chosen, total, notify=is_told, only_failed=only == "failed", as_json=as_json)
        run_async(run.work(file))
        run.tell_the_end(resume=resume)
    if run.failed:
        raise typer.Exit(ExitCode.FAILED)


@dataclass
class _Run:
    """One run of the command, and how far it has come."""

    settings: "Settings"
    target: Target
    total: int
    notify: bool
    only_failed: bool
    as_json: bool
    statuses: Counter[LineStatus] = field(default_factory=Counter)
    cost: Cost = field(default_factory=Cost)
    replayed: int = 0
    left_out: int = 0

    @property
    def failed(self) -> int:
        """Lines that did not succeed."""
        return sum(self.statuses[status] for status in FAILED_LINES)

    async def work(self, file: Path) -> None:
        """Every line, as many at once as jobs may run; results as they end."""
        from pipeline.bootstrap.services import build

        services = build(self.settings)
        self._places = asyncio.Semaphore(self.settings.job_concurrency)
        self._begun, self._priced = monotonic(), set[str]()
        try:
            await services.start()
            with ProgressBar(file.name, self.total) as self._bar:
                async with asyncio.TaskGroup() as group:
                    for line in _lines(file, self.settings):
                        await self._places.acquire()
                        group.create_task(
                            self._to_the_end(services, line.number, *await self._accepted(services, line))
                        )
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            await services.stop(0)  # a job that was interrupted goes on from its last finished stage

    async def _accepted(self, services: "Services", line: NewLine) -> tuple[Job | None, Sequence[FieldProblem]]:
        """In the order of the file, so that rounds of one site keep theirs. Neither = the line is left out."""
        if line.brief is None:
            return None, line.problems
        brief = replace(line.brief, target=self.target)
        while True:
            try:
                if self.only_failed:
                    return await self._again(services, brief), ()
                job, _ = await services.jobs.accept(brief, notify=self.notify)
            except KeyReused as error:
                return None, [FieldProblem("nonce", str(error))]
            except InvalidInput as error:
                return None, error.problems
            except Busy:  # with what an earlier run left
                await asyncio.sleep(BUSY_SECONDS)
            else:
                self.replayed += job.status.is_final
                return job, ()

    async def _again(self, services: "Services", brief: Brief) -> Job | None:
        """The job of ``brief`` that failed, run again, or that an earlier run left half-way; None = there is none."""
        try:
            job = await services.jobs.get(brief.key.job_id)
        except NotFound:
            return None
        if job.status is JobStatus.SUCCEEDED or job.fingerprint != brief.fingerprint:
            return None
        return await services.jobs.retry(job.id) if job.status.is_final else job

    async def _to_the_end(
        self, services: "Services", number: int, job: Job | None, problems: Sequence[FieldProblem]
    ) -> None:
        from pipeline.shapes.batches import LineView

        try:
            if job is None and not problems:
                self.left_out += 1
                return
            while job and not job.status.is_final:
                job = await services.jobs.wait(job.id, LONGEST_WAIT)
            status = LineStatus(job.status) if job else LineStatus.REFUSED
            self.statuses[status] += 1
            if job and job.id not in self._priced:
                self._priced.add(job.id)
                self.cost += await services.batches.cost([job.id])
            self._tell(LineView.of_job(number, status, job, problems, self.settings.own_address))
        finally:
            self._places.release()

    def _tell(self, view: "LineView") -> None:
        if self.as_json:
            sys.stdout.write(view.json_line())
            sys.stdout.flush()
        else:
            what = view.pages_url or view.error or ""
            typer.echo(plain(f"{view.line:>6}  {view.status:<9}  {view.task or ''}  {what}"))
        self._bar.show(self._so_far())

    def _so_far(self) -> str:
        ended = sum(self.statuses.values())
        left = (monotonic() - self._begun) / ended * (self.total - ended - self.left_out)
        return f"{ended - self.failed} done, {self.failed} failed, ${self.cost.usd:.4f}, about {left:.0f} s left"

    def tell_the_end(self, *, resume: bool) -> None:
        """The sums, on standard error."""
        ended = sum(self.statuses.values())
        if self.replayed and not (resume or self.only_failed):
            say(f"{self.replayed} had ended before: they are told as they ended then.", "yellow")
        unknown = f" and {self.cost.unpriced_calls} calls of unknown cost" if self.cost.unpriced_calls else ""
        say(f"{ended} lines: {ended - self.failed} done, {self.failed} failed, ${self.cost.usd:.4f}{unknown}.")
        if self.failed:
            say("`--only failed` runs again what failed.", "yellow")


def _count(file: Path, settings: "Settings") -> int:
    """Lines that are not empty. Raises InvalidInput when there are none, or the file cannot be read."""
    count = sum(1 for _ in _raw_lines(file, settings))
    if not count:
        raise InvalidInput(FieldProblem("FILE", f"{plain(str(file))} is empty: each line is a request"))
    return count


def _lines(file: Path, settings: "Settings") -> Iterator[NewLine]:
    """One after the other: no more of the file is held at once than a piece and a line."""
    from pipeline.shapes.batches import new_line, read_lines
    from pipeline.shapes.deploy_request import RequestRules

    rules = RequestRules.from_settings(settings)
    for line in _raw_lines(file, settings):
        for number, document in read_lines([line], settings.max_request_bytes):
            yield new_line(number, document, rules)


def _raw_lines(file: Path, settings: "Settings") -> "Iterator[RawLine]":
    from pipeline.shapes.batches import LineSplitter

    splitter = LineSplitter(settings.max_request_bytes)
    try:
        with file.open("rb") as opened:
            while piece := opened.read(PIECE_BYTES):
                yield from splitter.feed(piece)
    except OSError as error:
        raise InvalidInput(FieldProblem("FILE", f"{plain(str(file))} cannot be read: {error.strerror}")) from error
    yield from splitter.end()
