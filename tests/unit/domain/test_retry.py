"""When servers want to be asked again, and which answers pass."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.retry import is_passing, seconds_asked_for, seconds_of
from tests.builders import NOW
from tests.cases import cases

CASES = cases("retry-after")


@pytest.mark.parametrize(("value", "seconds"), CASES["understood"])
def test_seconds_and_dates_are_understood(value: str, seconds: float) -> None:
    assert datetime(2026, 3, 1, 12, tzinfo=UTC) == NOW
    assert seconds_asked_for(value, NOW) == seconds


@pytest.mark.parametrize("value", [*CASES["absent"], None, "9" * 400, "9" * 5000])
def test_what_is_neither_counts_as_absent(value: str | None) -> None:
    assert seconds_asked_for(value, NOW) is None


@given(st.text())
def test_no_text_breaks_it_or_leads_into_the_past(value: str) -> None:
    seconds = seconds_asked_for(value, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(("headers", "seconds"), [*CASES["headers"], ({}, None)])
def test_milliseconds_go_first_where_they_are_sent(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_of(headers, NOW) == seconds


def test_answers_that_pass_are_told_from_those_that_stay() -> None:
    assert [status for status in range(200, 600) if is_passing(status)] == [408, 425, 429, *range(500, 600)]
