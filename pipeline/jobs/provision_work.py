"""The work on one provision, as the engine runs it and runs it again after a crash."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from pipeline.domain.errors import PipelineError
from pipeline.domain.provision import ProvisionOrder, SpaceOutcome
from pipeline.jobs.provisions import ProvisionRecords

Record = Callable[[int, SpaceOutcome], Awaitable[None]]
Run = Callable[[ProvisionOrder, str | None, Sequence[SpaceOutcome], Record], Awaitable[None]]
"""The use case: makes Spaces as an order wants them, from the outcomes so far."""

_log = logging.getLogger(__name__)


class ProvisionWork:
    """What the engine does for a provision, by its id alone: no secret is ever among the engine's own records.

    Args:
        records: hold order, token and outcomes.
        run: the use case.

    Attributes:
        records: the same.
    """

    def __init__(self, records: ProvisionRecords, run: Run) -> None:
        self.records = records
        self._run = run

    async def __call__(self, provision_id: str) -> None:
        """Go on with it from where it stands. Whatever happens, its row says so."""
        error: str | None = None
        try:
            unfinished = await self.records.load(provision_id)
            if unfinished is None:
                return
            await self.records.begin(provision_id)
            record = partial(self.records.record, provision_id)
            await self._run(unfinished.order, unfinished.token, unfinished.outcomes, record)
        except PipelineError as failure:
            error = str(failure)
        except Exception:  # noqa: BLE001 - a provision must end on record, also when we are wrong
            _log.exception(
                "a provision failed in a way nobody foresaw",
                extra={"action": "provision.bug", "provision_id": provision_id},
            )
            error = "an unexpected error inside the service; its log has the details under this provision's id"
        await self.records.finish(provision_id, error)
