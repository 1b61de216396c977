"""Takes a batch in: as it comes, a few lines in memory at a time, and nothing much before the secret is known."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http import HTTPStatus
from secrets import compare_digest
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from pipeline.domain.batch import Batch, NewLine
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.shapes.batches import JSON_LINES, LineSplitter, RawLine, new_line, read_lines
from pipeline.shapes.deploy_request import RequestRules
from pipeline.web.auth import Caller
from pipeline.web.dependencies import Services

MAX_KEY = 200
BATCH_SECONDS = 600
LINES_AT_ONCE = 200
BYTES_AT_ONCE = 1024 * 1024
MOST_HELD = 100  # lines without a secret before the first that has one
_MEDIA_TYPES = {"", JSON_LINES, "application/x-ndjson", "application/ndjson", "application/x-jsonlines"}

Read = tuple[int, dict[str, Any] | FieldProblem]


def require_json_lines(headers: Headers) -> None:
    """Let JSON Lines pass, and no content type at all; HTTPException 415 for others."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in _MEDIA_TYPES:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send JSON Lines: Content-Type: {JSON_LINES}")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON Lines as they are, without Content-Encoding")


class BatchIntake:
    """Reads one batch from the request that brings it."""

    def __init__(self, services: Services, rules: RequestRules, admit: Callable[[bytes], Awaitable[Caller]]) -> None:
        self._batches = services.batches
        self._most_lines = services.settings.max_batch_lines
        self._most_bytes = services.settings.max_request_bytes  # of a line
        self._rules = rules
        self._admit = admit
        self._caller: Caller | None = None
        self._secret: bytes | None = None  # that each line must have; None: that of the header is enough
        self._batch_id: str | None = None  # once there is something to keep
        self._held: list[Read] = []
        self._lines = 0

    async def take_in(self, request: Request, caller: Caller | None, key: str | None) -> Batch:
        """Make every line durable, and let the batch run; or find the one that is the same by its ``key`` or its body.

        ``caller`` is who the request's header names, if anybody.

        Raises:
            HTTPException: 403 or 429 without a right secret, 408 when it takes too long, 413 for too many lines.
            InvalidInput: it is empty.
            KeyReused: the ``key`` came with another body.
        """
        self._caller, sealed = caller, None
        try:
            digest = await self._read(request)
            if self._caller is None or self._batch_id is None:
                raise InvalidInput(FieldProblem("body", "is empty: each line is a request of POST /api-deploy"))
            owner = self._caller.email
            sealed = await self._batches.seal(self._batch_id, owner, key or f"sha256 {digest}", digest)
        finally:
            if self._batch_id and sealed is None:
                await self._batches.discard(self._batch_id)
        return await self._batches.get(sealed)

    async def _read(self, request: Request) -> str:
        """Keep all lines; the SHA-256 of the body."""
        splitter, digest = LineSplitter(self._most_bytes), sha256()
        waiting: list[RawLine] = []
        size = size_read = 0
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                async for piece in request.stream():
                    digest.update(piece)
                    size_read += len(piece)
                    for line in splitter.feed(piece):
                        waiting.append(line)
                        size += len(line[1] or b"")
                        if len(waiting) >= LINES_AT_ONCE or size >= BYTES_AT_ONCE or self._caller is None:
                            await self._take(waiting)
                            waiting, size = [], 0
                    if self._caller is None and size_read > self._most_bytes:
                        await self._admit(b"")
        except TimeoutError as error:
            text, close = "the batch did not arrive in time", {"Connection": "close"}
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, text, close) from error
        await self._take([*waiting, *splitter.end()])
        if self._caller is None:
            await self._admit(b"")
        return digest.hexdigest()

    async def _take(self, lines: list[RawLine]) -> None:
        self._lines += len(lines)
        if self._lines > self._most_lines:
            text = f"the batch has more than {self._most_lines} lines (MAX_BATCH_LINES): send it in parts"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
        read = [*self._held, *await asyncio.to_thread(read_lines, lines, self._most_bytes)]
        self._held = []
        if self._caller is None and not await self._find_secret(read):
            self._held = read
            if len(read) > MOST_HELD:
                await self._admit(b"")
            return
        if not read:
            return
        self._batch_id = self._batch_id or await self._batches.begin()
        await self._batches.add(self._batch_id, await asyncio.to_thread(self._judged, read))

    async def _find_secret(self, read: list[Read]) -> bool:
        for _, document in read:
            if isinstance(document, dict) and isinstance(secret := document.get("secret"), str):
                self._secret = secret.encode()
                self._caller = await self._admit(self._secret)
                return True
        return False

    def _judged(self, read: list[Read]) -> list[NewLine]:
        return [self._line(number, document) for number, document in read]

    def _line(self, number: int, document: dict[str, Any] | FieldProblem) -> NewLine:
        if isinstance(document, dict) and self._secret is not None:
            secret = document.get("secret")
            if not isinstance(secret, str) or not compare_digest(secret.encode(), self._secret):
                return NewLine(number, None, (FieldProblem("secret", "is not the one that the batch came with"),))
        line = new_line(number, document, self._rules)
        if line.brief and self._caller and not self._caller.may_see(line.brief.email):
            return NewLine(number, None, (FieldProblem("email", "is not that of the owner whose secret this is"),))
        return line
