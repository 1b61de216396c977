import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.brief import JobKey
from pipeline.domain.notification import NextStep, Notification, next_step, retry_delay
from tests.builders import make_publication


def test_the_body_has_exactly_the_seven_fields_in_their_own_types() -> None:
    told = Notification.of(JobKey("a@b.c", "tâche", 2, "n"), make_publication())
    body = json.loads(told.body())
    assert list(body) == ["email", "task", "round", "nonce", "repo_url", "commit_sha", "pages_url"]
    assert body["round"] == 2
    assert body["task"] == "tâche"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_ends_it(status: int) -> None:
    assert next_step(status) is NextStep.DONE


@pytest.mark.parametrize("status", [None, 301, 302, 304, 307, 404, 408, 425, 429, 500, 502, 503, 504, 599, 100])
def test_what_may_heal_is_tried_again(status: int | None) -> None:
    assert next_step(status) is NextStep.RETRY


@pytest.mark.parametrize("status", [400, 401, 403, 405, 409, 410, 413, 422, 451])
def test_a_refusal_stops_it(status: int) -> None:
    assert next_step(status) is NextStep.STOP


def test_waiting_doubles_from_one_second_to_a_minute() -> None:
    assert [retry_delay(failures) for failures in range(1, 10)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(1, 10_000), st.floats(0, 1e6))
def test_what_the_evaluator_asks_for_is_a_minimum(failures: int, retry_after: float) -> None:
    delay = retry_delay(failures, retry_after)
    assert delay >= retry_after
    assert delay >= retry_delay(failures)
