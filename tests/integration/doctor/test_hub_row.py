from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.faults import Drop, Fault, Hang
from tests.fakes.hub.exchange import Answer, too_many_requests
from tests.fakes.hub.server import FakeHub
from tests.integration.doctor.rig import row

WHOAMI = "whoami"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(organizations=["the-lab"]) as server:
        yield server


async def look(hub: FakeHub, seconds: float = 30.0, **settings: Any) -> dict[str, str]:
    found = await row("hub", seconds=seconds, hf_token=hub.token, hf_endpoint=hub.endpoint, **settings)
    assert hub.token not in str(found)
    assert hub.spaces == {}
    return found


def told(hub: FakeHub, access: dict[str, Any], **more: Any) -> None:
    document = {"name": "deployer", "orgs": [], "auth": {"type": "access_token", "accessToken": access}, **more}
    hub.add_fault(Fault("GET", WHOAMI, times=None, answer=Answer(json=document)))


async def test_a_token_that_may_write_tells_its_user_role_and_plan(hub: FakeHub) -> None:
    found = await look(hub)
    assert found["verdict"] == "ok"
    assert "token of deployer, role write, Spaces of deployer, plan PRO" in found["found"]
    assert len(hub.calls("*")) == 1


async def test_a_free_plan_names_what_it_can_make(hub: FakeHub) -> None:
    hub.plan = "free"
    found = await look(hub)
    assert (found["verdict"], "plan free: gradio and docker Spaces need PRO" in found["found"]) == ("ok", True)


async def test_a_token_that_may_only_read_does_not_work(hub: FakeHub) -> None:
    told(hub, {"role": "read"})
    found = await look(hub)
    assert (found["verdict"], "role write" in found["mend"]) == ("failed", True)


@pytest.mark.parametrize(
    ("entity", "permissions", "verdict"),
    [
        ("deployer", ["repo.content.read", "repo.write"], "ok"),
        ("deployer", ["repo.content.read"], "failed"),
        ("another", ["repo.write"], "failed"),
    ],
)
async def test_a_fine_grained_token_must_be_able_to_write_for_the_owner(
    hub: FakeHub, entity: str, permissions: list[str], verdict: str
) -> None:
    scoped = [{"entity": {"type": "user", "name": entity}, "permissions": permissions}]
    told(hub, {"role": "fineGrained", "fineGrained": {"global": [], "scoped": scoped}})
    assert (await look(hub))["verdict"] == verdict


async def test_spaces_of_an_organisation_need_its_plan_and_membership(hub: FakeHub) -> None:
    assert "Spaces of the-lab, plan free" in (await look(hub, hf_owner="the-lab"))["found"]
    found = await look(hub, hf_owner="strangers")
    assert (found["verdict"], "HF_OWNER" in found["mend"]) == ("failed", True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401, {"error": "Invalid username or password."}), "does not accept the token"),
        (Answer(503), "no answer from the Hub"),
        (Answer(json=["unlike", "the Hub"]), "makes no sense"),
        (too_many_requests(), "too many requests"),
        (Drop(), "no answer from the Hub"),
    ],
)
async def test_a_refusal_or_no_answer_is_told_after_one_try(hub: FakeHub, answer: Any, words: str) -> None:
    hub.add_fault(Fault("GET", WHOAMI, times=None, answer=answer))
    found = await look(hub)
    assert (found["verdict"], words in found["found"], found["mend"] != "") == ("failed", True, True)
    assert len(hub.calls("*")) == 1


async def test_a_hub_that_is_silent_is_given_up_after_the_rows_time(hub: FakeHub) -> None:
    hub.add_fault(Fault("GET", WHOAMI, times=None, answer=Hang(60)))
    found = await look(hub, seconds=0.2)
    assert (found["verdict"], found["found"].startswith("no answer")) == ("failed", True)


async def test_without_a_token_it_is_not_configured_and_says_where_one_comes_from() -> None:
    found = await row("hub")
    assert (found["verdict"], "HF_TOKEN" in found["mend"]) == ("not configured", True)
