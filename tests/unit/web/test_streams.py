from contextlib import ExitStack

import pytest

from pipeline.domain.errors import Busy
from pipeline.web.streams import Streams


def test_one_caller_cannot_take_all_places() -> None:
    streams = Streams(most=10, most_per_caller=2)
    with ExitStack() as held:
        held.enter_context(streams.place("ada"))
        held.enter_context(streams.place("ada"))
        with pytest.raises(Busy), streams.place("ada"):
            pass
        with streams.place("bob"):
            pass


def test_there_is_a_limit_for_all_callers_together() -> None:
    streams = Streams(most=2, most_per_caller=2)
    with streams.place("ada"), streams.place("bob"), pytest.raises(Busy), streams.place("eve"):
        pass


def test_a_place_is_free_again_when_its_stream_ends_however_it_ends() -> None:
    streams = Streams(most=1, most_per_caller=1)
    for _ in range(3):
        with pytest.raises(ConnectionError), streams.place("ada"):
            raise ConnectionError
    with streams.place("ada"):
        pass
