"""One question to the Hub: in a thread, within its time, asked again when there was no answer."""

import asyncio
import difflib
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import TypeVar

from huggingface_hub import HfApi
from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from pipeline.domain.errors import HubError, HubRejected, SpaceMissing
from pipeline.domain.space import setting_key_problem, space_id_problem
from pipeline.ports import Clock
from pipeline.spaces.answers import FAILURES, holds, translate
from pipeline.spaces.client import SILENCE_SECONDS, CallLimit, Unanswered, use_limited_client, within

CALL_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
TRIES = 4
SPACES_LISTED = 100
NEAR_NAMES = 3

MOST_CALLS = 32  # at once; a Hub that hangs must not take the threads that everything else shares

T = TypeVar("T")

_backoff = wait_exponential_jitter(initial=1, max=8, jitter=1)


class HubCalls:
    """Asks on behalf of one token, and raises HubError and nothing else.

    Args:
        endpoint: the Hub's address.
        token: whose owner asks.
        clock: for the waits between two tries.
        patience_seconds: all waits of one call together; a 429 that asks for more is raised at once.
        silence_seconds: how long the Hub may be silent within a call.

    Attributes:
        api: to be used in a thread, within ``ask``.
    """

    def __init__(
        self,
        endpoint: str,
        token: SecretStr,
        clock: Clock,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        use_limited_client()
        self.api = HfApi(endpoint=endpoint, token=token.get_secret_value())
        self._token = token
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._silence_seconds = silence_seconds

    async def ask(
        self,
        doing: str,
        work: Callable[[], T],
        space_id: str | None = None,
        *,
        hidden: Collection[str] = (),
        seconds: float = CALL_SECONDS,
    ) -> T:
        """Do ``work`` in a thread; all of it again when the Hub gave no answer to a part of it.

        Args:
            doing: for the text of errors: ``reading the Space a/b``.
            work: blocks.
            space_id: that it is about; checked first.
            hidden: values that no error may show, besides the token.
            seconds: for one try.
        """
        if space_id is not None:
            check_id(space_id)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unanswered),
            wait=_wait,
            stop=self._is_enough,
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return await retrying(self._in_thread, work, seconds)
        except FAILURES as error:
            translated = self.translated(error, doing, hidden)
            if isinstance(translated, SpaceMissing) and space_id is not None:
                translated = await self._with_near_names(translated, space_id)
            # What the Hub said may repeat a secret, and a traceback would show it.
            raise translated from (None if holds(error, [*hidden, self._token.get_secret_value()]) else error)

    def translated(self, error: BaseException, doing: str, hidden: Collection[str] = ()) -> HubError:
        """What to raise instead of ``error``, without the token and without ``hidden``."""
        return translate(error, doing, [*hidden, self._token.get_secret_value()])

    async def _in_thread(self, work: Callable[[], T], seconds: float) -> T:
        limit = CallLimit(seconds, self._silence_seconds)
        try:
            # A thread can also hang where the limit does not reach: in a name server, on its way to the Hub.
            async with asyncio.timeout(seconds + self._silence_seconds):
                return await asyncio.get_running_loop().run_in_executor(_threads(), within, limit, work)
        except TimeoutError as error:
            raise Unanswered("the answer took too long") from error
        finally:
            limit.abandon()  # when the caller gave up: the thread ends at its next step

    def _is_enough(self, state: RetryCallState) -> bool:
        return bool(stop_after_attempt(TRIES)(state)) or state.idle_for + state.upcoming_sleep > self._patience_seconds

    async def _with_near_names(self, missing: SpaceMissing, space_id: str) -> SpaceMissing:
        """``missing`` with the names that may have been meant, when one more request tells them."""
        owner = space_id.partition("/")[0]

        def spaces_of_owner() -> list[str]:
            return [
                space.id for space in islice(self.api.list_spaces(author=owner, limit=SPACES_LISTED), SPACES_LISTED)
            ]

        try:
            names = await self._in_thread(spaces_of_owner, CALL_SECONDS)
        except FAILURES:
            return missing
        near = difflib.get_close_matches(space_id, names, NEAR_NAMES)
        return SpaceMissing(f"{missing}; there is {', '.join(near)}") if near else missing


def check_id(space_id: str) -> None:
    """Raises HubRejected, without the value, when ``space_id`` is no ``owner/name``."""
    if problem := space_id_problem(space_id):
        raise HubRejected(f"the Space's id {problem}")


def check_key(key: str) -> None:
    """Raises HubRejected, without the value, when ``key`` is no name of a secret or variable."""
    if problem := setting_key_problem(key):
        raise HubRejected(f"the name of a secret or variable {problem}")


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Unanswered) else None
    return (asked or 0.0) + _backoff(state)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_CALLS, "hub")
