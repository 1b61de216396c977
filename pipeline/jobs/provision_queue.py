"""Provisions of Spaces as the edges see them: the ``Provisions`` port."""

from pipeline.domain.errors import Unavailable
from pipeline.domain.provision import Provision, ProvisionOrder
from pipeline.jobs.engine import Engine
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.provisions import ProvisionRecords
from pipeline.ports import Clock

LOOK_SECONDS = 1.0
"""How often a waiter looks unasked: a provision may run in another process, which wakes nobody here."""


class ProvisionQueue:
    """Accept, show, wait.

    Attributes:
        is_draining: set when the service is about to stop: nothing is accepted, and waiters are sent away.
    """

    def __init__(self, engine: Engine, records: ProvisionRecords, feed: JobFeed, clock: Clock) -> None:
        self._engine = engine
        self._records = records
        self._feed = feed
        self._clock = clock
        self.is_draining = False

    async def accept(self, order: ProvisionOrder, token: str | None) -> Provision:
        """Make ``order`` durable and queue it, or join the unfinished one that is the same.

        Raises:
            Unavailable: the service is stopping, or the storage cannot be written.
            Busy: too many are unfinished.
        """
        if self.is_draining:
            raise Unavailable("the service is stopping: send the request again in a moment")
        provision_id = await self._records.insert(order, token, self._engine.enqueue_provision)
        return await self._records.get(provision_id, token)

    async def get(self, provision_id: str, token: str | None) -> Provision:
        """Raises NotFound, also for one of another caller."""
        return await self._records.get(provision_id, token)

    async def wait(self, provision_id: str, token: str | None, seconds: float) -> Provision:
        """The provision once it has ended, or as it stands when ``seconds`` are over. Raises NotFound."""
        until = self._clock.monotonic() + seconds
        with self._feed.subscribe(provision_id) as news:
            while True:
                provision = await self._records.get(provision_id, token)
                left = until - self._clock.monotonic()
                if provision.status.is_final or left <= 0 or self.is_draining:
                    return provision
                await news.wait(min(left, LOOK_SECONDS))
