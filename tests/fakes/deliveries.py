"""The record of attempts, in memory."""

from pipeline.domain.notification import Delivery


class MemoryDeliveries:
    """The ``Deliveries`` port for the time of a test."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Delivery, ...]] = {}

    async def of(self, job_id: str) -> tuple[Delivery, ...]:
        return self._of.get(job_id, ())

    async def add(self, job_id: str, delivery: Delivery) -> None:
        self._of[job_id] = (*self._of.get(job_id, ()), delivery)
