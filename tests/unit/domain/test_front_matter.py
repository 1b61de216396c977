"""Heads and bodies of texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.front_matter import split_front_matter
from tests.cases import cases

CASES = cases("front-matter")


@pytest.mark.parametrize(("text", "head", "body"), CASES["split"])
def test_a_block_at_the_head_is_split_from_the_rest(text: str, head: str, body: str) -> None:
    assert split_front_matter(text) == (head, body)


@pytest.mark.parametrize("text", CASES["none"])
def test_a_text_without_one_is_body_alone(text: str) -> None:
    assert split_front_matter(text) == (None, text)


def test_the_fence_may_be_another() -> None:
    assert split_front_matter('+++\nid = "x"\n+++\nBody', "+++") == ('id = "x"\n', "Body")


def test_a_long_text_that_is_never_closed_takes_no_time() -> None:
    text = "---\r\n" + "a: b\r\n" * 200_000
    assert split_front_matter(text) == (None, text)


@given(st.text(alphabet="ab:-\r\n \t"), st.text(alphabet="ab:-\r\n \t"))
def test_nothing_is_lost(head: str, body: str) -> None:
    text = f"---\n{head}\n---\n{body}"
    found, rest = split_front_matter(text)
    assert found is not None
    assert text.endswith(rest)
    assert text.removesuffix(rest).rstrip("-\r\n \t").endswith(found.rstrip("-\r\n \t"))
