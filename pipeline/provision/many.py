"""Many Spaces become as wanted, a few at a time, each looked at before anything is done to it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from pipeline.assembly import SpaceApp, assemble_space, title_of
from pipeline.domain.errors import FieldProblem, HubError, InvalidInput, RateLimited
from pipeline.domain.files import AppFiles
from pipeline.domain.provision import AppTemplate, ProvisionOrder, SpaceOutcome, misfit
from pipeline.domain.provision_rules import order_problems
from pipeline.domain.space import Space, space_id_problem
from pipeline.ports import Clock, SecretScanner, SpaceHost, SpaceHosts
from pipeline.provision.one import Goal, SpaceWork

AT_ONCE = 4
RUN_SECONDS = 1800.0
PLAN_SECONDS = 180.0
SPACE_SECONDS = 300.0
TRIES = 4
"""Of one Space, when the Hub asks for a rest that is longer than the host waits by itself."""

Record = Callable[[int, SpaceOutcome], Awaitable[None]]
"""Keeps the outcome of the Space at an index; called when it is begun and when it has ended."""

Work = Callable[[SpaceWork], Awaitable[None]]


class ProvisionSpaces:
    """Makes Spaces as an order wants them.

    Args:
        hosts: the Hub, as the one who asks sees it.
        secrets: looks for the operator's secrets in what is to be published.
        clock: for the deadline, the waits, and the year of the copyright.
        owner: of names without one when the operator's token acts; None = the token's own.
    """

    def __init__(self, hosts: SpaceHosts, secrets: SecretScanner, clock: Clock, *, owner: str | None = None) -> None:
        self._hosts = hosts
        self._secrets = secrets
        self._clock = clock
        self._owner = owner

    async def check(self, order: ProvisionOrder, token: str | None) -> None:
        """Find everything that can be told to be wrong before a Space is looked at.

        A caller's own token is shown to the Hub last: only orders of tokens that it knows are worth keeping.

        Raises:
            InvalidInput: every broken rule of every field.
            SecretFound: the template, or a variable, holds one of the operator's secrets.
            Misconfigured: the operator's token is asked for, and there is none.
            HubError: the Hub does not know the caller's token, or did not answer.
        """
        if problems := await asyncio.to_thread(lambda: [*order_problems(order)]):
            raise InvalidInput(*problems)
        await asyncio.to_thread(self._check_content, order)
        host = self._hosts(token)
        if token is not None:
            await host.owner()

    async def plan(self, order: ProvisionOrder, token: str | None) -> tuple[SpaceOutcome, ...]:
        """What would be done to each Space; reads only. Raises HubError when the template cannot be read."""
        outcomes = [SpaceOutcome(wanted.name) for wanted in order.spaces]

        async def keep(index: int, outcome: SpaceOutcome) -> None:
            outcomes[index] = outcome

        await self._run(order, token, known=tuple(outcomes), record=keep, work=SpaceWork.plan, seconds=PLAN_SECONDS)
        return tuple(outcomes)

    async def __call__(
        self, order: ProvisionOrder, token: str | None, known: Sequence[SpaceOutcome], record: Record
    ) -> None:
        """Create what is missing, update what differs, and ``record`` how it goes; one failure stops no other Space.

        Args:
            order: what is wanted.
            token: of the Hub, to act with; None = the operator's.
            known: outcomes so far, one per Space: of a run that was cut off, what has ended is not looked at again.
            record: keeps outcomes.

        Raises:
            HubError: nothing could be begun: the template cannot be read, or the token is not accepted.
        """
        await self._run(order, token, known=known, record=record, work=SpaceWork.apply, seconds=RUN_SECONDS)

    def _check_content(self, order: ProvisionOrder) -> None:
        variables = [json.dumps(dict(wanted.variables), ensure_ascii=False) for wanted in order.spaces]
        # What the Hub shows beside the files, under the name of the field, so that a refusal says which one.
        self._secrets.scan(
            AppFiles({f"spaces[{index}].variables": text.encode() for index, text in enumerate(variables)})
        )
        if isinstance(order.template, str):
            return
        app = self._assemble(order.template, order.spaces[0].name)
        self._secrets.scan(app.files)
        misfits = [(index, misfit(wanted, app.sdk)) for index, wanted in enumerate(order.spaces)]
        if problems := [FieldProblem(f"spaces[{index}]", problem) for index, problem in misfits if problem]:
            raise InvalidInput(*problems)

    def _assemble(self, template: AppTemplate, name: str) -> SpaceApp:
        try:
            return assemble_space(
                template.files,
                template.kind,
                title=title_of(template.files) or _in_words(name),
                year=self._clock.now().year,
                parameters=template.parameters,
            )
        except InvalidInput as error:
            raise InvalidInput(*(FieldProblem(f"template.{p.field}", p.problem) for p in error.problems)) from error

    async def _run(
        self,
        order: ProvisionOrder,
        token: str | None,
        *,
        known: Sequence[SpaceOutcome],
        record: Record,
        work: Work,
        seconds: float,
    ) -> None:
        until = self._clock.monotonic() + seconds
        host = self._hosts(token)
        ids = await self._ids(order, host, None if token else self._owner)
        source = await host.info(order.template) if isinstance(order.template, str) else None
        places = asyncio.Semaphore(AT_ONCE)
        creating = asyncio.Lock()

        async def one(index: int) -> None:
            async with places:
                goal = await self._goal(order, index, ids[index], source)
                space = SpaceWork(host, goal, known[index], partial(record, index), creating)
                if problem := _id_problem(ids, index):
                    space.fail(problem)
                else:
                    await self._until_ended(work, space, until)
                await record(index, space.outcome)

        async with asyncio.TaskGroup() as tasks:
            for index, outcome in enumerate(known):
                if not outcome.status.is_final:
                    tasks.create_task(one(index))

    async def _ids(self, order: ProvisionOrder, host: SpaceHost, owner: str | None) -> list[str]:
        if owner is None and any("/" not in wanted.name for wanted in order.spaces):
            owner = await host.owner()
        return [wanted.name if "/" in wanted.name else f"{owner}/{wanted.name}" for wanted in order.spaces]

    async def _goal(self, order: ProvisionOrder, index: int, space_id: str, source: Space | None) -> Goal:
        wanted, app = order.spaces[index], None
        if isinstance(order.template, AppTemplate):
            app = await asyncio.to_thread(self._assemble, order.template, wanted.name)
        return Goal(space_id, wanted, source, app, order.replace_secrets)

    async def _until_ended(self, work: Work, space: SpaceWork, until: float) -> None:
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
            except HubError as error:
                space.fail(str(error))
                return
            except TimeoutError:
                space.fail("the Hub took too long: order the same again")
                return
            else:
                return


def _id_problem(ids: Sequence[str], index: int) -> str | None:
    """What could not be seen before the owner was known."""
    space_id = ids[index]
    first = [other.lower() for other in ids].index(space_id.lower())
    if first != index:
        return f"it is the same Space as spaces[{first}]"
    problem = space_id_problem(space_id)
    return f"owner and name together: {problem}" if problem else None


def _in_words(name: str) -> str:
    words = re.sub(r"[-_.]+", " ", name.rpartition("/")[2]).strip()
    return words[:1].upper() + words[1:] or "App"
