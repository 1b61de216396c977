"""Batches, as the edges see them."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from pipeline.domain.batch import Batch, Cost, LineResult, NewLine


class Batches(Protocol):
    """Many requests that came together. Nothing of one runs before it is sealed."""

    async def begin(self) -> str:
        """Make room for one, and return its id."""

    async def add(self, batch_id: str, lines: Sequence[NewLine]) -> None:
        """Make some of its lines durable."""

    async def seal(self, batch_id: str, owner: str | None, key: str, digest: str) -> str:
        """It is whole: let it run. The id of an earlier one of this owner and ``key``, if there is one; then this goes.

        Raises KeyReused: that one had another ``digest``.
        """

    async def discard(self, batch_id: str) -> None:
        """It did not arrive as a whole."""

    async def get(self, batch_id: str) -> Batch:
        """Raises NotFound."""

    async def results(self, batch_id: str, after: int, limit: int) -> list[LineResult]:
        """By number, behind the line ``after``."""

    def watch(self, batch_id: str) -> AsyncIterator[LineResult]:
        """Each line once it has ended, until all have."""

    async def cost(self, job_ids: Sequence[str]) -> Cost:
        """What the ledger has of these jobs."""

    async def retry(self, batch_id: str) -> None:
        """Let what failed run again."""
