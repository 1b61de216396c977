"""What an earlier release left in the database, read by this one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.deploy.candidates import Draft, Inspection
from pipeline.domain.generation import Made
from pipeline.domain.job import Stage
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Seen
from pipeline.jobs import tables
from pipeline.jobs.checkpoint import StageCheckpoint
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.records import JobRecords
from pipeline.jobs.stores import SqlBlobs
from tests.builders import make_brief, make_call, make_finding, make_publication, make_site, make_verdict

USAGE = {"calls": 1, "prompt_tokens": 1200, "completion_tokens": 800, "cached_tokens": 0, "cost_usd": 0.01}
CALL = {
    "prompt": "build@1",
    "asked": "test/model",
    "answered": "test/model",
    "finish": "complete",
    "form": "tags",
    "usage": USAGE,
    "seconds": 1.5,
}
VERDICT = {
    "check": {"text": "The page has a heading", "script": None},
    "outcome": "pass",
    "evidence": "h1 reads Sales",
    "method": "browser",
}
FINDING = {
    "severity": "error",
    "rule": "broken-link",
    "message": "style.css is not in the app",
    "path": "index.html",
    "line": 3,
}
LIVE = make_publication()
RESULT = {
    "generator": "model",
    "model": "test/model",
    "summary": "A page with the sales.",
    "prompts": ["build@1"],
    "usage": USAGE,
    "calls": [CALL],
    "verdicts": [VERDICT],
    "findings": [FINDING],
    "notes": ["one repair was needed"],
    "console": ["a line"],
    "screenshot": "ab" * 32,
    "publication": {
        "target": "github-pages",
        "repo_url": LIVE.repo_url,
        "commit_sha": LIVE.commit_sha,
        "pages_url": LIVE.pages_url,
    },
}
MADE = Made(
    "model", "A page with the sales.", "test/model", ("build@1",), (make_call(),), notes=("one repair was needed",)
)
SEEN = Seen((make_verdict(),), (make_finding(),), ("a line",), "ab" * 32)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[JobRecords]:
    database = Database.embedded(tmp_path)
    database.migrate()
    yield JobRecords(database, SystemClock(), SqlBlobs(database, SystemClock()), lambda _: None)
    database.close()


async def test_a_job_that_an_earlier_release_recorded_is_read_whole(records: JobRecords, tmp_path: Path) -> None:
    job, _ = await records.insert(
        make_brief(),
        Target.GITHUB_PAGES,
        notify=False,
        deadline=timedelta(minutes=10),
        queue_limit=9,
        enqueue=lambda *_: None,
    )
    database = Database.embedded(tmp_path)
    await database.transact(lambda connection: connection.execute(tables.jobs.update().values(result=RESULT)))
    database.close()

    job = await records.get(job.id)
    assert (job.made, job.seen, job.publication) == (MADE, SEEN, LIVE)
    assert job.made.usage.prompt_tokens == 1200


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            {
                "site": {**{name: getattr(make_site(), name) for name in make_site().__slots__}, "target": "local"},
                "files": "0" * 64,
                "base": None,
                "earlier_checks": [],
                "result": {**RESULT, "verdicts": [], "findings": [], "console": [], "publication": None},
            },
            Draft(make_site(), "0" * 64, None, (), MADE),
        ),
        (
            {
                "verification": {
                    "verdicts": [VERDICT],
                    "findings": [FINDING],
                    "console": ["a line"],
                    "screenshot": None,
                    "text": "",
                },
                "screenshot": "ab" * 32,
                "is_repairable": True,
            },
            Inspection(SEEN, is_repairable=True),
        ),
    ],
)
async def test_a_stage_that_an_earlier_release_ran_is_not_run_again(
    records: JobRecords, outcome: dict[str, Any], expected: object
) -> None:
    async def recorded(_name: str, _step: object) -> dict[str, Any]:
        return {"value": outcome}

    async def nothing(_progress: object) -> Any:
        raise AssertionError("the stage was run")

    checkpoint = StageCheckpoint("0" * 32, records, Failpoint(None), recorded)
    assert await checkpoint(Stage.GENERATE, nothing, type(expected)) == expected
