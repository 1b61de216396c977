"""The worker is woken when there is work: it looks at the queue by itself only now and then."""

import asyncio
from pathlib import Path

import pytest

from pipeline.domain.job import JobStatus
from pipeline.jobs import engine
from pipeline.jobs.database import Database
from pipeline.jobs.submissions import Submissions
from pipeline.ports import Progress
from tests.builders import make_brief
from tests.integration.jobs_rig import SECONDS, Work, working

AGES = 3600.0  # no test waits for a look at the queue that is so far off


@pytest.fixture
def _looks_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", AGES)


@pytest.mark.usefixtures("_looks_never")
async def test_a_job_begins_because_the_worker_is_woken(tmp_path: Path) -> None:
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        for number in range(3):
            accepted, _ = await jobs.accept(make_brief(task=f"task {number}"))
            assert (await jobs.wait(accepted.id, SECONDS)).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("_looks_never")
async def test_the_end_of_a_job_makes_place_for_the_next_one(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def block(_progress: Progress) -> str:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return ""

    async with working(Database.embedded(tmp_path), Work(block), concurrency=1) as jobs:
        accepted = [(await jobs.accept(make_brief(task=f"task {number}")))[0] for number in range(3)]
        release.set()
        for job in accepted:
            assert (await jobs.wait(job.id, SECONDS)).status is JobStatus.SUCCEEDED


@pytest.mark.usefixtures("_looks_never")
async def test_what_waited_when_the_worker_ended_begins_when_it_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        with monkeypatch.context() as asleep:
            asleep.setattr(Submissions, "announce", lambda _: None)
            accepted, _ = await jobs.accept(make_brief())
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        assert (await jobs.wait(accepted.id, SECONDS)).status is JobStatus.SUCCEEDED


async def test_a_job_of_which_nobody_told_is_found_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(Submissions, "announce", lambda _: None)
    async with working(Database.embedded(tmp_path), Work()) as jobs:
        accepted, _ = await jobs.accept(make_brief())
        assert (await jobs.wait(accepted.id, SECONDS)).status is JobStatus.SUCCEEDED
