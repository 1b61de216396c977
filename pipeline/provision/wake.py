"""Many Spaces are woken, before a demonstration for instance."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from pipeline.domain.errors import FieldProblem, HubError, InvalidInput
from pipeline.domain.provision import WokenSpace
from pipeline.domain.provision_rules import MAX_SPACES
from pipeline.domain.space import BROKEN, BUILDING, RESTING, space_id_problem
from pipeline.ports import SpaceHost, SpaceHosts

AT_ONCE = 4
SPACE_SECONDS = 120.0
ALL_SECONDS = 300.0


class WakeSpaces:
    """Restarts Spaces that rest.

    Args:
        hosts: the Hub, as the one who asks sees it.
    """

    def __init__(self, hosts: SpaceHosts) -> None:
        self._hosts = hosts

    async def __call__(self, ids: Sequence[str], token: str | None) -> tuple[WokenSpace, ...]:
        """Restart each Space that sleeps, is paused or stopped, a few at once; the others are left alone.

        Args:
            ids: ``owner/name`` each, at most ``MAX_SPACES``.
            token: of the Hub, to act with; None = the operator's.

        Returns:
            What was found and done, in the order of ``ids``. The Hub goes on starting the Spaces by itself.

        Raises:
            InvalidInput: an id is none.
            Misconfigured: the operator's token is asked for, and there is none.
        """
        _check(ids)
        host = self._hosts(token)
        places = asyncio.Semaphore(AT_ONCE)
        until = asyncio.get_running_loop().time() + ALL_SECONDS

        async def one(space_id: str) -> WokenSpace:
            async with places:
                deadline = min(until, asyncio.get_running_loop().time() + SPACE_SECONDS)
                try:
                    async with asyncio.timeout_at(deadline):
                        return await _wake(host, space_id)
                except HubError as error:
                    return WokenSpace(space_id, error=str(error))
                except TimeoutError:
                    return WokenSpace(space_id, error="the Hub took too long: ask again")

        return tuple(await asyncio.gather(*map(one, ids)))


def _check(ids: Sequence[str]) -> None:
    if not ids:
        raise InvalidInput(FieldProblem("ids", "is required and must not be empty"))
    if len(ids) > MAX_SPACES:
        raise InvalidInput(FieldProblem("ids", f"has more than {MAX_SPACES} items"))
    problems = [(index, space_id_problem(space_id)) for index, space_id in enumerate(ids)]
    if wrong := [FieldProblem(f"ids[{index}]", problem) for index, problem in problems if problem]:
        raise InvalidInput(*wrong)


async def _wake(host: SpaceHost, space_id: str) -> WokenSpace:
    found = WokenSpace(space_id, was=(await host.runtime(space_id)).stage)
    if found.was in RESTING:
        return replace(found, stage=(await host.restart(space_id)).stage, was_restarted=True)
    if found.was in BROKEN:
        return replace(found, stage=found.was, error="it is broken, which a restart does not mend: look at its log")
    is_on_its_way = found.was in BUILDING
    return replace(found, stage=found.was, note="it is starting already" if is_on_its_way else "it is not resting")
