"""Several models behind one question: when one does not answer, the next is asked."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import SecretStr

from pipeline.domain.conversation import CallLimits, Conversation, Finish, Reply
from pipeline.domain.errors import BudgetExhausted, GenerationFailed, Misconfigured
from pipeline.generation.model.budget import Caps, MeteredModel, request_digest
from pipeline.generation.model.failure import ModelFailure, NoModelLeft, Remedy
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.ports import Ledger, Model, Progress

ATTEMPTS_PER_LINK = 2
SHORT_PAUSE = 5.0
LONGEST_REST = 3600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Rest:
    """Why a model or an address is left alone, until when on the monotonic clock, and what may help."""

    until: float
    reason: str
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class _Question:
    job_id: str
    conversation: Conversation
    limits: CallLimits
    on_text: Progress
    deadline: float


class ModelChain:
    """Several models as one, in the order of preference.

    What one of them has answered to the very same question of the job, by the ledger, is never asked again. A link is
    asked at most twice for one answer, the second time after a pause. What one question learns (come back later, no
    such model, no credit) spares all other questions the attempt for a while. A key or a budget may be that of one
    model behind a gateway: only when a second model is turned away is the whole address left alone.
    """

    def __init__(
        self,
        links: Sequence[Model],
        ledger: Ledger,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name, self.endpoint = links[0].name, links[0].endpoint
        self._links = tuple(links)
        self._ledger = ledger
        self._monotonic = monotonic
        self._sleep = sleep
        self._rests: dict[str, _Rest] = {}  # by address, and by model at an address: never more than the links

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        """Ask link after link, within ``limits.seconds`` for all of them together.

        ``on_text`` is for showing progress: what it got of an answer that was refused half-way belongs to no reply.

        Raises:
            GenerationFailed: no link answered; says for each one why.
            NoModelLeft: there is none that is not to be avoided.
            BudgetExhausted: the job may not ask any more.
        """
        links = [link for link in self._links if link.name not in limits.avoid]
        if not links:
            raise NoModelLeft("there is no other language model to ask")
        if recorded := await self._recall(links, job_id, conversation, limits):
            on_text(recorded.text)
            return recorded
        question = _Question(job_id, conversation, limits, on_text, self._monotonic() + limits.seconds)
        report: list[str] = []
        try:
            for link in links:
                before = tuple(report)
                if reply := await self._ask_link(link, question, report):
                    return replace(reply, passed_over=before)
        except BudgetExhausted as error:
            raise BudgetExhausted("\n".join([str(error), *report])) from error
        raise GenerationFailed("\n".join(["no language model gave an answer:", *report]))

    async def _recall(
        self, links: Sequence[Model], job_id: str, conversation: Conversation, limits: CallLimits
    ) -> Reply | None:
        """The recorded answer. One that was cut off counts: what was asked after it is in a later conversation."""
        for link in links:
            reply = await self._ledger.recall(job_id, request_digest(link.name, conversation, limits))
            if reply and reply.text.strip() and reply.finish is not Finish.REFUSED:
                return reply
        return None

    async def _ask_link(self, link: Model, question: _Question, report: list[str]) -> Reply | None:
        """The link's answer; None, with the reason added to ``report``, when the next one has to be asked."""
        given = question.limits
        for attempt in range(ATTEMPTS_PER_LINK):
            if obstacle := await self._obstacle(link, question.deadline):
                if attempt == 0:
                    report.append(f"{link}: not asked: {obstacle}")
                return None
            limits = replace(given, seconds=question.deadline - self._monotonic())
            try:
                reply = await link.ask(question.job_id, question.conversation, limits, question.on_text)
            except ModelFailure as failure:
                _log.warning("%s", failure, extra={"action": "model.failed", "job_id": question.job_id})
                report.append(str(failure))
                self._remember(link, failure)
                if failure.remedy is not Remedy.RETRY:
                    return None
                if failure.wants_room:
                    given = replace(given, max_output_tokens=2 * given.max_output_tokens, less_effort=True)
            else:
                if reply.finish is not Finish.REFUSED:
                    return reply
                report.append(f"{link}: refused to answer")
                return None
        return None

    async def _obstacle(self, link: Model, deadline: float) -> str | None:
        """Why ``link`` cannot be asked; waits first when it rests and that is not for long."""
        now = self._monotonic()
        if now >= deadline:
            return "no time is left"
        rests = [rest for key in _keys(link) if (rest := self._rests.get(key)) and rest.until > now]
        for rest in rests:
            # The last link is worth a longer wait: there is nobody else to ask.
            longest = (deadline - now) / 2 if link is self._links[-1] else min(SHORT_PAUSE, deadline - now)
            if rest.remedy is not Remedy.RETRY or rest.until - now > longest:
                return rest.reason
        if rests:
            await self._sleep(max(rest.until for rest in rests) - now)
        return None

    def _remember(self, link: Model, failure: ModelFailure) -> None:
        address, model = _keys(link)
        seconds = min(failure.wait_seconds, LONGEST_REST)
        if failure.remedy is Remedy.RETRY:
            # Jobs that failed together must not come back together.
            seconds = max(seconds, 1.0) * random.uniform(1.0, 1.25)  # noqa: S311 - no secret depends on it
        others = [rest for key, rest in self._rests.items() if key.startswith(f"{address} ") and key != model]
        now = self._monotonic()
        are_locked_out = any(rest.remedy is Remedy.NEXT_PROVIDER and rest.until > now for rest in others)
        key = address if failure.remedy is Remedy.NEXT_PROVIDER and are_locked_out else model
        self._rests[key] = _Rest(now + seconds, str(failure), failure.remedy)


def _keys(link: Model) -> tuple[str, str]:
    return link.endpoint, f"{link.endpoint} {link.name}"


def build_chain(
    base_url: str, api_key: SecretStr | None, models: Sequence[str], ledger: Ledger, caps: Caps
) -> ModelChain:
    """A chain of ``models`` at one address, in the order of preference, every call of which is metered.

    Raises Misconfigured when no model is named, or ``base_url`` is no web address.
    """
    if not models:
        raise Misconfigured("LLM_MODELS is empty: name at least one model, or several with commas between them")
    links = [MeteredModel(OpenAIModel(base_url, name, api_key), ledger, caps) for name in models]
    return ModelChain(links, ledger)
