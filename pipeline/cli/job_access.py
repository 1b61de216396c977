"""What commands on jobs share: which job is meant, and the way to it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pipeline.cli.environment import read_for_jobs
from pipeline.cli.exits import run_async
from pipeline.cli.output import plain, say
from pipeline.domain.errors import FieldProblem, InvalidInput, NotFound
from pipeline.domain.job import Job
from pipeline.domain.verdict import Outcome
from pipeline.ports import Jobs

if TYPE_CHECKING:
    from pipeline.settings import JobSettings

T = TypeVar("T")

LATEST = "latest"
IDS_SHOWN = 5

JobId = Annotated[
    str, typer.Argument(metavar="ID", help="As `pipeline jobs list` shows it, or as much as is unique; or `latest`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with 1 when a check fails, too.")]
OpenIt = Annotated[bool, typer.Option("--open", help="Then show the app in the browser, as `pipeline open` does.")]


async def find_job(jobs: Jobs, given: str) -> Job:
    """The job with this ID, the only one whose ID begins so, or the ``latest``.

    Raises:
        NotFound: there is none.
        InvalidInput: there are several; it says which.
    """
    if given == LATEST:
        newest, _ = await jobs.find(limit=1)
        ids = [job.id for job in newest]
    else:
        ids = await jobs.ids_like(given.lower(), IDS_SHOWN + 1) if given.isalnum() else []
    match ids:
        case [only]:
            return await jobs.get(only)
        case []:
            raise NotFound(f"no job's ID begins with {plain(given)[:40]}: `pipeline jobs list` shows those there are")
    more = "".join(f"\n    {job_id}" for job_id in ids[:IDS_SHOWN]) + "\n    …" * (len(ids) > IDS_SHOWN)
    raise InvalidInput(FieldProblem("ID", f"is the beginning of several: write more of it{more}"))


def with_jobs(use: "Callable[[Jobs, JobSettings], Awaitable[T]]") -> T:
    """What ``use`` gives, of the jobs in the database that the environment names."""
    from pipeline.bootstrap.jobs import open_jobs

    settings = read_for_jobs()

    async def opened() -> T:
        async with open_jobs(settings, lambda name: say(f"Jobs of {name}", "dim")) as jobs:
            return await use(jobs, settings)

    return run_async(opened())


def fails_a_check(job: Job) -> bool:
    """Whether one of its checks came out as failed."""
    return any(verdict.outcome is Outcome.FAIL for verdict in job.seen.verdicts)
