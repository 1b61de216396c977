"""The connection to the Hub: what a call may take, and which answers count as none.

huggingface_hub has one client for the whole process, waits for an answer without a limit, and sleeps as long as a 429
or 503 asks it to. So it is given a client of ours, in which every call has its limit, and answers that ask for
patience are raised past the library's loops: whoever made the call decides on patience.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx2
import huggingface_hub
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented there, but not exported in a typed way
    disable_progress_bars,
    parse_ratelimit_headers,
)

from pipeline.domain.retry import is_passing, seconds_of

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 20.0
LONGEST_ANSWER = 64 * 1024 * 1024

# The Hub creates one repository of an owner at a time; the library would ask again at once, for ever.
_ANOTHER_CREATION = "another conflicting operation is in progress"

T = TypeVar("T")


class Unanswered(Exception):
    """The Hub gave no answer to what was asked: silence, a broken answer, a 5xx, or a plea for patience.

    Attributes:
        status: of HTTP; None when there was no answer at all.
        retry_after: seconds that the Hub asked for, or None.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class CallLimit:
    """What one call may take, and whether anybody still waits for it.

    Args:
        seconds: for all its requests together; None = no end, for logs that are followed.
        silence_seconds: between two pieces of an answer.
    """

    def __init__(self, seconds: float | None = None, silence_seconds: float = SILENCE_SECONDS) -> None:
        self.silence_seconds = silence_seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._is_abandoned = threading.Event()

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits any more."""
        return self._is_abandoned.is_set()

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def abandon(self) -> None:
        """Nobody waits any more: let the call end at its next request or piece of an answer."""
        self._is_abandoned.set()

    def check(self) -> None:
        """Raises Unanswered when the call has to end."""
        if self.is_abandoned:
            raise Unanswered("nobody waits for the answer any more")
        if self.is_over:
            raise Unanswered("the answer took too long")


_limit: ContextVar[CallLimit | None] = ContextVar("hub_call_limit", default=None)
_setting_up = threading.Lock()


def within(limit: CallLimit, work: Callable[[], T]) -> T:
    """Do ``work``, whose requests to the Hub share ``limit``. Blocks: for a thread of its own."""
    token = _limit.set(limit)
    try:
        return work()
    except RuntimeError as error:  # so the library wraps what broke in its upload threads
        raise error.__cause__ if isinstance(error.__cause__, Unanswered) else error from None
    finally:
        _limit.reset(token)


def use_limited_client() -> None:
    """Make huggingface_hub use our client, and keep it quiet: no progress bars, no telemetry, no warnings.

    Without the request hook of the library's own client, HF_DEBUG logs no bodies with the secrets of Spaces in them.

    Binary files go by plain LFS: Xet's own client knows no limits and reports every failure as the same
    ConnectionError. The apps are small, so that its chunks would save nothing.
    """
    with _setting_up:
        constants = huggingface_hub.constants
        if constants.HF_HUB_DISABLE_XET and huggingface_hub.get_session().__class__ is _LimitedClient:
            return
        constants.HF_HUB_DISABLE_XET = True
        constants.HF_HUB_DISABLE_TELEMETRY = True
        disable_progress_bars()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        huggingface_hub.set_client_factory(
            lambda: _LimitedClient(
                follow_redirects=True, timeout=httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
            )
        )


class _LimitedClient(httpx2.Client):
    """Holds every request to the limit of the call that it is part of."""

    def request(self, method: str, url: httpx2.URL | str, **options: Any) -> httpx2.Response:
        # The library hands over the bytes of large files by a name that httpx2 is giving up for them.
        if not isinstance(options.get("data"), Mapping | None):
            options["content"] = options.pop("data")
        return super().request(method, url, **options)

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        limit = _limit.get() or CallLimit()
        limit.check()
        asked = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {
            "connect": CONNECT_SECONDS,
            "pool": CONNECT_SECONDS,
            "read": min(asked.get("read") or limit.silence_seconds, limit.silence_seconds),
            "write": limit.silence_seconds,
        }
        try:
            response = super().send(request, stream=True, **options)
            response.stream = _LimitedBody(response.stream, limit)
            if not stream or response.is_error:
                _read(response)
        except httpx2.TransportError as error:
            raise Unanswered(_words(error)) from error
        _raise_if_passing(response)
        return response


class _LimitedBody(httpx2.SyncByteStream):
    """An answer that is looked at, piece by piece, for time and size."""

    def __init__(self, body: Any, limit: CallLimit) -> None:
        self._body = body
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._body:
            self._limit.check()
            size += len(piece)
            if size > LONGEST_ANSWER:
                raise Unanswered(f"the answer is longer than {LONGEST_ANSWER // 1024 // 1024} MiB")
            yield piece

    def close(self) -> None:
        self._body.close()


def _read(response: httpx2.Response) -> None:
    try:
        response.read()
    finally:
        response.close()


def _words(error: httpx2.TransportError) -> str:
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return "it cannot be reached"
    if isinstance(error, httpx2.TimeoutException):
        return "it did not answer in time"
    return "the connection broke"


def _raise_if_passing(response: httpx2.Response) -> None:
    status = response.status_code
    is_busy = status == HTTPStatus.CONFLICT and _ANOTHER_CREATION in response.text
    if is_busy or is_passing(status):
        raise Unanswered(f"it answered HTTP {status}", status, _retry_after(response.headers))


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds by the ``RateLimit`` header (IETF draft), else by ``Retry-After`` (RFC 9110, 10.2.3)."""
    quota = parse_ratelimit_headers(headers)
    if quota and quota.remaining == 0:
        return float(quota.reset_in_seconds)
    return seconds_of(headers, datetime.now(UTC))
