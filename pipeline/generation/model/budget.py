"""What a job may spend on language models, checked before every call and counted over crashes."""

import json
import logging
from dataclasses import dataclass, replace
from hashlib import sha256

from pipeline.domain.conversation import CallLimits, Conversation, Finish, Reply
from pipeline.domain.errors import BudgetExhausted
from pipeline.domain.generation import Price, Usage
from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.tokens import estimate_prompt, estimate_tokens
from pipeline.ports import Ledger, Model, Progress

_log = logging.getLogger(__name__)


def request_digest(model: str, conversation: Conversation, limits: CallLimits) -> str:
    """SHA-256, as 64 hex digits, over what decides the answer: how long it may take or be does not."""
    messages = [
        [
            message.role,
            message.text,
            [[image.media_type, sha256(image.content).hexdigest()] for image in message.images],
        ]
        for message in conversation
    ]
    return sha256(json.dumps([model, limits.temperature, messages]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Caps:
    """What one job may spend: requests that reached a model, answered or not, and tokens of prompts and answers.

    A cap in dollars binds as far as costs are known: a provider that reports none cannot be held to it.
    """

    calls: int
    tokens: int
    usd: float | None = None


class MeteredModel:
    """A model whose every call is put on record, and which is asked only as long as the job's caps allow.

    It stands around one model at one address, inside the chain: so each attempt counts, not each question.
    """

    def __init__(self, model: Model, ledger: Ledger, caps: Caps, price: Price | None = None) -> None:
        self.name = model.name
        self.account = model.account
        self._model = model
        self._ledger = ledger
        self._caps = caps
        self._price = price

    def __str__(self) -> str:
        return str(self._model)

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        """Ask, and keep the answer. Raises BudgetExhausted before anything is sent, ModelFailure when no text came."""
        estimate = estimate_prompt(conversation)
        await self._check(job_id, estimate + limits.max_output_tokens, limits)
        call_id = await self._ledger.begin(job_id, request_digest(self.name, conversation, limits), self.name)
        try:
            reply = await self._model.ask(job_id, conversation, limits, on_text)
        except ModelFailure as failure:
            usage = failure.usage.at(self._price)
            nothing = Reply(text="", finish=Finish.CUT, asked=self.name, answered=self.name, usage=usage)
            await self._ledger.finish(call_id, nothing)
            raise
        reply = replace(reply, usage=_counted(reply, estimate).at(self._price))
        await self._ledger.finish(call_id, reply)
        return reply

    async def _check(self, job_id: str, tokens: int, asked: CallLimits) -> None:
        spent = await self._ledger.spent(job_id)
        caps = self._caps
        if spent.calls >= caps.calls:
            raise BudgetExhausted(f"the job has used {spent.calls} of {caps.calls} model calls (JOB_MAX_CALLS)")
        if spent.calls + asked.spare_calls >= caps.calls:
            raise BudgetExhausted(f"the last {asked.spare_calls} of {caps.calls} model calls are kept (JOB_MAX_CALLS)")
        used = spent.prompt_tokens + spent.completion_tokens
        if used + tokens > caps.tokens:
            raise BudgetExhausted(
                f"the next model call may take {tokens} tokens, and {used} of {caps.tokens} are used (JOB_MAX_TOKENS)"
            )
        limits = [(caps.usd, "JOB_MAX_USD"), (asked.max_usd, "the request's max_usd")]
        bounds = [(usd, name) for usd, name in limits if usd is not None]
        if not bounds or not spent.calls:
            return
        usd, name = min(bounds)
        if spent.cost_usd is None:
            action = {"action": "budget.cost_unknown", "job_id": job_id}
            _log.warning("the cost of a model call is not known: %s cannot be checked", name, extra=action)
        elif spent.cost_usd >= usd:
            raise BudgetExhausted(f"the job has spent ${spent.cost_usd:.4f} of ${usd:.4f} ({name})")


def _counted(reply: Reply, estimate: int) -> Usage:
    """The usage; where the provider reported no tokens, estimates, so that the cap holds all the same."""
    usage = reply.usage
    if usage.prompt_tokens or usage.completion_tokens:
        return usage
    return replace(usage, prompt_tokens=estimate, completion_tokens=estimate_tokens(reply.text))
