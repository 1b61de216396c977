"""``pipeline jobs``: straight from the database, also while a service works on it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.examples import examples
from pipeline.cli.exits import ExitCode, exit_codes
from pipeline.cli.job_access import AsJson, JobId, Strict, fails_a_check, find_job, with_jobs
from pipeline.cli.output import (
    print_console,
    print_deliveries,
    print_findings,
    print_jobs,
    print_json,
    print_summary,
    print_timeline,
    print_verdicts,
    say,
)
from pipeline.cli.progress import follow
from pipeline.domain.errors import FieldProblem, InvalidInput, NotFound
from pipeline.domain.job import MAX_PAGE, Job, JobStatus
from pipeline.domain.notification import Delivery, NextStep, next_step
from pipeline.ports import Jobs

if TYPE_CHECKING:
    from pipeline.settings import JobSettings

jobs = typer.Typer(no_args_is_help=True)

Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="With --failed: of jobs received since, as 2026-01-31T12:00Z.")
]


@jobs.command("list", epilog=examples("pipeline jobs list --status failed", "pipeline jobs list --limit 5 --json"))
def list_jobs(
    email: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task's.")] = None,
    status: Annotated[JobStatus | None, typer.Option(help="Only those that stand like this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_PAGE, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from pipeline.shapes.jobs import JobPage, JobSummary

    async def find(port: Jobs, settings: "JobSettings") -> None:
        found, cursor = await port.find(email=email, task=task, status=status, limit=limit)
        if as_json:
            summaries = [JobSummary.of(job, settings.own_address) for job in found]
            print_json(JobPage(jobs=summaries, next_cursor=cursor).model_dump(mode="json"))
        else:
            print_jobs(found)
            say("There are older ones: raise --limit." if cursor else f"{len(found)} job{'s' * (len(found) != 1)}.")

    with exit_codes(as_json=as_json):
        try:
            with_jobs(find)
        except NotFound as nothing:
            say(f"No jobs: {nothing}.")
            if as_json:
                print_json(JobPage(jobs=[], next_cursor=None).model_dump(mode="json"))


@jobs.command(epilog=examples("pipeline jobs show latest", "pipeline jobs show 3f2a --screenshot page.png"))
def show(
    job_id: JobId,
    *,
    as_json: AsJson = False,
    screenshot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Write the picture of the app's page there.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="Write all that is known there: page, JSON, JUnit, trace.")
    ] = None,
) -> None:
    """Show a job: verdicts with their evidence, console, timeline, deliveries, usage."""
    from pipeline.shapes.jobs import timeline

    async def look(port: Jobs, settings: "JobSettings") -> None:
        job = await find_job(port, job_id)
        if screenshot:
            _save(await port.screenshot(job.id), job.id, screenshot)
        if evidence:
            from pipeline.shapes.evidence.archive import evidence_archive

            pieces = await evidence_archive(port, job, settings.own_address, settings.secrets())
            _write(evidence, pieces, "--evidence")
            say(f"The evidence is in {evidence}.")
        if as_json:
            await _told(port, job, settings, as_json=True)
            return
        print_summary(job)
        print_verdicts(job.seen.verdicts)
        print_findings(job.seen.findings)
        print_console(job.seen.console)
        print_timeline(timeline(await port.events(job.id), has_ended=job.is_settled))
        print_deliveries(job.deliveries)

    with exit_codes(as_json=as_json):
        with_jobs(look)


@jobs.command(epilog=examples("pipeline jobs watch latest", "pipeline jobs watch 3f2a --strict"))
def watch(job_id: JobId, *, strict: Strict = False, as_json: AsJson = False) -> None:
    """Follow a job to its end. Ctrl-C stops watching, not the job."""

    async def to_the_end(port: Jobs, settings: "JobSettings") -> Job:
        return await _told(port, await follow(port, await find_job(port, job_id)), settings, as_json=as_json)

    with exit_codes(as_json=as_json):
        job = with_jobs(to_the_end)
        if not as_json:
            print_summary(job)
            print_verdicts(job.seen.verdicts)
    if job.status is not JobStatus.SUCCEEDED or (strict and fails_a_check(job)):
        raise typer.Exit(ExitCode.FAILED)


@jobs.command(epilog=examples("pipeline jobs cancel latest"))
def cancel(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Stop a job before its next stage. What it has published stays."""
    job = _done(job_id, lambda port, found: port.cancel(found), as_json=as_json)
    if job.status.is_final and job.status is not JobStatus.CANCELLED:
        say(f"Job {job.id} had ended before: {job.status}.", "yellow")
        raise typer.Exit(ExitCode.FAILED)
    say(f"Job {job.id} is cancelled.")


