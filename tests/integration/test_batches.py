"""Batches on real databases: taken in, let into the queue a few at a time, told as they end, run again."""

import asyncio
from collections.abc import Sequence

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.batch import Batch, Cost, LineResult, LineStatus, NewLine
from pipeline.domain.brief import Brief
from pipeline.domain.conversation import Finish, Reply
from pipeline.domain.errors import FieldProblem, KeyReused, NotFound, PublishFailed
from pipeline.domain.generation import Usage
from pipeline.domain.job import Job, Stage
from pipeline.domain.publication import Target
from pipeline.jobs.database import Database
from pipeline.jobs.ledger import SqlLedger
from pipeline.ports import Checkpoint, Progress
from tests.builders import make_attachment, make_brief
from tests.integration.jobs_rig import SECONDS, WorkingQueue, working

BAD = NewLine(99, None, (FieldProblem("round", "is required"),))


class Gated:
    """A use case that waits in its stage until the test lets it go on, and counts how many do so at once."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.gate = asyncio.Event()
        self.failing: set[str] = set()
        self.order: list[str] = []
        self.at_work = self.most_at_work = 0
        if is_open:
            self.gate.set()

    async def __call__(self, _job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        async def effect(_progress: Progress) -> str:
            self.order.append(brief.task)
            self.at_work += 1
            self.most_at_work = max(self.at_work, self.most_at_work)
            while not self.gate.is_set():  # the engine works on a loop of its own
                await asyncio.sleep(0.01)
            self.at_work -= 1
            if brief.task in self.failing:
                raise PublishFailed("the target said no")
            return "done"

        await checkpoint(Stage.PUBLISH, effect, str, SECONDS)


def lines(count: int, prefix: str = "t", email: str = "ada@example.com") -> list[NewLine]:
    briefs = (make_brief(task=f"{prefix}{number}", nonce=f"n{number}", email=email) for number in range(1, count + 1))
    return [NewLine(number, brief) for number, brief in enumerate(briefs, 1)]


async def sent(
    jobs: WorkingQueue, content: Sequence[NewLine], key: str = "k", digest: str = "d", owner: str = ""
) -> str:
    batch_id = await jobs.batches.begin()
    try:
        await jobs.batches.add(batch_id, content)
        return await jobs.batches.seal(batch_id, owner or None, key, digest)
    except KeyReused:
        await jobs.batches.discard(batch_id)
        raise


async def ended(jobs: WorkingQueue, batch_id: str) -> tuple[Batch, list[LineResult]]:
    """All results in the order in which they came, and the batch then."""
    async with asyncio.timeout(SECONDS):
        results = [result async for result in jobs.batches.watch(batch_id)]
        return await jobs.batches.get(batch_id), results


async def test_every_line_has_one_result_and_a_bad_one_keeps_none_from_running(database: Database) -> None:
    work = Gated()
    with_file = NewLine(3, make_brief(task="t3", nonce="n3", attachments=(make_attachment(),)))
    async with working(database, work) as jobs:
        batch_id = await sent(jobs, [*lines(2), with_file, NewLine(4, lines(1)[0].brief), BAD])
        batch, results = await ended(jobs, batch_id)
        page = await jobs.batches.results(batch_id, 1, 2)
        assert await jobs.brief(results[-1].job.id if results[-1].job else "")

    status = {result.number: result.status for result in results}
    assert status == dict.fromkeys((1, 2, 3, 4), LineStatus.SUCCEEDED) | {99: LineStatus.REFUSED}
    assert [result.place for result in results] == [1, 2, 3, 4, 5]
    assert results[0].problems == BAD.problems
    assert sorted(work.order) == ["t1", "t2", "t3"], "lines of one key are one job"
    assert (batch.lines, batch.count(LineStatus.SUCCEEDED), batch.seconds_left) == (5, 4, None)
    assert [result.number for result in page] == [2, 3]


async def test_a_batch_leaves_room_for_others_and_batches_take_turns(database: Database) -> None:
    work = Gated(is_open=False)
    async with working(database, work, lines_at_once=2, concurrency=3, waiting=3) as jobs:
        first = await sent(jobs, lines(6, "a"), key="a")
        async with asyncio.timeout(SECONDS):
            while work.at_work < 2:
                await asyncio.sleep(0.01)
        second = await sent(jobs, lines(2, "b", "bob@example.com"), key="b", owner="bob@example.com")
        single, _ = await jobs.accept(make_brief(task="single"))
        async with asyncio.timeout(SECONDS):
            while work.at_work < 3:
                await asyncio.sleep(0.01)
        assert set(work.order) == {"a1", "a2", "single"}
        waiting = await jobs.batches.get(first)
        assert (waiting.count(LineStatus.WAITING), waiting.count(LineStatus.RUNNING)) == (4, 2)
        work.gate.set()
        await jobs.wait(single.id, SECONDS)
        assert len((await ended(jobs, first))[1]) == 6
        assert len((await ended(jobs, second))[1]) == 2

    assert work.most_at_work <= 3
    assert work.order.index("b1") < work.order.index("a5")


async def test_what_failed_is_run_again_and_what_was_refused_is_asked_again(database: Database) -> None:
    work = Gated()
    work.failing = {"t2"}
    elsewhere = NewLine(4, make_brief(task="t4", target=Target.HF_SPACE))
    async with working(database, work) as jobs:
        batch_id = await sent(jobs, [*lines(3), elsewhere, BAD])
        batch, _ = await ended(jobs, batch_id)
        assert batch.counts == {LineStatus.SUCCEEDED: 2, LineStatus.FAILED: 1, LineStatus.REFUSED: 2}
        work.failing = set()
        await jobs.batches.retry(batch_id)
        batch, results = await ended(jobs, batch_id)

    assert batch.counts == {LineStatus.SUCCEEDED: 3, LineStatus.REFUSED: 2}
    assert {result.number: [problem.field for problem in result.problems] for result in results if result.problems} == {
        4: ["target"],
        99: ["round"],
    }
    assert work.order.count("t2") == 2
    assert len(work.order) == 4


async def test_the_same_batch_again_is_the_same_batch(database: Database) -> None:
    async with working(database, Gated()) as jobs:
        batch_id = await sent(jobs, lines(2))
        assert await sent(jobs, lines(2)) == batch_id
        assert await sent(jobs, lines(2), owner="ada@example.com") != batch_id
        with pytest.raises(KeyReused):
            await sent(jobs, lines(1), digest="another")
        cut_off = await jobs.batches.begin()
        await jobs.batches.add(cut_off, lines(2, "never"))
        with pytest.raises(NotFound):
            await jobs.batches.get(cut_off)
        await ended(jobs, batch_id)


async def test_a_key_that_an_earlier_job_has_with_another_body_is_told_of_its_line(database: Database) -> None:
    async with working(database, Gated()) as jobs:
        await jobs.accept(make_brief(task="t1", nonce="n1", text="something else"))
        _, results = await ended(jobs, await sent(jobs, lines(1)))
    assert [(result.status, [p.field for p in result.problems]) for result in results] == [
        (LineStatus.REFUSED, ["nonce"])
    ]


async def test_the_cost_is_the_sum_of_the_ledger(database: Database) -> None:
    async with working(database, Gated()) as jobs:
        batch_id = await sent(jobs, lines(2))
        _, results = await ended(jobs, batch_id)
        ledger = SqlLedger(database, SystemClock())
        ids = [result.job.id for result in results if result.job]
        for job_id, usd in ((ids[0], 0.25), (ids[1], 0.5), (ids[1], None), ("0" * 32, 8.0)):
            usage = Usage(calls=1, prompt_tokens=1, cost_usd=usd)
            reply = Reply(text="x", finish=Finish.COMPLETE, asked="m", answered="m", usage=usage)
            await ledger.finish(await ledger.begin(job_id, "d", "m"), reply)
        await ledger.begin(ids[0], "cut off", "m")
        assert (await jobs.batches.get(batch_id)).cost == await jobs.batches.cost(ids) == Cost(4, 0.75, 2)


async def test_what_was_taken_in_is_worked_on_by_the_next_process(database: Database) -> None:
    work = Gated(is_open=False)
    async with working(database, work, lines_at_once=2) as jobs:
        batch_id = await sent(jobs, lines(5))
        await jobs.batches.begin()
    work.gate.set()
    async with working(Database(database.url.render_as_string(hide_password=False)), work, lines_at_once=2) as jobs:
        batch, results = await ended(jobs, batch_id)
    assert batch.counts == {LineStatus.SUCCEEDED: 5}
    assert len({result.number for result in results}) == len(results) == 5
