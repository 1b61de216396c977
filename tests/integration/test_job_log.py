"""What the log says of jobs, from the engine at work."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.errors import PublishFailed
from pipeline.domain.job import JobStatus
from pipeline.jobs.database import Database
from pipeline.ports import Progress
from tests.builders import EMAIL, make_brief, make_publication
from tests.integration.jobs_rig import SECONDS, Work, working

JOURNAL = "pipeline.jobs.journal"


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(logging.getLogger("dbos"), "propagate", True)  # so that its lines are captured as well


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.embedded(tmp_path)


def told(caplog: pytest.LogCaptureFixture, action: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if vars(record).get("action") == action]


def loud(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def hang(_progress: Progress) -> str:
    await asyncio.sleep(3600)
    return ""


async def test_a_job_is_told_when_it_is_accepted_after_each_stage_and_at_its_end(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(database, Work()) as jobs:
        job, _ = await jobs.accept(make_brief())
        await jobs.accept(make_brief())
        await jobs.wait(job.id, SECONDS)
    assert [line["job_id"] for line in told(caplog, "job.accepted")] == [job.id]
    [stage] = told(caplog, "job.stage")
    assert (stage["job_id"], stage["stage"]) == (job.id, "generate")
    assert stage["seconds"] >= 0
    [end] = told(caplog, "job.ended")
    assert (end["status"], end["task"], end["round"], end["target"]) == ("succeeded", job.key.task, 1, "local")
    assert (end["generator"], end["tokens"], end["url"]) == ("plain", 0, make_publication().pages_url)
    assert (end["checks_pass"], end["checks_fail"], end["checks_not_verifiable"]) == (0, 0, 0)
    assert "error" not in end
    assert EMAIL not in str([record for record in map(vars, caplog.records) if record["name"] == JOURNAL])
    assert loud(caplog) == []


async def test_a_job_that_fails_is_told_as_a_warning_with_its_stage_and_error(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_progress: Progress) -> str:
        raise PublishFailed("the target said no")

    async with working(database, Work(refuse)) as jobs:
        job, _ = await jobs.accept(make_brief())
        await jobs.wait(job.id, SECONDS)
    assert [line["error"] for line in told(caplog, "job.stage")] == ["the target said no"]
    [end] = told(caplog, "job.ended")
    assert (end["stage"], end["error"]) == ("generate", "the target said no")
    assert loud(caplog) == ["job failed"]


async def test_a_job_that_is_cancelled_while_it_runs_is_told_once_and_as_no_error(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(database, Work(hang)) as jobs:
        job, _ = await jobs.accept(make_brief())
        while (await jobs.get(job.id)).status is JobStatus.WAITING:
            await asyncio.sleep(0.01)
        await jobs.cancel(job.id)
        while not told(caplog, "job.ended"):
            await asyncio.sleep(0.01)
    assert [line["status"] for line in told(caplog, "job.ended")] == ["cancelled"]
    assert loud(caplog) == []
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_job_that_is_cancelled_while_it_waits_is_told_once(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(database, Work(hang)) as jobs:
        first, _ = await jobs.accept(make_brief())
        second, _ = await jobs.accept(make_brief(round=2, nonce="second"))
        await jobs.cancel(second.id)
        await jobs.cancel(first.id)
        while len(told(caplog, "job.ended")) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # for the one that waits for its turn to see that it has none
    assert sorted(line["job_id"] for line in told(caplog, "job.ended")) == sorted([first.id, second.id])
    assert loud(caplog) == []
