"""What a call to the Hub may take."""

import huggingface_hub
import pytest

from pipeline.spaces.client import CallLimit, Unanswered, use_limited_client, within

NOBODY = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def _limited() -> None:
    use_limited_client()


def ask() -> int:
    return huggingface_hub.get_session().get(NOBODY).status_code


def test_a_call_that_nobody_waits_for_makes_no_request() -> None:
    limit = CallLimit(60)
    limit.abandon()
    with pytest.raises(Unanswered, match="nobody waits"):
        within(limit, ask)


def test_a_call_whose_time_is_up_makes_no_request() -> None:
    with pytest.raises(Unanswered, match="too long"):
        within(CallLimit(-1), ask)


def test_a_limit_holds_for_its_call_alone() -> None:
    with pytest.raises(Unanswered, match="too long"):
        within(CallLimit(-1), ask)
    with pytest.raises(Unanswered, match="cannot be reached"):
        within(CallLimit(60), ask)
    with pytest.raises(Unanswered, match="cannot be reached"):
        ask()


def test_the_client_is_put_in_place_once() -> None:
    client = huggingface_hub.get_session()
    use_limited_client()
    assert huggingface_hub.get_session() is client
