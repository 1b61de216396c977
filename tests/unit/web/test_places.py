"""Places for what may be under way at once."""

from contextlib import ExitStack

import pytest
from starlette.requests import Request

from pipeline.domain.errors import Busy
from pipeline.web.dependencies import from_address
from pipeline.web.places import Places


@pytest.mark.parametrize(
    ("taken", "next_one", "is_free"),
    [
        (["ada"], "ada", True),
        (["ada", "ada"], "ada", False),
        (["ada", "ada"], "bob", True),
        (["ada", "ada", "bob", "bob", "eve", "eve", "sam", "sam"], "kim", False),
        (["a guest"], "a guest", True),
        (["a guest", "b guest"], "c guest", False),
        (["a guest", "b guest"], "ada", True),
    ],
)
def test_there_is_a_limit_for_one_caller_for_all_and_for_guests(
    taken: list[str], next_one: str, *, is_free: bool
) -> None:
    places = Places("too many event streams are open", most=8, most_per_caller=2)
    with ExitStack() as held:
        for caller in taken:
            held.enter_context(places.take(caller, is_guest="guest" in caller))
        try:
            held.enter_context(places.take(next_one, is_guest="guest" in next_one))
        except Busy:
            assert not is_free
        else:
            assert is_free


@pytest.mark.parametrize("is_guest", [True, False])
def test_a_place_is_free_again_however_what_took_it_ends(*, is_guest: bool) -> None:
    places = Places("too many event streams are open", most=4, most_per_caller=1)
    for _ in range(3):
        with pytest.raises(ConnectionError), places.take("ada", is_guest=is_guest):
            raise ConnectionError
    with places.take("ada", is_guest=is_guest):
        pass


def test_callers_with_one_secret_are_told_apart_by_their_addresses() -> None:
    def at(address: str) -> str:
        return from_address("operator", Request({"type": "http", "client": (address, 1)}))

    assert at("192.0.2.1") != at("192.0.2.2")
    assert at("2001:db8::1") == at("2001:db8::2")
