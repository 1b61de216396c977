"""A log that is read to its end, or let go before it."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from pipeline.domain.errors import NotPermitted
from pipeline.domain.space import LogLine
from pipeline.web.streams import OpenedStream


class Source:
    """Lines of a made-up Hub.

    Attributes:
        is_open: whether somebody still reads.
    """

    def __init__(self, *texts: str, ends: bool = True) -> None:
        self.is_open = True
        self._texts = texts
        self._ends = ends

    async def lines(self) -> AsyncGenerator[LogLine, None]:
        try:
            for text in self._texts:
                yield LogLine(text)
            if not self._ends:
                await asyncio.Event().wait()
        finally:
            self.is_open = False


async def test_every_line_is_read_once() -> None:
    log = OpenedStream(Source("a", "", "b").lines())
    await log.wait_for_first(10)
    assert [line.text async for line in log.read(10)] == ["a", "", "b"]
    await log.close()


async def test_a_log_without_lines_is_not_waited_for() -> None:
    source = Source(ends=False)
    log = OpenedStream(source.lines())
    await log.wait_for_first(0)
    assert [line async for line in log.read(0.01)] == []
    await log.close()
    assert not source.is_open


@pytest.mark.parametrize("texts", [(), ("a", "b")])
async def test_closing_lets_go_of_the_hub_before_the_end(texts: tuple[str, ...]) -> None:
    source = Source(*texts, ends=False)
    log = OpenedStream(source.lines())
    await log.wait_for_first(0.01)
    await log.close()
    assert not source.is_open


async def test_a_refusal_is_told_at_the_first_line() -> None:
    async def refused() -> AsyncGenerator[LogLine, None]:
        raise NotPermitted("not yours")
        yield LogLine("never")

    log = OpenedStream(refused())
    with pytest.raises(NotPermitted):
        await log.wait_for_first(10)
    await log.close()
