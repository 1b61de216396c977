"""Many Spaces become as wanted, a few at a time, each looked at before anything is done to it.

Nothing of an order is kept: the same order again finds what is there, and finishes what was cut off.
"""

import asyncio
from collections.abc import Awaitable, Callable

from pipeline.assembly import SpaceApp
from pipeline.domain.errors import Busy, HubError, InvalidInput, RateLimited, Unavailable
from pipeline.domain.provision import ProvisionOrder, SpaceOutcome, below, order_problems
from pipeline.domain.space import AppTemplate, Space, space_id_problem
from pipeline.domain.space_rules import misfits
from pipeline.manage_spaces.creation import SpaceUseCase, space_id_of
from pipeline.manage_spaces.reconciling import Reconciliation

AT_ONCE = 4
RUN_SECONDS = 1800.0
PLAN_SECONDS = 180.0
SPACE_SECONDS = 300.0
TRIES = 4
"""Of one Space, when the Hub asks for a rest that is longer than the host waits by itself."""

MOST_ORDERS = 8
"""Under way at the same time."""

RETRY_AFTER_SECONDS = 60

Notify = Callable[[SpaceOutcome], None]
"""Told how a Space stands, when it is begun and when it has ended."""

Work = Callable[[Reconciliation], Awaitable[None]]


class ProvisionSpaces(SpaceUseCase):
    """Makes Spaces as an order wants them.

    Attributes:
        under_way: how many orders are worked on.
        is_draining: set when the service is about to stop: no order is begun.
    """

    under_way = 0
    is_draining = False

    async def check(self, order: ProvisionOrder, token: str | None) -> None:
        """Find everything that can be told to be wrong before a Space is looked at.

        Raises:
            InvalidInput: every broken rule of every field.
            SecretFound: the template, or a variable, holds one of the operator's secrets.
            Misconfigured: the operator's token is asked for, and there is none.
            HubError: the Hub does not know the caller's token, or did not answer.
        """
        InvalidInput.check(await asyncio.to_thread(lambda: [*order_problems(order)]))
        await asyncio.to_thread(self._check_content, order)
        host = self._hosts(token)
        if token is not None:
            await host.owner()

    async def plan(self, order: ProvisionOrder, token: str | None) -> tuple[SpaceOutcome, ...]:
        """What would be done to each Space; reads only. Raises what ``check`` raises, and HubError as a call does."""
        return await self._run(order, token, Reconciliation.plan, PLAN_SECONDS, lambda _: None)

    async def __call__(
        self, order: ProvisionOrder, token: str | None, notify: Notify = lambda _: None
    ) -> tuple[SpaceOutcome, ...]:
        """Create what is missing and update what differs; one failure stops no other Space.

        ``token`` acts; None = the operator's. Returns what became of each Space, in the order's order.

        Raises:
            PipelineError: as ``check``, before anything is changed.
            HubError: nothing could be begun: the template cannot be read, or the token is not accepted.
            Busy: too many orders are under way.
            Unavailable: the service is stopping.
        """
        if self.is_draining:
            raise Unavailable("the service is stopping: send the request again in a moment")
        if self.under_way >= MOST_ORDERS:
            raise Busy("too many provisions are under way", retry_after_seconds=RETRY_AFTER_SECONDS)
        self.under_way += 1
        try:
            return await self._run(order, token, Reconciliation.apply, RUN_SECONDS, notify)
        finally:
            self.under_way -= 1

    def _check_content(self, order: ProvisionOrder) -> None:
        app = None if isinstance(order.template, str) else self._app(order.template, order.spaces[0].name)
        wanted = enumerate(order.spaces)
        self._refuse_secrets({f"spaces[{n}].variables": dict(each.settings.variables) for n, each in wanted}, app)
        sdk = app.sdk if app else None
        found = (below(f"spaces[{n}]", misfits(each.settings, sdk)) for n, each in enumerate(order.spaces))
        InvalidInput.check(problem for of_one in found for problem in of_one)

    def _app(self, template: AppTemplate, name: str) -> SpaceApp:
        try:
            return self._assembled(template, name)
        except InvalidInput as error:
            raise InvalidInput(*below("template", error.problems)) from error

    async def _run(
        self, order: ProvisionOrder, token: str | None, work: Work, seconds: float, notify: Notify
    ) -> tuple[SpaceOutcome, ...]:
        await self.check(order, token)
        until = self._clock.monotonic() + seconds
        host = self._hosts(token)
        owner = None if token else self._owner
        ids = [await space_id_of(host, wanted.name, owner) for wanted in order.spaces]
        template = await host.info(order.template) if isinstance(order.template, str) else order.template
        places = asyncio.Semaphore(AT_ONCE)
        creating = asyncio.Lock()

        async def one(index: int) -> SpaceOutcome:
            async with places:
                wanted = order.spaces[index]
                if isinstance(template, Space):
                    origin: Space | SpaceApp = template
                else:
                    origin = await asyncio.to_thread(self._app, template, wanted.name)
                space = Reconciliation(host, ids[index], wanted, origin, creating, not order.replace_secrets)
                notify(space.outcome)
                if problem := _id_problem(ids, index):
                    space.fail(problem)
                else:
                    await self._until_ended(work, space, until)
                notify(space.outcome)
                return space.outcome

        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(index)) for index in range(len(ids))]
        return tuple(task.result() for task in running)

    async def _until_ended(self, work: Work, space: Reconciliation, until: float) -> None:
        """Do ``work`` within its time, again after the rests that the Hub asks for; how it ended is in ``space``."""
        for attempt in range(TRIES):
            left = until - self._clock.monotonic()
            if left <= 0:
                space.fail("the time of the whole provision was up: order the same again")
                return
            try:
                async with asyncio.timeout(min(SPACE_SECONDS, left)):
                    await work(space)
            except RateLimited as error:
                if attempt == TRIES - 1 or error.retry_after_seconds >= left:
                    space.fail(str(error))
                    return
                await self._clock.sleep(error.retry_after_seconds)
            except (HubError, InvalidInput) as error:
                space.fail(str(error))
                return
            except TimeoutError:
                space.fail("the Hub took too long: order the same again")
                return
            else:
                return


def _id_problem(ids: list[str], index: int) -> str | None:
    """What could not be seen before the owner was known."""
    space_id = ids[index]
    first = [other.lower() for other in ids].index(space_id.lower())
    if first != index:
        return f"it is the same Space as spaces[{first}]"
    problem = space_id_problem(space_id)
    return f"owner and name together: {problem}" if problem else None
