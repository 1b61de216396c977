"""Which site a revision works on when evaluators name its task anew, on real databases."""

import asyncio

import pytest

from pipeline.domain.errors import InvalidInput
from pipeline.domain.job import Job
from pipeline.domain.publication import Site, Target
from pipeline.jobs.database import Database
from pipeline.ports import Progress
from tests.builders import make_brief, make_publication
from tests.integration.jobs_rig import SECONDS, Work, WorkingQueue, finished, working


async def publish(
    jobs: WorkingQueue, task: str, nonce: str = "n", email: str = "ada@example.com", target: Target = Target.LOCAL
) -> Site:
    site = await jobs.sites.open(email, task, nonce, target)
    return await jobs.sites.record(site, make_publication(target=target), "f" * 40, {})


async def revise(jobs: WorkingQueue, task: str, number: int = 2, **fields: object) -> Job:
    return await finished(jobs, make_brief(task=task, round=number, nonce=f"{task}-{number}", **fields))


async def test_the_newest_site_of_the_same_task_up_to_the_last_hyphen_is_revised(database: Database) -> None:
    async with working(database, Work()) as jobs:
        await publish(jobs, "sales-old")
        newest = await publish(jobs, "sales-new")
        await publish(jobs, "sales-other", email="bob@example.com")
        await publish(jobs, "sales-report-new")
        await jobs.sites.open("ada@example.com", "sales-never", "n", Target.LOCAL)

        job = await revise(jobs, "sales-third")
        assert job.site_task == newest.task
        assert job.key.task == "sales-third"
        assert await jobs.sites.published("ada@example.com", "sales-third") == newest
        assert await jobs.sites.published("ada@example.com", "sales-old") != newest


async def test_a_later_round_under_either_name_finds_the_site_of_the_round_before(database: Database) -> None:
    async with working(database, Work()) as jobs:
        await publish(jobs, "sales-one")
        assert (await revise(jobs, "sales-two")).site_task == "sales-one"
        await publish(jobs, "sales-three")
        assert (await revise(jobs, "sales-two", 3)).site_task == "sales-one"
        assert (await revise(jobs, "sales-one", 3)).site_task is None


@pytest.mark.parametrize("task", ["sales", "sale-two", "sales_two", "Sales-two", "sales-%"])
async def test_no_other_task_is_taken_for_the_same(database: Database, task: str) -> None:
    async with working(database, Work()) as jobs:
        await publish(jobs, "sales-one" if task != "sales-%" else "salesX-one")
        assert (await revise(jobs, task)).site_task is None
        assert await jobs.sites.published("ada@example.com", task) is None


async def test_a_round_1_that_runs_under_another_hash_is_waited_for(database: Database) -> None:
    release = asyncio.Event()

    async def hold(_progress: Progress) -> str:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return ""

    work = Work(hold)
    async with working(database, work) as jobs:
        first, _ = await jobs.accept(make_brief(task="sales-one"))
        second, _ = await jobs.accept(make_brief(task="sales-two", round=2, nonce="second"))
        assert second.site_task == "sales-one"
        await asyncio.sleep(0.6)
        assert not (await jobs.get(second.id)).made.generator
        release.set()
        await jobs.wait(second.id, SECONDS)
        assert work.done == [("sales-one", 1), ("sales-two", 2)]
        assert (await jobs.get(first.id)).status.is_final


async def test_the_target_follows_the_site_and_a_site_elsewhere_is_not_the_one_that_is_meant(
    database: Database,
) -> None:
    async with working(database, Work()) as jobs:
        await publish(jobs, "sales-one", target=Target.HF_SPACE)
        with pytest.raises(InvalidInput, match="hf-space is not set up"):
            await revise(jobs, "sales-two")
        job = await revise(jobs, "sales-two", target=Target.LOCAL)
        assert (job.site_task, job.target) == (None, Target.LOCAL)
        with pytest.raises(InvalidInput, match="cannot change"):
            await revise(jobs, "sales-one", target=Target.LOCAL)


async def test_one_nonce_for_both_rounds_makes_two_jobs(database: Database) -> None:
    async with working(database, Work()) as jobs:
        first = await finished(jobs, make_brief(nonce="abc123"))
        await publish(jobs, first.key.task, nonce="abc123")
        second = await finished(jobs, make_brief(nonce="abc123", round=2))
        assert (first.id != second.id, second.site_task) == (True, None)
