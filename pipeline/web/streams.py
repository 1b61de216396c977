"""How many event streams may be open at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.domain.errors import Busy

MAX_STREAMS = 256
MAX_STREAMS_PER_CALLER = 32
RETRY_AFTER_SECONDS = 10


class Streams:
    """Counts open streams, per caller and in total. Used from one event loop."""

    def __init__(self, most: int = MAX_STREAMS, most_per_caller: int = MAX_STREAMS_PER_CALLER) -> None:
        self._most = most
        self._most_per_caller = most_per_caller
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Hold one place while the stream lasts. Raises Busy when there is none left."""
        if self._open[caller] >= self._most_per_caller or self._open.total() >= self._most:
            raise Busy("too many event streams are open", retry_after_seconds=RETRY_AFTER_SECONDS)
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]  # callers come and go; what they leave must not add up
