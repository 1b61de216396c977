"""Adapters that are imported with the first job, in a thread: a service without one starts sooner and is smaller."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from pipeline.domain.brief import Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Order
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Verification
from pipeline.ports import Generator, Progress, Publisher, Verifier


class GeneratorOnFirstUse:
    """The Generator port, by what ``make`` gives."""

    def __init__(self, make: Callable[[], Generator]) -> None:
        self._make = cache(make)

    async def generate(self, order: Order, progress: Progress) -> Generation:
        """Raises what that raises."""
        generator = await asyncio.to_thread(self._make)
        return await generator.generate(order, progress)


class VerifierOnFirstUse:
    """The Verifier port, by what ``make`` gives."""

    def __init__(self, make: Callable[[], Verifier]) -> None:
        self._make = cache(make)

    async def verify(self, files: AppFiles, brief: Brief, address: str, earlier: Sequence[Check] = ()) -> Verification:
        """Raises what that raises."""
        verifier = await asyncio.to_thread(self._make)
        return await verifier.verify(files, brief, address, earlier)


class PublishersOnFirstUse(Mapping[Target, Publisher]):
    """The publisher of each target, by what that target's function gives."""

    def __init__(self, makers: Mapping[Target, Callable[[], Publisher]]) -> None:
        self._makers = {target: cache(make) for target, make in makers.items()}

    def __getitem__(self, target: Target) -> Publisher:
        return self._makers[target]()

    def __iter__(self) -> Iterator[Target]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
