"""``pipeline jobs``: straight from the database, also while a service works on it."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pipeline.cli.environment import read_quietly
from pipeline.cli.exits import ExitCode, exit_codes, run_async
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
    from pipeline.settings import Settings

T = TypeVar("T")

JobId = Annotated[str, typer.Argument(metavar="ID", help="As `pipeline jobs list` and every reply show it.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]

jobs = typer.Typer(no_args_is_help=True)


@jobs.command("list")
def list_jobs(
    email: Annotated[str | None, typer.Option(help="Only this owner's.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task's.")] = None,
    status: Annotated[JobStatus | None, typer.Option(help="Only those that stand like this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_PAGE, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from pipeline.shapes.jobs import JobPage, JobSummary

    with exit_codes(as_json=as_json):
        settings = read_quietly()
        found, cursor = _with_jobs(settings, lambda port: port.find(email=email, task=task, status=status, limit=limit))
        if as_json:
            summaries = [JobSummary.of(job, settings.own_address) for job in found]
            print_json(JobPage(jobs=summaries, next_cursor=cursor).model_dump(mode="json"))
        else:
            print_jobs(found)
            say("There are older ones: raise --limit." if cursor else f"{len(found)} job{'s' * (len(found) != 1)}.")


@jobs.command()
def show(
    job_id: JobId,
    as_json: AsJson = False,
    screenshot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Write the picture of the app's page there.")
    ] = None,
) -> None:
    """Show a job: verdicts with their evidence, console, timeline, deliveries, usage."""
    from pipeline.shapes.jobs import JobView

    with exit_codes(as_json=as_json):
        settings = read_quietly()

        async def look(port: Jobs) -> None:
            job = await port.get(job_id)
            view = JobView.with_events(job, await port.events(job_id), settings.own_address)
            if screenshot:
                _save(await port.screenshot(job_id), job_id, screenshot)
            if as_json:
                print_json(view.model_dump(mode="json"))
                return
            print_summary(job)
            print_verdicts(job.seen.verdicts)
            print_findings(job.seen.findings)
            print_console(job.seen.console)
            print_timeline(view.stages)
            print_deliveries(job.deliveries)

        _with_jobs(settings, look)


@jobs.command()
def watch(job_id: JobId) -> None:
    """Follow a job to its end. Ctrl-C stops watching, not the job."""

    async def to_the_end(port: Jobs) -> Job:
        return await follow(port, await port.get(job_id))

    with exit_codes():
        job = _with_jobs(read_quietly(), to_the_end)
        print_summary(job)
        print_verdicts(job.seen.verdicts)
    if job.status is not JobStatus.SUCCEEDED:
        raise typer.Exit(ExitCode.FAILED)


@jobs.command()
def cancel(job_id: JobId) -> None:
    """Stop a job before its next stage. What it has published stays."""
    with exit_codes():
        job = _with_jobs(read_quietly(), lambda port: port.cancel(job_id))
    if job.status.is_final and job.status is not JobStatus.CANCELLED:
        say(f"Job {job_id} had ended before: {job.status}.", "yellow")
        raise typer.Exit(ExitCode.FAILED)
    say(f"Job {job_id} is cancelled.")


@jobs.command()
def redeliver(job_id: JobId) -> None:
    """Tell the evaluator once more about what a job published."""

    async def again(port: Jobs) -> Sequence[Delivery]:
        told_before = len((await port.get(job_id)).deliveries)
        return (await port.redeliver(job_id)).deliveries[told_before:]

    with exit_codes():
        attempts = _with_jobs(read_quietly(), again)
        print_deliveries(attempts)
    if not any(next_step(attempt.status) is NextStep.DONE for attempt in attempts):
        say("The evaluator did not take it.", "red")
        raise typer.Exit(ExitCode.FAILED)
    say("The evaluator has been told.")


def _save(picture: bytes | None, job_id: str, file: Path) -> None:
    if picture is None:
        raise NotFound(f"nobody has looked at a page of job {job_id}: there is no picture of it")
    try:
        file.write_bytes(picture)
    except OSError as error:
        raise InvalidInput(FieldProblem("--screenshot", f"cannot be written: {error.strerror}")) from error
    say(f"The picture of the page is in {file}.")


def _with_jobs(settings: "Settings", use: Callable[[Jobs], Awaitable[T]]) -> T:
    from pipeline.bootstrap.jobs import open_jobs

    async def opened() -> T:
        async with open_jobs(settings) as port:
            return await use(port)

    return run_async(opened())
