"""A second generator for when the first one fails, if the operator asked for one."""

from dataclasses import replace

from pipeline.domain.errors import BudgetExhausted, GenerationFailed
from pipeline.domain.generation import Generation, Order
from pipeline.ports import Generator, Progress


class FallbackGenerator:
    """Asks ``first``, and ``second`` only when that fails; the result says so."""

    def __init__(self, first: Generator, second: Generator) -> None:
        self._first = first
        self._second = second

    async def generate(self, order: Order, progress: Progress) -> Generation:
        """Build or revise. Raises what ``second`` raises."""
        try:
            return await self._first.generate(order, progress)
        except (GenerationFailed, BudgetExhausted) as error:
            progress("the models failed; building without one")
            generation = await self._second.generate(order, progress)
            notes = (*generation.made.notes, f"built without a model, because: {error}")
            return replace(generation, made=replace(generation.made, notes=notes))
