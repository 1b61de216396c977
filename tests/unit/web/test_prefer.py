import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.web.prefer import Preferences, read_preferences
from tests.cases import cases

CASES = cases("prefer")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Preferences()),
        (["respond-async"], Preferences(respond_async=True)),
        (["wait=10"], Preferences(wait_seconds=10)),
        (["wait=0"], Preferences(wait_seconds=0)),
        (["Respond-Async, WAIT=5"], Preferences(respond_async=True, wait_seconds=5)),
        (["respond-async", "wait=5"], Preferences(respond_async=True, wait_seconds=5)),
        (['wait="7"'], Preferences(wait_seconds=7)),
        (["wait = 7 ; strict, return=minimal"], Preferences(wait_seconds=7)),
        (['foo="a, wait=3", wait=4'], Preferences(wait_seconds=4)),
        (["respond-async; foo=bar"], Preferences(respond_async=True)),
        (["respond-async="], Preferences(respond_async=True)),
        (['respond-async=""'], Preferences(respond_async=True)),
    ],
)
def test_preferences_are_read_as_rfc_7240_writes_them(headers: list[str], expected: Preferences) -> None:
    assert read_preferences(headers) == expected


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


@pytest.mark.parametrize(
    ("preferences", "seconds"),
    [
        (Preferences(), 600),
        (Preferences(respond_async=True), 0),
        (Preferences(wait_seconds=10), 10),
        (Preferences(wait_seconds=0), 0),
        (Preferences(respond_async=True, wait_seconds=10), 10),
    ],
)
def test_patience_is_the_callers_wish(preferences: Preferences, seconds: float) -> None:
    assert preferences.patience(default_seconds=600) == seconds


def test_nobody_waits_longer_than_the_service_grants_and_is_told_so() -> None:
    preferences = Preferences(wait_seconds=10_000).within(900.5)
    assert (preferences.patience(600), preferences.applied()) == (900, "wait=900")
    assert Preferences(respond_async=True).within(900) == Preferences(respond_async=True)


@pytest.mark.parametrize(
    ("preferences", "header"),
    [
        (Preferences(), ""),
        (Preferences(respond_async=True), "respond-async"),
        (Preferences(wait_seconds=3), "wait=3"),
        (Preferences(respond_async=True, wait_seconds=3), "respond-async, wait=3"),
    ],
)
def test_what_was_understood_is_echoed(preferences: Preferences, header: str) -> None:
    assert preferences.applied() == header
