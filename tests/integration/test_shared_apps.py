"""Requests that an evaluator sends again with another nonce while the first is worked on, on real databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pipeline.domain.brief import Brief
from pipeline.domain.errors import PublishFailed
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.notification import DeliveryState
from pipeline.jobs.database import Database
from pipeline.ports import Progress
from tests.builders import make_attachment, make_brief
from tests.integration.jobs_rig import SECONDS, Work, WorkingQueue, working

URL = "https://example.com/notify"


def sent(nonce: str = "first", **fields: object) -> Brief:
    return make_brief(nonce=nonce, evaluation_url=URL, attachments=(make_attachment(),), **fields)


class Held:
    """A use case that does not end before it is released."""

    def __init__(self) -> None:
        self.is_released = False
        self.failure: Exception | None = None
        self.work = Work(self._hold)

    async def _hold(self, _progress: Progress) -> str:
        while not self.is_released:
            await asyncio.sleep(0.01)
        if self.failure:
            raise self.failure
        return ""


@asynccontextmanager
async def held(database: Database) -> AsyncIterator[tuple[WorkingQueue, Held, Job]]:
    """A queue in which a first request is at work."""
    use_case = Held()
    async with working(database, use_case.work, concurrency=1) as jobs:
        first, _ = await jobs.accept(sent())
        try:
            yield jobs, use_case, first
        finally:
            use_case.is_released = True


async def told(jobs: WorkingQueue, job_id: str) -> Job:
    async with asyncio.timeout(SECONDS):
        while (job := await jobs.get(job_id)).notification is DeliveryState.PENDING:
            await asyncio.sleep(0.02)
    return job


async def test_requests_that_differ_in_their_nonce_alone_share_one_app_and_each_tells_its_own(
    database: Database,
) -> None:
    async with held(database) as (jobs, use_case, first):
        again = [(await jobs.accept(sent(nonce)))[0] for nonce in ("second", "third", "fourth")]
        assert {job.leader for job in again} == {first.id}
        use_case.is_released = True
        leader = await jobs.wait(first.id, SECONDS)
        followers = [await told(jobs, job.id) for job in again]

        assert use_case.work.done == [(leader.key.task, 1)]
        assert (await told(jobs, first.id)).notification is DeliveryState.DELIVERED
        assert sorted(nonce for nonce, _, _ in jobs.notifier.told) == ["first", "fourth", "second", "third"]
        for job in followers:
            assert (job.status, job.notification) == (JobStatus.SUCCEEDED, DeliveryState.DELIVERED)
            assert (job.publication, job.made.generator) == (leader.publication, "plain")
            assert first.id in job.made.notes[0]
        assert len({job.id for job in (leader, *followers)}) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Something else."},
        {"checks": ()},
        {"attachments": ()},
        {"evaluation_url": "https://example.com/elsewhere"},
        {"round": 2},
        {"email": "bob@example.com"},
    ],
)
async def test_a_request_that_differs_in_anything_else_is_a_job_of_its_own(
    database: Database, other: dict[str, object]
) -> None:
    async with held(database) as (jobs, _, _):
        different, _ = await jobs.accept(make_brief(**{**vars_of(sent("second")), **other}))
        assert different.leader is None


def vars_of(brief: Brief) -> dict[str, object]:
    return {name: getattr(brief, name) for name in brief.__slots__}


async def test_when_the_first_fails_those_that_share_its_app_fail_likewise(database: Database) -> None:
    async with held(database) as (jobs, use_case, first):
        follower, _ = await jobs.accept(sent("second"))
        use_case.failure, use_case.is_released = PublishFailed("the host said no"), True
        failed, leader = await jobs.wait(follower.id, SECONDS), await jobs.wait(first.id, SECONDS)
        assert (failed.status, failed.failure) == (JobStatus.FAILED, leader.failure)
        assert jobs.notifier.told == []


async def test_when_the_first_is_cancelled_so_are_they_and_one_of_them_can_be_cancelled_alone(
    database: Database,
) -> None:
    async with held(database) as (jobs, _, first):
        second, third = [(await jobs.accept(sent(nonce)))[0] for nonce in ("second", "third")]
        assert (await jobs.cancel(second.id)).status is JobStatus.CANCELLED
        assert not (await jobs.get(first.id)).status.is_final
        await jobs.cancel(first.id)
        assert (await jobs.get(third.id)).status is JobStatus.CANCELLED


async def test_after_the_first_has_ended_the_same_request_with_another_nonce_is_a_new_app(database: Database) -> None:
    async with held(database) as (jobs, use_case, first):
        use_case.is_released = True
        await jobs.wait(first.id, SECONDS)
        later, _ = await jobs.accept(sent("second"))
        await jobs.wait(later.id, SECONDS)
        assert len(use_case.work.done) == 2


async def test_one_that_waits_goes_on_after_a_restart(database: Database) -> None:
    async with held(database) as (jobs, _, first):
        follower, _ = await jobs.accept(sent("second"))
        url = database.url.render_as_string(hide_password=False)
        await asyncio.sleep(0)
    async with working(Database(url), Work()) as jobs:
        assert (await jobs.wait(first.id, SECONDS)).status is JobStatus.SUCCEEDED
        assert (await told(jobs, follower.id)).notification is DeliveryState.DELIVERED
