"""Several models behind one question: when one does not answer, the next is asked."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from pipeline.domain.conversation import CallLimits, Conversation, Finish, Reply
from pipeline.domain.errors import BudgetExhausted, GenerationFailed, NoModelLeft
from pipeline.generation.model.budget import request_digest
from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.generation.model.traffic import Traffic
from pipeline.ports import Ledger, Model, Progress

TRIES_IN_A_ROW = 2
PATIENCE_SHARE = 0.5
"""Of a question's time, what may go by before the last repetition: the rest is for the answer."""

SHORT_PAUSE = 5.0
"""A better model is waited for so long before the next is asked."""

LONGEST_BACKOFF = 15.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    job_id: str
    conversation: Conversation
    on_text: Progress
    deadline: float
    patience_ends: float


@dataclass(slots=True)
class _Link:
    """A model, as far as one question has come with it."""

    model: Model
    limits: CallLimits
    tries: int = 0
    calls: int = 0  # that may have cost something
    ready_at: float = 0.0
    is_over: bool = False


class ModelChain:
    """Several models as one, in the order of preference.

    What one of them has answered to the very same question of the job, by the ledger, is never asked again. Requests
    that were turned away or found nobody are repeated, with growing pauses of random length (full jitter, but never
    less than a second), until half of the question's time is gone; what may have cost something is repeated once; at
    failures that will not pass the next model is asked. ``traffic`` is shared with all other jobs and chains.
    """

    def __init__(
        self,
        models: Sequence[Model],
        ledger: Ledger,
        traffic: Traffic | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name, self.account = models[0].name, models[0].account
        self._models = tuple(models)
        self._ledger = ledger
        self._traffic = traffic or Traffic(monotonic)
        self._monotonic = monotonic
        self._sleep = sleep

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        """Ask one model after the other, within ``limits.seconds`` for all of them together.

        ``on_text`` is for showing progress: what it got of an answer that was refused half-way belongs to no reply.

        Raises:
            GenerationFailed: none answered; says for each one why.
            NoModelLeft: there is none that may be asked.
            BudgetExhausted: the job may not ask any more.
        """
        last = max((place for place, model in enumerate(self._models) if model.name == limits.after), default=-1)
        models = [model for model in self._models[last + 1 :] if limits.lets(model.name)]
        if not models and (limits.avoid or limits.after):
            raise NoModelLeft("there is no other language model to ask")
        if not models:
            raise GenerationFailed("the model that was asked for is not one of this service's any more")
        if recorded := await self._recall(models, job_id, conversation, limits):
            on_text(recorded.text)
            return recorded
        now = self._monotonic()
        patience_ends = now + limits.seconds * PATIENCE_SHARE
        question = _Question(job_id, conversation, on_text, now + limits.seconds, patience_ends)
        report: dict[Model, str] = {}
        links = [_Link(model, limits) for model in models]
        try:
            while links:
                # The best that can be asked soon, and that has not failed more often than the others.
                link = min(
                    links, key=lambda link: (max(self._wait(link)[0], SHORT_PAUSE), link.tries // TRIES_IN_A_ROW)
                )
                if reply := await self._ask(link, question, report):
                    passed_over = (why for model, why in report.items() if model is not link.model)
                    return replace(reply, passed_over=tuple(passed_over))
                links = [link for link in links if not link.is_over]
        except BudgetExhausted as error:
            raise BudgetExhausted("\n".join([str(error), *report.values()])) from error
        raise GenerationFailed("\n".join(["no language model gave an answer:", *report.values()]))

    async def _recall(
        self, models: Sequence[Model], job_id: str, conversation: Conversation, limits: CallLimits
    ) -> Reply | None:
        """The recorded answer. One that was cut off counts: what was asked after it is in a later conversation."""
        for model in models:
            reply = await self._ledger.recall(job_id, request_digest(model.name, conversation, limits))
            if reply and reply.text.strip() and reply.finish is not Finish.REFUSED:
                return reply
        return None

    async def _ask(self, link: _Link, question: _Question, report: dict[Model, str]) -> Reply | None:
        """The answer; None, with the reason in ``report``, when this attempt gave none."""
        model = link.model
        if obstacle := self._obstacle(link, question):
            report.setdefault(model, f"{model}: not asked: {obstacle}")
            link.is_over = True
            return None
        wait, _ = self._wait(link)
        self._traffic.take_turn(model)
        if wait:
            await self._sleep(wait)
            if self._traffic.is_shut(model):
                return None
        asked_at = self._monotonic()
        limits = replace(link.limits, seconds=question.deadline - asked_at)
        try:
            reply = await model.ask(question.job_id, question.conversation, limits, question.on_text)
        except ModelFailure as failure:
            _log.warning("%s", failure, extra={"action": "model.failed", "job_id": question.job_id})
            report[model] = str(failure)
            self._traffic.turned_away(model, failure, asked_at)
            self._learn(link, failure)
            return None
        self._traffic.answered(model)
        _log_answer(question.job_id, reply)
        if reply.finish is not Finish.REFUSED:
            return reply
        report[model] = f"{model}: refused to answer"
        link.is_over = True
        return None

    def _learn(self, link: _Link, failure: ModelFailure) -> None:
        # Jobs that failed together must not come back together.
        pause = 1 + random.uniform(0, min(2.0**link.tries, LONGEST_BACKOFF))  # noqa: S311 - no secret depends on it
        link.ready_at = self._monotonic() + pause
        link.tries += 1
        link.calls += failure.usage.calls
        link.is_over = failure.remedy is not Remedy.RETRY or link.calls >= TRIES_IN_A_ROW
        if failure.wants_room:
            doubled = 2 * link.limits.max_output_tokens
            link.limits = replace(link.limits, max_output_tokens=doubled, less_effort=True)

    def _wait(self, link: _Link) -> tuple[float, str]:
        """Seconds until it can be asked, and why; none where waiting is no use."""
        if self._traffic.obstacle(link.model):
            return 0.0, ""
        seconds, reason = self._traffic.wait(link.model)
        return max(seconds, link.ready_at - self._monotonic()), reason

    def _obstacle(self, link: _Link, question: _Question) -> str | None:
        """Why it cannot be asked within the question's time."""
        now = self._monotonic()
        if now >= question.deadline:
            return "no time is left"
        if locked := self._traffic.obstacle(link.model):
            return locked
        wait, reason = self._wait(link)
        is_late = (wait or link.tries) and now + wait > question.patience_ends
        return (reason or "no time is left to ask again") if is_late else None


def _log_answer(job_id: str, reply: Reply) -> None:
    fields = {
        "asked": reply.asked,
        "answered": reply.answered,
        "finish": reply.finish.value,
        "prompt_tokens": reply.usage.prompt_tokens,
        "completion_tokens": reply.usage.completion_tokens,
        "seconds": round(reply.seconds, 3),
    }
    _log.info("a model answered", extra={"action": "model.answered", "job_id": job_id, **fields})
