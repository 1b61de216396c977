"""Keeps one answer from filling the memory: the OpenAI SDK reads error answers and single lines whole."""

from collections.abc import AsyncIterator

import httpx2

MAX_ANSWER_BYTES = 64 * 1024 * 1024  # a stream wraps every few letters in some 300 bytes of JSON


async def limit_size(response: httpx2.Response) -> None:
    """Response hook for an asynchronous client: reading raises ReadError beyond ``MAX_ANSWER_BYTES``."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _SizeLimit(response.stream)


class _SizeLimit(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise httpx2.ReadError("the answer is too large")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
