"""The command line in the test's own process, over jobs in memory."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from pipeline.cli.commands import app
from pipeline.domain.brief import Brief
from pipeline.domain.job import EventKind, Failure, Job, Stage
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen, Verdict
from tests.builders import make_publication, make_verdict
from tests.fakes.jobs import MemoryJobs, MemoryServices

LOCAL = make_publication(target=Target.LOCAL, repo_url="file:///srv/my%20apps/sales-n1")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.stdout)


def pipeline(*arguments: str, stdin: str | None = None, ends_with: int | None = None) -> Ended:
    """``pipeline("run", "brief.json")`` as typed at a prompt, and held to the code that it ``ends_with``."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)
    assert ends_with in {None, result.exit_code}, result.stderr
    return Ended(result.exit_code, result.stdout, result.stderr)


def spaces(*arguments: str, stdin: str | None = None, ends_with: int | None = None) -> Ended:
    return pipeline("spaces", *arguments, stdin=stdin, ends_with=ends_with)


class InstantJobs(MemoryJobs):
    """Every job ends as soon as it is accepted, with ``verdicts``; ``failing`` are the rounds that end badly."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[int] = set()
        self.accepted: list[tuple[Brief, bool]] = []
        self.verdicts: tuple[Verdict, ...] = ()

    async def accept(self, brief: Brief, *, notify: bool = True, reply: str | None = None) -> tuple[Job, bool]:
        """Accept and end."""
        job, is_new = await super().accept(brief, notify=notify, reply=reply)
        self.accepted.append((brief, notify))
        if is_new:
            self.start(job.id)
            self.event(job.id, EventKind.STARTED, Stage.GENERATE)
            self.event(job.id, EventKind.FINISHED, Stage.GENERATE, "a page", seconds=1.5)
            if brief.round in self.failing:
                self.fail(job.id, Failure(Stage.PUBLISH, "publish_failed", "the target refused"))
            else:
                seen = Seen(verdicts=self.verdicts or (make_verdict(),))
                self.finish(job.id, publication=LOCAL, seen=seen)
        return job, is_new

    async def retry(self, job_id: str) -> Job:
        """Run it again, and end it well."""
        await super().retry(job_id)
        self.finish(job_id, publication=LOCAL)
        return await self.get(job_id)


class InstantServices(MemoryServices):
    """Services over jobs that are given."""

    def __init__(self, jobs: MemoryJobs) -> None:
        super().__init__()
        self.jobs = jobs

    async def stop(self, drain_seconds: float = 20) -> None:
        self.log.append(f"stopped within {drain_seconds} s")
