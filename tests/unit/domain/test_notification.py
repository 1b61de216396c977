import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.brief import JobKey
from pipeline.domain.notification import NextStep, Notification, Schedule, next_step, retry_delay
from tests.builders import NOW, make_delivery, make_publication


def test_the_body_has_exactly_the_seven_fields_in_their_own_types() -> None:
    told = Notification.of(JobKey("a@b.c", "tâche", 2, "n"), make_publication())
    body = json.loads(told.body())
    assert list(body) == ["email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url"]
    assert body["round"] == 2
    assert body["task"] == "tâche"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_ends_it(status: int) -> None:
    assert next_step(status) is NextStep.DONE


@pytest.mark.parametrize("status", [None, 100, 301, 302, 304, 307, 400, 404, 408, 409, 425, 429, 500, 503, 599])
def test_what_may_heal_is_tried_again(status: int | None) -> None:
    assert next_step(status) is NextStep.RETRY


@pytest.mark.parametrize("status", [401, 402, 403, 405, 410, 413, 422, 451])
def test_a_refusal_stops_it(status: int) -> None:
    assert next_step(status) is NextStep.STOP


def test_waiting_doubles_from_one_second_to_a_minute() -> None:
    assert [retry_delay(failures) for failures in range(1, 10)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(1, 10_000), st.floats(0, 1e6))
def test_what_the_evaluator_asks_for_is_a_minimum(failures: int, retry_after: float) -> None:
    delay = retry_delay(failures, retry_after)
    assert delay >= retry_after
    assert delay >= retry_delay(failures)


@pytest.mark.parametrize(
    ("attempt", "at", "asked", "expected"),
    [
        (1, 0, None, 1),
        (5, 100, None, 116),
        (9, 540, None, 600),
        (9, 541, None, 1141),
        (2, 10, 300.0, 310),
        (2, 10, 591.0, 610),
        (2, 10, 900.0, 910),
        (9, 3000, None, 3600),
        (9, 3001, None, 3601),
        (9, 3002, None, None),
        (1, 0, 3601.0, 3601),
        (1, 0, 3602.0, None),
        (1, 0, 1e300, None),
    ],
)
def test_attempts_come_quickly_until_the_deadline_then_every_ten_minutes_until_it_is_given_up(
    attempt: int, at: float, asked: float | None, expected: float | None
) -> None:
    schedule = Schedule(NOW + timedelta(seconds=600), NOW + timedelta(seconds=3601))
    last = make_delivery(attempt=attempt, at=NOW + timedelta(seconds=at), seconds=0, status=500, retry_after=asked)
    assert schedule.next_attempt_at(last) == (None if expected is None else NOW + timedelta(seconds=expected))
