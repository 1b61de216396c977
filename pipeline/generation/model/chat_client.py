"""The conversation with a provider, by its documents. The only module that knows the OpenAI SDK."""

import functools
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Self

import httpx2
import openai

from pipeline.domain.generation import Usage
from pipeline.domain.retry import seconds_of
from pipeline.generation.model.failure import ENDED_PROVIDER_REST, ErrorAnswer, ErrorAnswered, ModelFailure, Remedy
from pipeline.generation.model.size_limit import limit_size

CONNECT_SECONDS = 5.0


class ChatClient:
    """A client for one call, within an ``async with`` block.

    Args:
        name: of the model, for the text of errors.
        endpoint: what stands before ``/chat/completions``.
        api_key: empty for servers that want none.
        seconds: that any part of the call may take.
    """

    def __init__(self, name: str, endpoint: str, api_key: str, seconds: float) -> None:
        self._name = name
        http_client = openai.DefaultAsyncHttpxClient(
            # How long the whole call may take is the caller's business: these limits begin anew with every byte.
            timeout=httpx2.Timeout(seconds, connect=CONNECT_SECONDS),
            # A redirect would send the prompt to an address that the operator did not choose.
            follow_redirects=False,
            event_hooks={"response": [limit_size]},
            verify=_tls(),
        )
        # The SDK insists on a key, and looks for one in the environment when it is given none.
        key = api_key or "none"
        self._client = openai.AsyncOpenAI(base_url=endpoint, api_key=key, max_retries=0, http_client=http_client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def documents(self, request: dict[str, Any]) -> AsyncGenerator[Mapping[str, Any]]:
        """Each JSON document of the answer: many chunks, or one whole answer from servers that do not stream.

        Raises:
            ErrorAnswered: the provider answered with an error.
            ModelFailure: it gave no answer, or none that can be read.
        """
        has_answered = False
        try:
            async with self._client.chat.completions.with_streaming_response.create(**request) as response:
                has_answered = True
                media_type = response.headers.get("content-type", "")
                if "html" in media_type:
                    advice = "answered with a web page: check that LLM_BASE_URL ends as the provider says, often in /v1"
                    raise ModelFailure(
                        f"{self._name}: {advice}", Remedy.NEXT_PROVIDER, wait_seconds=ENDED_PROVIDER_REST
                    )
                if "json" in media_type or not request["stream"]:
                    yield _checked(await response.json())
                    return
                # As plain JSON: the SDK's classes take three times as long as all else, check nothing, and take an
                # event without data for the end.
                async for data in _data_of(response.iter_bytes()):
                    yield _checked(json.loads(data))
        except openai.APIStatusError as error:
            answer = ErrorAnswer.from_body(error.status_code, error.body)
            wait = seconds_of(error.response.headers, datetime.now(UTC))
            raise ErrorAnswered(answer, answer.retry_after if wait is None else wait) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise self._connection_failure(error, has_answered) from error
        except openai.APIError as error:
            raise ErrorAnswered(ErrorAnswer.from_body(None, error.body or error.message)) from None
        except (ValueError, RecursionError) as error:
            raise ModelFailure(f"{self._name}: its answer is empty or is not JSON", Remedy.RETRY) from error

    def _connection_failure(self, error: Exception, has_answered: bool) -> ModelFailure:
        cause = error.__cause__ or error
        reason = type(cause).__name__
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            return ModelFailure(f"{self._name}: cannot be reached ({reason})", Remedy.RETRY, usage=Usage())
        remedy = Remedy.NEXT_MODEL if isinstance(cause, httpx2.TimeoutException) else Remedy.RETRY
        # A server that hangs up without a word is away as well: so does a proxy before one that is.
        usage = Usage(calls=1) if has_answered or remedy is Remedy.NEXT_MODEL else Usage()
        return ModelFailure(f"{self._name}: the connection broke ({reason})", remedy, usage=usage)


async def _data_of(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The data of server-sent events, up to ``[DONE]``; comments, pings and what else is no JSON are passed over.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    data: list[bytes] = []
    async for line in _lines_of(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            event = b"\n".join(data)
            data = []
            if event == b"[DONE]":
                return
            if event.startswith((b"{", b"[")):
                yield event


async def _lines_of(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Lines without their ends; an empty one at the end, so that the last event counts without it."""
    begun: list[bytes] = []
    async for piece in pieces:
        first, *others = piece.split(b"\n")
        begun.append(first)
        for other in others:
            yield b"".join(begun).rstrip(b"\r").removeprefix(b"\xef\xbb\xbf")
            begun = [other]
    yield b"".join(begun)
    yield b""


def _checked(document: object) -> Mapping[str, Any]:
    if isinstance(document, list) and document and isinstance(document[0], Mapping):
        document = document[0]
    if not isinstance(document, Mapping):
        raise ValueError("not a JSON object")  # noqa: TRY004 - to the caller it is as good as no JSON
    if document.get("error"):
        raise ErrorAnswered(ErrorAnswer.from_body(None, document))
    choices = document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, Mapping) and choice.get("error"):
        raise ErrorAnswered(ErrorAnswer.from_body(None, choice))
    return document


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than all else that a client does at its start."""
    return httpx2.create_ssl_context()
