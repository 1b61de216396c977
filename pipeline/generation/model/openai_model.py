"""One language model behind the chat-completions protocol."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from pipeline.domain.address import Origin
from pipeline.domain.conversation import CallLimits, Conversation, Finish, Reply
from pipeline.domain.errors import Misconfigured
from pipeline.domain.generation import Usage
from pipeline.generation.model.chat_request import Adaptation, adaptation_for, chat_request, is_lasting
from pipeline.generation.model.failure import ErrorAnswered, ModelFailure, Remedy, presentable
from pipeline.generation.model.providers import Provider, endpoint_of, provider_for
from pipeline.generation.model.reply_reader import ReplyReader
from pipeline.generation.tokens import estimate_prompt
from pipeline.ports import Progress

if TYPE_CHECKING:
    from pipeline.generation.model.chat_client import ChatClient

SILENCE_SECONDS = 60.0  # between two pieces of an answer that has begun
USAGE_SECONDS = 5.0  # for what follows the end of the text

_log = logging.getLogger(__name__)


class OpenAIModel:
    """One model name at one address.

    It may be asked from several event loops at once: each call has a client of its own. What a call learns about
    fields that this model refuses holds for all later calls.

    Args:
        base_url: what stands before ``/chat/completions``.
        model: as the provider calls it.
        api_key: None for servers that want none.
        provider: where the address does not tell.

    Raises:
        Misconfigured: ``base_url`` is no web address.
    """

    def __init__(
        self, base_url: str, model: str, api_key: SecretStr | None, *, provider: Provider | None = None
    ) -> None:
        if Origin.of(base_url) is None:
            raise Misconfigured("LLM_BASE_URL must be a web address, such as https://openrouter.ai/api/v1")
        self.name = model
        self._endpoint = endpoint_of(base_url)
        self._api_key = api_key.get_secret_value() if api_key else ""
        self.account = sha256(f"{self._endpoint} {self._api_key}".encode()).hexdigest()
        self._provider = provider or provider_for(self._endpoint)
        self._adaptations: frozenset[Adaptation] = frozenset()

    def __str__(self) -> str:
        return f"{self.name} at {self._provider.name}"

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r}, {self._provider.name!r})"

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        """Send and read to the end.

        Text that arrived before the connection broke or the time was up comes back as a reply that was CUT.

        Args:
            job_id: for the log.
            conversation: what is said.
            limits: ``seconds`` is for all of it, repetitions without a refused field included. Half of them may pass
                before the first sign of life.
            on_text: gets each piece of text as it arrives, reasoning in the text included.

        Raises:
            ModelFailure: no text came.
        """
        reader = ReplyReader(on_text)
        chat_client = await asyncio.to_thread(_chat_client)
        watch = _Watch(limits.seconds)
        failure = None
        try:
            async with watch.alarm:
                client = chat_client(str(self), self._endpoint, self._api_key, limits.seconds)
                await self._converse(client, conversation, limits, reader, watch)
        except TimeoutError:
            if not watch.alarm.expired():
                raise
            what = "no sign of life" if watch.first_sign_seconds is None else "no end of its answer"
            failure = ModelFailure(f"{self}: {what} within {watch.seconds:.3g} s", Remedy.NEXT_MODEL)
        except ModelFailure as error:
            failure = error
        if failure and not reader.text.strip():
            raise failure
        if failure and reader.finish is Finish.CUT:
            _log.warning("an answer was cut off: %s", failure, extra={"action": "model.cut", "job_id": job_id})
        self._notice_cut_prompt(job_id, conversation, reader.usage)
        return self._reply(reader, watch)

    async def _converse(
        self, client: "ChatClient", conversation: Conversation, limits: CallLimits, reader: ReplyReader, watch: "_Watch"
    ) -> None:
        """Ask, and ask again without a field that the provider does not like. Each can be dropped only once."""
        adaptations = self._adaptations
        async with client:
            while True:
                request = chat_request(self._provider, self.name, conversation, limits, adaptations)
                if not request["stream"]:
                    watch.wait(limits.seconds)
                try:
                    async with aclosing(client.documents(request)) as documents:
                        await _read(documents, reader, watch)
                except ErrorAnswered as error:
                    answer = error.answer
                    change = adaptation_for(answer.status, answer.complaint, request, adaptations)
                    if change is None or reader.text:
                        message = presentable(answer.message, self._api_key, [m.text for m in conversation])
                        # Not "from error": a chain of errors would show the provider's words as they came.
                        # What was turned away is no call, and costs nothing.
                        usage = Usage() if watch.first_sign_seconds is None else reader.usage
                        raise answer.failure(str(self), message, error.retry_after, usage) from None
                else:
                    return
                adaptations |= {change}
                if is_lasting(change, answer.complaint):
                    self._adaptations |= {change}

    def _reply(self, reader: ReplyReader, watch: "_Watch") -> Reply:
        if not reader.text.strip() and reader.finish is not Finish.REFUSED:
            if reader.finish is Finish.LENGTH:
                message = "used up its output limit before it wrote any text"
                raise ModelFailure(f"{self}: {message}", Remedy.RETRY, usage=reader.usage, wants_room=True)
            raise ModelFailure(f"{self}: its answer is empty", Remedy.RETRY, usage=reader.usage)
        return Reply(
            text=reader.text,
            finish=reader.finish,
            asked=self.name,
            answered=reader.model or self.name,
            usage=reader.usage,
            seconds=watch.seconds,
            place=reader.place,
        )

    def _notice_cut_prompt(self, job_id: str, conversation: Conversation, usage: Usage) -> None:
        if not self._provider.cuts_long_prompts or not 0 < usage.prompt_tokens < estimate_prompt(conversation) / 2:
            return
        _log.warning(
            "%s read only %d tokens of the prompt: raise OLLAMA_CONTEXT_LENGTH at its server",
            self,
            usage.prompt_tokens,
            extra={"action": "model.prompt_cut", "job_id": job_id},
        )


class _Watch:
    """Ends a call when its time is up, and sooner when the other side falls silent."""

    def __init__(self, seconds: float) -> None:
        self._now = asyncio.get_running_loop().time
        self._started = self._now()
        self._end = self._started + seconds
        self._silence = min(SILENCE_SECONDS, seconds / 2)
        self.alarm = asyncio.timeout_at(self._started + seconds / 2)
        self.first_sign_seconds: float | None = None

    @property
    def seconds(self) -> float:
        """Since the call began."""
        return self._now() - self._started

    def wait(self, seconds: float) -> None:
        """Be patient for so long, but not beyond the end."""
        self.alarm.reschedule(min(self._end, self._now() + seconds))

    def heard(self, *, is_over: bool) -> None:
        """There was a sign of life; ``is_over``: it was the last one but for the usage."""
        if self.first_sign_seconds is None:
            self.first_sign_seconds = self.seconds
        self.wait(USAGE_SECONDS if is_over else self._silence)


def _chat_client() -> "type[ChatClient]":
    """In a thread, and before a model's silence is counted: the SDK takes most of a second to import, and 40 MB."""
    from pipeline.generation.model.chat_client import ChatClient

    return ChatClient


async def _read(documents: AsyncIterator[Mapping[str, Any]], reader: ReplyReader, watch: _Watch) -> None:
    async for document in documents:
        if reader.take(document):
            watch.heard(is_over=reader.finish_reason is not None)
        if reader.is_full:
            return
