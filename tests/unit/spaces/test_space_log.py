"""From a blocking reader to an async iterator, without loss and without leftovers."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from pipeline.domain.errors import HubUnreachable
from pipeline.spaces import space_log
from pipeline.spaces.client import Unanswered
from pipeline.spaces.space_log import LINES_AHEAD, log_lines


def unreachable(error: BaseException) -> HubUnreachable:
    return HubUnreachable(str(error))


def reader_threads() -> int:
    return sum(thread.name == "space-log" for thread in threading.enumerate())


async def test_every_line_comes_in_order_however_slow_the_consumer_is() -> None:
    count = 3 * LINES_AHEAD
    seen = []
    async for line in log_lines(lambda: (f"{number}\n" for number in range(count)), unreachable, None):
        seen.append(int(line.text))
        if len(seen) % 100 == 0:
            await asyncio.sleep(0)
    assert seen == list(range(count))


async def test_a_reader_never_gets_far_ahead_of_its_consumer() -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "line\n"

    async with aclosing(log_lines(endless, unreachable, None)) as lines:
        await anext(lines)
        while read < LINES_AHEAD:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert read <= LINES_AHEAD + 3
    while reader_threads():
        await asyncio.sleep(0.05)


async def test_a_log_beyond_all_bounds_ends_with_a_word_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space_log, "MOST_LINES", 10)
    lines = [line.text async for line in log_lines(lambda: ["a\nb\n"] * 50, unreachable, None)]
    assert len(lines) == 11
    assert "longer than 10 lines" in lines[-1]


async def test_what_breaks_comes_after_the_lines_before_it() -> None:
    def breaking() -> Iterator[str]:
        yield "one\n"
        raise Unanswered("the connection broke")

    lines = log_lines(breaking, unreachable, None)
    assert (await anext(lines)).text == "one"
    with pytest.raises(HubUnreachable, match="broke"):
        await anext(lines)
