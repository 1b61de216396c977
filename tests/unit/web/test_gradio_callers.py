"""Who is calling, by the two headers that Gradio's clients send."""

import pytest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from pipeline.domain.errors import HubTokenRefused, NotPermitted
from pipeline.web.auth import Caller, Credentials, Gate
from pipeline.web.gradio.callers import GradioCaller, identify
from pipeline.web.hub_access import REFUSED_TOKENS_PER_MINUTE, RefusedTokens
from tests.fakes.gradio import HUB_TOKEN, OTHER_HUB_TOKEN, SpacesInMemory

OPERATOR, ADA, EVE = "the-operators-long-secret", "ada-s-own-long-secret", "Ève's own schlüssel"
ADDRESS = "192.0.2.7"


class Door:
    """Everything that ``identify`` needs."""

    def __init__(self) -> None:
        self.spaces = SpacesInMemory()
        owners = ((ADA.encode(), Caller("ada@example.com")), (EVE.encode(), Caller("eve@example.com")))
        self._gate = Gate(Credentials(((OPERATOR.encode(), Caller()), *owners)))
        self._refused = RefusedTokens()

    async def identify(self, address: str = ADDRESS, **headers: str) -> GradioCaller:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await identify(Headers(named), address, self._gate, self.spaces, self._refused)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize("header", ["authorization", "x_hf_authorization"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_operator_is_known_by_either_header(door: Door, header: str, scheme: str) -> None:
    caller = await door.identify(**{header: f"{scheme} {OPERATOR}"})
    assert caller == GradioCaller("operator", Caller())
    assert door.spaces.asked == []


async def test_an_owner_is_known_and_its_address_cannot_be_read_from_its_key(door: Door) -> None:
    caller = await door.identify(authorization=f"Bearer {ADA}")
    assert caller.owner == Caller("ada@example.com")
    assert "ada" not in caller.key


@pytest.mark.parametrize("header", ["authorization", "x_hf_authorization"])
async def test_a_secret_may_hold_spaces_and_letters_of_every_language(door: Door, header: str) -> None:
    as_servers_read_it = f"Bearer {EVE}".encode().decode("latin-1")
    assert (await door.identify(**{header: as_servers_read_it})).owner == Caller("eve@example.com")


async def test_a_hub_account_is_known_by_its_own_token_and_acts_with_it(door: Door) -> None:
    caller = await door.identify(x_hf_authorization=f"Bearer {HUB_TOKEN}")
    assert (caller.owner, caller.hub_token) == (None, HUB_TOKEN)
    assert HUB_TOKEN not in repr(caller)
    assert HUB_TOKEN not in caller.key
    other = await door.identify(authorization=f"Bearer {OTHER_HUB_TOKEN}")
    assert other.key != caller.key


async def test_a_secret_of_ours_wins_over_a_hub_token_that_a_proxy_needs(door: Door) -> None:
    for headers in (
        {"authorization": f"Bearer {HUB_TOKEN}", "x_hf_authorization": f"Bearer {OPERATOR}"},
        {"authorization": f"Bearer {OPERATOR}", "x_hf_authorization": f"Bearer {HUB_TOKEN}"},
    ):
        assert await door.identify(**headers) == GradioCaller("operator", Caller())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Bearer {OPERATOR} {OPERATOR}"}, 403),
        ({"authorization": "Bearer wrong"}, 403),
        ({"authorization": "Bearer hf_"}, 403),
        ({"x_hf_authorization": "Bearer wrong"}, 403),
        ({"authorization": "Bearer wrong", "x_hf_authorization": f"Bearer {HUB_TOKEN}"}, 403),
    ],
)
async def test_whoever_is_not_known_is_refused(door: Door, headers: dict[str, str], status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        await door.identify(**headers)
    assert refused.value.status_code == status
    assert "wrong" not in refused.value.detail.replace("wrong secret", "")


async def test_a_token_that_the_hub_does_not_know_opens_nothing(door: Door) -> None:
    with pytest.raises(HubTokenRefused):
        await door.identify(authorization="Bearer hf_made_up")


async def test_the_hub_is_not_asked_any_more_for_an_address_that_keeps_guessing(door: Door) -> None:
    for number in range(REFUSED_TOKENS_PER_MINUTE):
        with pytest.raises(HubTokenRefused):
            await door.identify(authorization=f"Bearer hf_guess{number}")
    with pytest.raises(HTTPException) as refused:
        await door.identify(authorization="Bearer hf_one_more")
    assert refused.value.status_code == 429
    assert len(door.spaces.asked) == REFUSED_TOKENS_PER_MINUTE
    assert (await door.identify(address="192.0.2.8", authorization=f"Bearer {HUB_TOKEN}")).hub_token == HUB_TOKEN


async def test_one_bad_client_behind_a_proxy_shuts_out_no_other(door: Door) -> None:
    for _ in range(REFUSED_TOKENS_PER_MINUTE):
        with pytest.raises(HubTokenRefused):
            await door.identify(authorization="Bearer hf_the_same_wrong_one")
    with pytest.raises(HTTPException, match="429"):
        await door.identify(authorization="Bearer hf_the_same_wrong_one")
    assert (await door.identify(authorization=f"Bearer {HUB_TOKEN}")).hub_token == HUB_TOKEN
    for number in range(REFUSED_TOKENS_PER_MINUTE - 1):
        with pytest.raises(HubTokenRefused):
            await door.identify(authorization=f"Bearer hf_guess{number}")
    with pytest.raises(HTTPException, match="429"):
        await door.identify(authorization="Bearer hf_one_more")
    assert (await door.identify(authorization=f"Bearer {HUB_TOKEN}")).hub_token == HUB_TOKEN, "it was good before"


async def test_a_hub_account_is_no_owner(door: Door) -> None:
    with pytest.raises(NotPermitted, match="own secret"):
        (await door.identify(authorization=f"Bearer {HUB_TOKEN}")).require_owner()