@jobs.command(epilog=examples("pipeline jobs restore latest"))
def restore(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Publish the files of an earlier round again, as a new commit on top of its site."""
    job = _done(job_id, lambda port, found: port.restore(found), as_json=as_json)
    say(f"Job {job.id} will publish them by the service, or by its next start.")


@jobs.command(epilog=examples("pipeline jobs retry latest", "pipeline jobs retry --failed --since 2026-01-31"))
def retry(
    job_id: Annotated[str | None, typer.Argument(metavar="ID", help="Of one job; not with --failed.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All jobs that have failed.")] = False,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Run a job again that failed or was cancelled: from the stage that failed, within a new deadline."""
    begin = _one_or_since(job_id, since, failed=failed, as_json=as_json)

    async def again(port: Jobs, settings: "JobSettings") -> int:
        if job_id is None:
            count = await port.retry_failed(since=begin)
            if as_json:
                print_json({"ok": True, "retried": count})
            return count
        job = await find_job(port, job_id)
        await _told(port, await port.retry(job.id), settings, as_json=as_json)
        return 1

    with exit_codes(as_json=as_json):
        count = with_jobs(again)
    say(f"{count} job{'s' * (count != 1)} will be run again by the service, or by its next start.")


@jobs.command(epilog=examples("pipeline jobs redeliver latest", "pipeline jobs redeliver --failed --since 2026-01-31"))
def redeliver(
    job_id: Annotated[str | None, typer.Argument(metavar="ID", help="Of one job; not with --failed.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Everything that evaluators did not take in time.")] = False,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Tell the evaluator once more about what a job published, or all evaluators what they missed."""
    begin = _one_or_since(job_id, since, failed=failed, as_json=as_json)
    if job_id is None:
        _redeliver_failed(begin, as_json=as_json)
    else:
        _redeliver_one(job_id, as_json=as_json)


def _one_or_since(job_id: str | None, since: str | None, *, failed: bool, as_json: bool) -> datetime | None:
    """When the jobs that are meant were received; None = one alone, or all."""
    from pipeline.shapes.redelivery import moment

    if (job_id is None) is not failed or (since and not failed):
        raise typer.BadParameter("name one job, or say --failed, with --since TIME or without")
    with exit_codes(as_json=as_json):
        try:
            return moment(since) if since else None
        except ValueError as error:
            raise InvalidInput(FieldProblem("--since", str(error))) from error


def _redeliver_failed(begin: datetime | None, *, as_json: bool) -> None:
    from pipeline.shapes.redelivery import RedeliverReply

    with exit_codes(as_json=as_json):
        count = with_jobs(lambda port, _: port.retry_dead_letters(since=begin))
        if as_json:
            print_json(RedeliverReply(redelivered=count).model_dump(mode="json"))
        say(f"{count} callback{'s' * (count != 1)} will be sent again by the service, or by its next start.")


def _redeliver_one(job_id: str, *, as_json: bool) -> None:
    async def again(port: Jobs, settings: "JobSettings") -> Sequence[Delivery]:
        job = await find_job(port, job_id)
        told = await _told(port, await port.redeliver(job.id), settings, as_json=as_json)
        return told.deliveries[len(job.deliveries) :]

    with exit_codes(as_json=as_json):
        attempts = with_jobs(again)
        if not as_json:
            print_deliveries(attempts)
    if not any(next_step(attempt.status) is NextStep.DONE for attempt in attempts):
        say("The evaluator did not take it.", "red")
        raise typer.Exit(ExitCode.FAILED)
    say("The evaluator has been told.")


def _done(job_id: str, act: Callable[[Jobs, str], Awaitable[Job]], *, as_json: bool) -> Job:
    """The job that comes of ``act``, which gets the whole id."""

    async def work(port: Jobs, settings: "JobSettings") -> Job:
        job = await find_job(port, job_id)
        return await _told(port, await act(port, job.id), settings, as_json=as_json)

    with exit_codes(as_json=as_json):
        return with_jobs(work)


async def _told(port: Jobs, job: Job, settings: "JobSettings", *, as_json: bool) -> Job:
    """``job``; with ``as_json`` it was printed as GET /jobs/{id} has it."""
    if as_json:
        from pipeline.shapes.jobs import JobView

        view = JobView.with_events(job, await port.events(job.id), settings.own_address)
        print_json(view.model_dump(mode="json"))
    return job


def _save(picture: bytes | None, job_id: str, file: Path) -> None:
    if picture is None:
        raise NotFound(f"nobody has looked at a page of job {job_id}: there is no picture of it")
    _write(file, [picture], "--screenshot")
    say(f"The picture of the page is in {file}.")


def _write(file: Path, pieces: Iterable[bytes], option: str) -> None:
    try:
        with file.open("wb") as opened:
            opened.writelines(pieces)
    except OSError as error:
        raise InvalidInput(FieldProblem(option, f"{file} cannot be written: {error.strerror}")) from error
