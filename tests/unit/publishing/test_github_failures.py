"""What GitHub's errors are taken for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from github import GithubException
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import PublishFailed
from pipeline.publishing.github_pages.failures import judged, message_of
from pipeline.publishing.github_pages.patience import TryAgain

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def error(status: int, message: str = "", **headers: str) -> GithubException:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return GithubException(status, {"message": message}, {"date": format_datetime(NOW, usegmt=True), **sent})


def try_again(failure: PublishFailed | TryAgain) -> TryAgain:
    assert isinstance(failure, TryAgain)
    return failure


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 599])
def test_passing_faults_are_tried_again_with_a_look_first(status: int) -> None:
    assert try_again(judged(error(status), "x")).is_lost


@pytest.mark.parametrize("status", [400, 404, 409, 410, 415, 422, 451])
def test_refusals_are_final_and_in_githubs_words(status: int) -> None:
    failure = judged(error(status, "no such thing"), "do it")
    assert isinstance(failure, PublishFailed)
    assert str(failure) == "GitHub refused to do it: no such thing"


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("soon", 60),
    ],
)
def test_retry_after_is_the_least_to_wait(status: int, after: str, seconds: float) -> None:
    assert try_again(judged(error(status, retry_after=after), "x")).minimum_seconds == seconds


def test_a_used_up_hour_is_waited_for_by_githubs_own_clock() -> None:
    reset = str(int((NOW + timedelta(minutes=5)).timestamp()))
    limit = try_again(judged(error(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset), "x"))
    assert limit.minimum_seconds == 300
    assert "until 12:05 UTC, in 5 minutes" in str(limit.failure)


@pytest.mark.parametrize("reset", ["", "soon", "1e400", "nan", "9" * 30])
def test_a_used_up_hour_without_a_usable_end_is_a_limit_without_a_time(reset: str) -> None:
    assert try_again(judged(error(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset), "x")).is_limit


@pytest.mark.parametrize("date", ["Sun, 01 Mar 2026 12:01:30 -0000", "Sun, 01 Mar 2026 12:01:30 +0000"])
def test_dates_are_read_with_and_without_a_zone(date: str) -> None:
    assert try_again(judged(error(429, retry_after=date), "x")).minimum_seconds == 90
    answered = error(429, retry_after="Sun, 01 Mar 2026 12:02:30 GMT", date=date)
    assert try_again(judged(answered, "x")).minimum_seconds == 60


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "You have exceeded a secondary rate limit."),
        (403, "You have triggered an abuse detection mechanism. Please wait a few minutes."),
        (429, ""),
        (429, "Slow down"),
    ],
)
def test_a_limit_without_a_time_is_known_by_its_words_or_status(status: int, message: str) -> None:
    assert try_again(judged(error(status, message), "x")).is_limit


def test_a_missing_permission_is_named() -> None:
    failure = judged(
        error(403, "Resource not accessible", x_accepted_github_permissions="pages=write,administration=write; x=read"),
        "turn on Pages",
    )
    assert str(failure) == (
        "GitHub does not let this token turn on Pages, which needs the permission pages=write and "
        "administration=write or x=read: Resource not accessible"
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["message", "errors", "x"]), inner),
        max_leaves=10,
    )
)
def test_a_message_is_one_short_printable_line_whatever_the_answer(document: object) -> None:
    message = message_of(document)
    assert len(message) <= 300
    assert message.isprintable()


def test_a_message_has_its_details() -> None:
    document = {"message": "Failed.", "errors": [{"message": "name exists"}, "odd", {"field": "x"}]}
    assert message_of(document) == "Failed.: name exists: odd"
