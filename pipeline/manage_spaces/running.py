"""Whether the apps of Spaces run: stopped, started anew, or woken, one or many before a demonstration for instance."""

import asyncio
from collections.abc import Sequence

from pipeline.domain.errors import FieldProblem, HubError, InvalidInput
from pipeline.domain.provision import MAX_SPACES, WokenSpace
from pipeline.domain.space import BROKEN, BUILDING, RESTING, SpaceRuntime, space_id_problem
from pipeline.manage_spaces.changes import RESTARTS, Changed, is_running
from pipeline.ports import SpaceHost

STOPS = "the app was running: its visitors do not find it until the Space is restarted"

AT_ONCE = 4
SPACE_SECONDS = 120.0
ALL_SECONDS = 300.0


async def pause_space(host: SpaceHost, space_id: str) -> Changed:
    """Stop the app until its owner restarts it. Raises HubError."""
    space = await host.info(space_id)
    runtime = await host.pause(space_id)
    warning = STOPS if is_running(space.runtime) else None
    return Changed(space.id, restarts=False, warning=warning, changed=("pause",), runtime=runtime)


async def restart_space(host: SpaceHost, space_id: str, *, factory_reboot: bool = False) -> Changed:
    """Start the app anew; with ``factory_reboot`` build it anew as well. Raises HubError."""
    space = await host.info(space_id)
    runtime = await host.restart(space_id, factory_reboot=factory_reboot)
    warning = RESTARTS if is_running(space.runtime) else None
    return Changed(space.id, restarts=True, warning=warning, changed=("restart",), runtime=runtime)


async def wake_space(host: SpaceHost, space_id: str) -> Changed:
    """Restart the app if it rests, which ends sleeping, stopped and paused alike. Raises HubError."""
    return await _restart_if_resting(host, space_id, await host.runtime(space_id))


async def wake_spaces(host: SpaceHost, ids: Sequence[str]) -> tuple[WokenSpace, ...]:
    """Restart each Space that sleeps, is paused or stopped, a few at once; the others are left alone.

    Returns what was found and done, in the order of ``ids``. The Hub goes on starting the Spaces by itself. Raises
    InvalidInput for more than ``MAX_SPACES``, and for an id that is none.
    """
    _check(ids)
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


async def _restart_if_resting(host: SpaceHost, space_id: str, found: SpaceRuntime) -> Changed:
    if found.stage not in RESTING:
        return Changed(space_id, restarts=False, unchanged=("wake",), runtime=found)
    return Changed(space_id, restarts=True, changed=("wake",), runtime=await host.restart(space_id))


async def _wake(host: SpaceHost, space_id: str) -> WokenSpace:
    found = await host.runtime(space_id)
    changed = await _restart_if_resting(host, space_id, found)
    note = error = None
    if found.stage in BROKEN:
        error = "it is broken, which a restart does not mend: look at its log"
    elif not changed.restarts:
        note = "it is starting already" if found.stage in BUILDING else "it is not resting"
    return WokenSpace(space_id, found.stage, changed.restarts, (changed.runtime or found).stage, note, error)


def _check(ids: Sequence[str]) -> None:
    if not ids:
        raise InvalidInput(FieldProblem("ids", "is required and must not be empty"))
    if len(ids) > MAX_SPACES:
        raise InvalidInput(FieldProblem("ids", f"has more than {MAX_SPACES} items"))
    problems = ((index, space_id_problem(space_id)) for index, space_id in enumerate(ids))
    InvalidInput.check(FieldProblem(f"ids[{index}]", problem) for index, problem in problems if problem)
