"""JSON Lines in pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.shapes.batches import LineSplitter

CONTENT = b'{"a": 1}\n\n  \n{"b": 2}\r\n123456789\n{"c": 3}'


@given(st.lists(st.integers(0, len(CONTENT)), max_size=6))
def test_lines_are_the_same_however_they_come(cuts: list[int]) -> None:
    splitter = LineSplitter(8 + len(b"\r"))
    edges = [0, *sorted(cuts), len(CONTENT)]
    pieces = [CONTENT[start:end] for start, end in pairwise(edges)]
    lines = [line for piece in pieces for line in splitter.feed(piece)] + list(splitter.end())
    assert [(number, line and line.strip()) for number, line in lines] == [
        (1, b'{"a": 1}'),
        (4, b'{"b": 2}'),
        (5, b"123456789"),
        (6, b'{"c": 3}'),
    ]


def test_a_line_that_is_too_long_is_not_held() -> None:
    splitter = LineSplitter(10)
    for _ in range(1_000):
        assert list(splitter.feed(b"x" * 1_000)) == []
        assert len(splitter._begun) == 0  # noqa: SLF001 - memory is what this is about
    assert list(splitter.feed(b"\nshort\n")) == [(1, None), (2, b"short")]
