"""Calls: each is begun by one request and followed by others, whatever the protocol.

A call of a ``JobFunction`` is a job, and goes on when nobody follows it, when this process ends, and on another
machine. A call of a ``QuickFunction`` runs in this process and goes on when nobody follows it; when the process ends
with it, whoever follows it is told so in time.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.domain.call_event import CallEvent, CallOutcome
from pipeline.domain.errors import PipelineError, Unavailable
from pipeline.domain.job import JobEvent
from pipeline.shapes.deploy_request import RequestRules
from pipeline.web.dependencies import Services
from pipeline.web.gradio.callers import GradioCaller
from pipeline.web.gradio.functions import CallContext, Function, JobFunction, QuickFunction, read_arguments
from pipeline.web.gradio.registry import function_named
from pipeline.web.gradio.uploads import Uploads
from pipeline.web.places import Places

CALL_SECONDS = 300.0
MOST_RUNNING = 32
LOOK_SECONDS = 1.0
"""How often a call that runs in another process is looked after."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last that is told of a call."""

    outcome: CallOutcome
    is_final: bool = True  # it will be the same however often it is asked for


Update = JobEvent | Ended | None
"""News of a call; None now and then when there are none."""


class Calls:
    """Begins and follows calls. Used from one event loop."""

    def __init__(self, services: Services, rules: RequestRules, uploads: Uploads) -> None:
        self._services = services
        self._rules = rules
        self._uploads = uploads
        self._running: dict[str, asyncio.Task[None]] = {}
        self._places = Places("too many calls are running", MOST_RUNNING, MOST_RUNNING)
        self._joining: Counter[str] = Counter()
        self._joined = 0

    async def begin(
        self,
        function: JobFunction | QuickFunction,
        given: Mapping[str, Any],
        caller: GradioCaller,
        session: str | None = None,
    ) -> CallEvent:
        """Call ``function`` with arguments by name, and return the event by which the call is followed.

        Raises:
            InvalidInput: an argument breaks a rule.
            NotPermitted: the function is not for this caller.
            Busy: too many calls run, or too many results wait to be fetched.
            PipelineError: what ``Jobs.accept`` raises, for a function that begins a job.
        """
        if function.for_owners:
            caller.require_owner()
        context = CallContext(self._services, self._rules, self._uploads, caller)
        arguments = await read_arguments(function, given, context)
        events = self._services.call_events
        if isinstance(function, JobFunction):
            job = await function.start(context, arguments)
            return await events.add(caller.key, function.name, session=session, job_id=job.id)
        with ExitStack() as held:
            held.enter_context(self._places.take(caller.key, is_guest=caller.is_guest))
            event = await events.add(caller.key, function.name, session=session)
            running = asyncio.create_task(self._run(event, function, context, arguments))
            self._running[event.id] = running
            leave = held.pop_all().close
            running.add_done_callback(lambda _: leave())
        return event

    async def refuse(self, function: Function, error: PipelineError, caller: GradioCaller, session: str) -> CallEvent:
        """A call that failed before it began, for clients that show errors only when they follow a call."""
        outcome = CallOutcome(error=str(error))
        return await self._services.call_events.add(caller.key, function.name, session=session, outcome=outcome)

    async def follow(self, event: CallEvent) -> AsyncIterator[Update]:
        """Tell what happens to a call, from its beginning to its end, as often as it is asked."""
        try:
            if event.outcome is not None:
                yield Ended(event.outcome)
            elif event.job_id is not None:
                async for update in self._follow_job(event, event.job_id):
                    yield update
            else:
                async for update in self._follow_run(event):
                    yield update
        except PipelineError as error:
            yield Ended(CallOutcome(error=str(error)), is_final=False)

    async def cancel(self, event_id: str, session: str) -> None:
        """Cancel the job behind a call of a session; a quick call runs to its end. Raises NotFound."""
        event = await self._services.call_events.find(event_id, session)
        if event.job_id is not None:
            await self._services.jobs.cancel(event.job_id)

    @contextmanager
    def joining(self, session: str) -> Iterator[None]:
        """Hold while a call of ``session`` is being begun, so that its stream is not closed in that moment."""
        self._joining[session] += 1
        try:
            yield
        finally:
            self._joining -= Counter({session: 1})
            self._joined += 1

    def joins(self, session: str) -> tuple[bool, int]:
        """Whether a call of ``session`` is being begun, and how many calls were begun so far in any session."""
        return session in self._joining, self._joined

    async def _follow_job(self, event: CallEvent, job_id: str) -> AsyncIterator[Update]:
        jobs = self._services.jobs
        async for news in jobs.watch(job_id):
            yield news
        job = await jobs.get(job_id)
        function = function_named(event.function)
        if not job.status.is_final or not isinstance(function, JobFunction):
            raise Unavailable("the service is stopping; the job goes on, and its result can be fetched in a moment")
        yield Ended(function.outcome(job, self._services.settings.own_address))

    async def _follow_run(self, event: CallEvent) -> AsyncIterator[Update]:
        late = event.created_at + timedelta(seconds=CALL_SECONDS + 2 * LOOK_SECONDS)
        while True:
            running = self._running.get(event.id)
            event = await self._services.call_events.get(event.id, event.caller)
            if event.outcome is not None:
                yield Ended(event.outcome)
                return
            if running is not None:
                await asyncio.wait({running}, timeout=LOOK_SECONDS)
            elif datetime.now(UTC) > late:
                raise Unavailable("the call was lost because the service was restarted: call again")
            else:
                await asyncio.sleep(LOOK_SECONDS)
            yield None

    async def _run(self, event: CallEvent, function: QuickFunction, context: CallContext, arguments: Any) -> None:
        try:
            outcome = await _outcome(function, context, arguments)
            await self._services.call_events.record(event.id, outcome)
        except Unavailable as error:
            _log.warning("the result of a call could not be kept: %s", error, extra={"action": "call.lost"})
        finally:
            del self._running[event.id]


async def _outcome(function: QuickFunction, context: CallContext, arguments: Any) -> CallOutcome:
    """How a call of ``function`` ends: it does for its caller, also when we are wrong."""
    running = asyncio.ensure_future(function.run(context, arguments))
    try:
        await asyncio.wait({running}, timeout=CALL_SECONDS)
    finally:
        is_late = running.cancel()
    if is_late:
        return CallOutcome(error=f"the call did not end within {CALL_SECONDS:.0f} seconds")
    error = running.exception()
    if error is None:
        return CallOutcome(running.result())
    if isinstance(error, PipelineError):
        return CallOutcome(error=str(error))
    action = {"action": "call.bug", "function": function.name}
    _log.error("a call failed in a way nobody foresaw", exc_info=error, extra=action)
    return CallOutcome(error="internal error")
