from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.web.prefer import Preferences, read_preferences
from tests.cases import cases

CASES = cases("prefer")


@pytest.mark.parametrize(("headers", "fields"), CASES["read"])
def test_preferences_are_read_as_rfc_7240_writes_them(headers: list[str], fields: dict[str, Any]) -> None:
    assert read_preferences(headers) == Preferences(**fields)


@pytest.mark.parametrize("header", ["wait=5, wait=10", "wait=5, WAIT=x"])
def test_the_first_of_two_equal_preferences_counts(header: str) -> None:
    assert read_preferences([header]).wait_seconds == 5


@pytest.mark.parametrize("header", [*CASES["garbage"], "wait=" + "9" * 400])
def test_garbage_is_ignored(header: str) -> None:
    assert read_preferences([header]) == Preferences()


@given(st.lists(st.text(max_size=200), max_size=5))
def test_no_header_breaks_the_reading(headers: list[str]) -> None:
    preferences = read_preferences(headers)
    assert preferences.wait_seconds is None or 0 <= preferences.wait_seconds < 10**9


@pytest.mark.parametrize(("fields", "seconds"), CASES["patience"])
def test_patience_is_the_callers_wish(fields: dict[str, Any], seconds: float) -> None:
    assert Preferences(**fields).patience(default_seconds=600) == seconds


def test_nobody_waits_longer_than_the_service_grants_and_is_told_so() -> None:
    preferences = Preferences(wait_seconds=10_000).within(900.5)
    assert (preferences.patience(600), preferences.applied()) == (900, "wait=900")
    assert Preferences(respond_async=True).within(900) == Preferences(respond_async=True)


@pytest.mark.parametrize(("fields", "header"), CASES["echo"])
def test_what_was_understood_is_echoed(fields: dict[str, Any], header: str) -> None:
    assert Preferences(**fields).applied() == header
