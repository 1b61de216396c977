"""One language model behind the chat-completions protocol. The only module that knows the OpenAI SDK."""

import asyncio
import functools
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic import SecretStr

from pipeline.domain.conversation import CallLimits, Conversation, Finish, Reply
from pipeline.domain.errors import Misconfigured
from pipeline.domain.generation import Usage
from pipeline.domain.retry import seconds_of
from pipeline.generation.model.chat_request import Adaptation, adaptation_for, chat_request, is_lasting
from pipeline.generation.model.failure import (
    ENDED_PROVIDER_REST,
    ErrorAnswer,
    ModelFailure,
    Remedy,
    presentable,
)
from pipeline.generation.model.providers import Provider, provider_for
from pipeline.generation.model.reply_reader import ReplyReader
from pipeline.generation.model.size_limit import limit_size
from pipeline.generation.tokens import estimate_prompt
from pipeline.ports import Progress

CONNECT_SECONDS = 5.0
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
        fallbacks: models that the provider may ask instead, if it offers that.
        provider: where the address does not tell.

    Raises:
        Misconfigured: ``base_url`` is no web address.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: SecretStr | None,
        *,
        fallbacks: tuple[str, ...] = (),
        provider: Provider | None = None,
    ) -> None:
        if not _is_web_address(base_url):
            raise Misconfigured("LLM_BASE_URL must be a web address, such as https://openrouter.ai/api/v1")
        self.name = model
        self.endpoint = base_url.rstrip("/")
        self._api_key = api_key.get_secret_value() if api_key else ""
        self._provider = provider or provider_for(base_url)
        self._models = (model, *fallbacks)
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
        watch = _Watch(limits.seconds)
        failure = None
        try:
            async with watch.alarm:
                await self._converse(conversation, limits, reader, watch)
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
        self, conversation: Conversation, limits: CallLimits, reader: ReplyReader, watch: "_Watch"
    ) -> None:
        """Ask, and ask again without a field that the provider does not like. Each can be dropped only once."""
        adaptations = self._adaptations
        async with self._client(limits.seconds) as client:
            while True:
                request = chat_request(self._provider, self._models, conversation, limits, adaptations)
                if not request["stream"]:
                    watch.wait(limits.seconds)
                try:
                    async with aclosing(self._documents(client, request)) as documents:
                        await _read(documents, reader, watch)
                except _ErrorAnswered as error:
                    answer = error.answer
                    change = adaptation_for(answer.status, answer.complaint, request, adaptations)
                    if change is None or reader.text:
                        message = presentable(answer.message, self._api_key, [m.text for m in conversation])
                        # Not "from error": a chain of errors would show the provider's words as they came.
                        raise answer.failure(str(self), message, error.retry_after) from None
                else:
                    return
                adaptations |= {change}
                if is_lasting(change, answer.complaint):
                    self._adaptations |= {change}

    async def _documents(
        self, client: openai.AsyncOpenAI, request: dict[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any]]:
        """Each JSON document of the answer: many chunks, or one whole answer from servers that do not stream."""
        try:
            async with client.chat.completions.with_streaming_response.create(**request) as response:
                media_type = response.headers.get("content-type", "")
                if "html" in media_type:
                    advice = "answered with a web page: check that LLM_BASE_URL ends as the provider says, often in /v1"
                    raise ModelFailure(f"{self}: {advice}", Remedy.NEXT_PROVIDER, wait_seconds=ENDED_PROVIDER_REST)
                if "json" in media_type or not request["stream"]:
                    yield _checked(await response.json())
                    return
                # As plain JSON: the SDK's classes take three times as long as all else, and check nothing.
                async for chunk in await response.parse(to=openai.AsyncStream[object]):
                    yield _checked(chunk)
        except openai.APIStatusError as error:
            answer = ErrorAnswer.from_body(error.status_code, error.body)
            raise _ErrorAnswered(answer, seconds_of(error.response.headers, datetime.now(UTC))) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise self._connection_failure(error) from error
        except openai.APIError as error:
            raise _ErrorAnswered(ErrorAnswer.from_body(None, error.body or error.message)) from None
        except (ValueError, RecursionError) as error:
            raise ModelFailure(f"{self}: its answer is empty or is not JSON", Remedy.RETRY) from error

    def _connection_failure(self, error: Exception) -> ModelFailure:
        cause = error.__cause__ or error
        reason = type(cause).__name__
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            return ModelFailure(f"{self}: cannot be reached ({reason})", Remedy.RETRY, usage=Usage())
        remedy = Remedy.NEXT_MODEL if isinstance(cause, httpx2.TimeoutException) else Remedy.RETRY
        return ModelFailure(f"{self}: the connection broke ({reason})", remedy)

    def _client(self, seconds: float) -> openai.AsyncOpenAI:
        http_client = openai.DefaultAsyncHttpxClient(
            # How long the whole call may take is _Watch's business: these limits begin anew with every byte.
            timeout=httpx2.Timeout(seconds, connect=CONNECT_SECONDS),
            # A redirect would send the prompt to an address that the operator did not choose.
            follow_redirects=False,
            event_hooks={"response": [limit_size]},
            verify=_tls(),
        )
        # The SDK insists on a key, and looks for one in the environment when it is given none.
        key = self._api_key or "none"
        return openai.AsyncOpenAI(base_url=self.endpoint, api_key=key, max_retries=0, http_client=http_client)

    def _reply(self, reader: ReplyReader, watch: "_Watch") -> Reply:
        if not reader.text.strip() and reader.finish is not Finish.REFUSED:
            if reader.finish is Finish.LENGTH:
                message = "used up its output limit before it wrote any text"
                raise ModelFailure(f"{self}: {message}", Remedy.NEXT_MODEL, usage=reader.usage)
            raise ModelFailure(f"{self}: its answer is empty", Remedy.RETRY, usage=reader.usage)
        return Reply(
            text=reader.text,
            finish=reader.finish,
            asked=self.name,
            answered=reader.model or self.name,
            usage=reader.usage,
            seconds=watch.seconds,
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


class _ErrorAnswered(Exception):
    """The provider answered with an error; never leaves this module."""

    def __init__(self, answer: ErrorAnswer, retry_after: float | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.retry_after = retry_after


async def _read(documents: AsyncIterator[Mapping[str, Any]], reader: ReplyReader, watch: _Watch) -> None:
    async for document in documents:
        if reader.take(document):
            watch.heard(is_over=reader.finish_reason is not None)
        if reader.is_full:
            return


def _checked(document: object) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise ValueError("not a JSON object")  # noqa: TRY004 - to the caller it is as good as no JSON
    if document.get("error"):
        raise _ErrorAnswered(ErrorAnswer.from_body(None, document))
    return document


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than all else that a client does at its start."""
    return httpx2.create_ssl_context()
