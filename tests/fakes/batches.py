"""The ``Batches`` port in memory, over jobs in memory."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

from pipeline.domain.batch import Batch, Cost, LineResult, LineStatus, NewLine
from pipeline.domain.errors import KeyReused, NotFound
from pipeline.domain.job import JobStatus
from pipeline.ports import Batches, Jobs
from tests.builders import NOW


class MemoryBatches(Batches):
    """Every line is accepted when its batch is sealed.

    Attributes:
        lines: of each batch that is there, also of one that is not whole yet.
    """

    def __init__(self, jobs: Jobs) -> None:
        self.lines: dict[str, list[NewLine]] = {}
        self._jobs = jobs
        self._sealed: dict[str, str | None] = {}
        self._keys: dict[tuple[str | None, str], tuple[str, str]] = {}
        self._begun = 0

    async def begin(self) -> str:
        self._begun += 1
        self.lines[f"{self._begun:032x}"] = []
        return f"{self._begun:032x}"

    async def add(self, batch_id: str, lines: Sequence[NewLine]) -> None:
        self.lines[batch_id] += lines

    async def seal(self, batch_id: str, owner: str | None, key: str, digest: str) -> str:
        if earlier := self._keys.get((owner, key)):
            await self.discard(batch_id)
            if earlier[1] != digest:
                raise KeyReused("this Idempotency-Key came before with another batch")
            return earlier[0]
        self._keys[owner, key] = batch_id, digest
        self._sealed[batch_id] = owner
        for line in self.lines[batch_id]:
            if line.brief:
                await self._jobs.accept(line.brief)
        return batch_id

    async def discard(self, batch_id: str) -> None:
        self.lines.pop(batch_id, None)

    async def get(self, batch_id: str) -> Batch:
        if batch_id not in self._sealed:
            raise NotFound("no such batch")
        counts = Counter([result.status for result in await self.results(batch_id, 0, 10**6)])
        return Batch(batch_id, self._sealed[batch_id], NOW, counts, Cost(), None)

    async def results(self, batch_id: str, after: int, limit: int) -> list[LineResult]:
        found = [await self._result(line) for line in self.lines[batch_id] if line.number > after]
        return found[:limit]

    async def watch(self, batch_id: str) -> AsyncIterator[LineResult]:
        for result in await self.results(batch_id, 0, 10**6):
            yield result

    async def cost(self, job_ids: Sequence[str]) -> Cost:
        return Cost(len(job_ids))

    async def retry(self, batch_id: str) -> None:
        for result in await self.results(batch_id, 0, 10**6):
            if result.job and result.job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
                await self._jobs.retry(result.job.id)

    async def _result(self, line: NewLine) -> LineResult:
        if line.brief is None:
            return LineResult(line.number, LineStatus.REFUSED, None, line.problems)
        job = await self._jobs.get(line.brief.key.job_id)
        return LineResult(line.number, LineStatus(job.status), job)
