"""How many of something may be under way at once: of one caller, of guests, and of all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.domain.errors import Busy

MAX_STREAMS = 256
MAX_STREAMS_PER_CALLER = 32
GUESTS_SHARE = 4
"""Whoever brings a Hub token of its own is a guest: anybody can have one. All of them get one part in so many."""

RETRY_AFTER_SECONDS = 10


class Places:
    """Used from one event loop."""

    def __init__(
        self, busy: str, most: int, most_per_caller: int, retry_after_seconds: int = RETRY_AFTER_SECONDS
    ) -> None:
        """``busy`` is said when there is none left, and when to come again."""
        self._busy = busy
        self._retry_after_seconds = retry_after_seconds
        self._most = most
        self._most_per_caller = most_per_caller
        self._taken: Counter[str] = Counter()
        self._guests = 0

    @contextmanager
    def take(self, caller: str, *, is_guest: bool = False) -> Iterator[None]:
        """Hold one while it lasts. Raises Busy when there is none left."""
        is_full = self._taken[caller] >= self._most_per_caller or self._taken.total() >= self._most
        if is_full or (is_guest and self._guests >= self._most // GUESTS_SHARE):
            raise Busy(self._busy, retry_after_seconds=self._retry_after_seconds)
        self._taken[caller] += 1
        self._guests += is_guest
        try:
            yield
        finally:
            self._guests -= is_guest
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]  # callers come and go; what they leave must not add up


def streams() -> Places:
    """For event streams."""
    return Places("too many event streams are open", MAX_STREAMS, MAX_STREAMS_PER_CALLER)
