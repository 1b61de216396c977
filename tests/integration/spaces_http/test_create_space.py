"""POST /create-space through the whole application, with the fake Hub."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import AsyncClient
from pydantic import SecretStr

from pipeline.manage_spaces.creation import CreateSpace
from pipeline.shapes.examples import CREATE_SPACE_EXAMPLES
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner
from pipeline.web.hub_access import REFUSED_TOKENS_PER_MINUTE
from tests.cases import cases
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, too_many_requests
from tests.fakes.jobs import SECRET, MemoryServices
from tests.integration.spaces_http.rig import VISITORS_TOKEN, HubClient, error_of

DEEP = {"a": json.loads("[" * 50 + "]" * 50)}
RULES = dict(cases("space-rules")["creation"])
PAGES: dict[str, Any] = {"space_type": "static", "files": {"index.html": "<title>Tides</title>"}}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={VISITORS_TOKEN: "visitor"}, organizations=["tide-tables"]) as hub:
        hub.plan = "pro"
        yield hub


def services_for(hub: FakeHub, *, token: str | None = None, **settings: Any) -> MemoryServices:
    services = MemoryServices(max_request_bytes=2_000_000, **settings)
    secret = SecretStr(token or hub.token)
    services.spaces = space_hosts(hub.endpoint, secret, FakeClock())
    scanner = ConfiguredSecretScanner((*services.settings.secrets(), secret.get_secret_value()))
    services.create_space = CreateSpace(services.spaces, scanner, FakeClock(), owner=services.settings.hf_owner)
    return services


@pytest.fixture
async def client(hub: FakeHub) -> AsyncIterator[HubClient]:
    async with HubClient(services_for(hub), hub) as client:
        yield client


async def post(client: AsyncClient, body: Any = None, token: str | None = SECRET, **fields: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content = body if isinstance(body, bytes) else json.dumps({**(body or PAGES), **fields}).encode()
    return await client.post("/create-space", content=content, headers={**headers, "Content-Type": "application/json"})


async def test_the_answer_has_all_that_the_contract_names(client: HubClient) -> None:
    response = await post(client)
    answer = response.json()
    (space,) = client.hub.spaces.values()
    assert response.status_code == 200
    assert answer == {
        "message": "New Space created",
        "url": f"{client.hub.endpoint}/spaces/{space.id}",
        "note": "It may take a few minutes to build and deploy.",
        "space_id": space.id,
        "commit_sha": space.head,
        "host": answer["host"],
        "notes": [],
    }
    assert answer["host"].startswith("http")
    assert space.id.startswith("deployer/tides-")


@pytest.mark.parametrize("name", CREATE_SPACE_EXAMPLES)
async def test_the_documented_examples_become_spaces_that_the_hub_builds(client: HubClient, name: str) -> None:
    response = await post(client, CREATE_SPACE_EXAMPLES[name]["value"])
    assert response.status_code == 200
    space = client.hub.spaces[response.json()["space_id"]]
    assert len(client.hub.calls("POST", "/commit/")) == 1
    assert len(client.hub.calls("POST", "/api/repos/create")) == 1
    assert space.runtime()["stage"] not in {"NO_APP_FILE", "CONFIG_ERROR"}


async def test_secrets_and_variables_are_there_before_the_code(client: HubClient) -> None:
    files = {"app.py": "import gradio\n"}
    response = await post(
        client, {"files": files, "secrets": {"KEY": "v4lue"}, "variables": {"TEAM": "a"}, "private": True}
    )
    space = client.hub.spaces[response.json()["space_id"]]
    (created,), (committed,) = client.hub.calls("POST", "/api/repos/create"), client.hub.calls("POST", "/commit/")
    assert created.at <= committed.at
    assert space.secrets["KEY"].value == "v4lue"
    assert space.variables["TEAM"].value == "a"
    assert space.visibility == "private"
    assert not client.hub.calls("POST", "/(secrets|variables)$")
    assert "v4lue" not in response.text


async def test_nothing_of_the_hubs_stub_is_left(client: HubClient) -> None:
    response = await post(client)
    files = set(client.hub.spaces[response.json()["space_id"]].files())
    assert "style.css" not in files
    assert {"index.html", "README.md", "LICENSE", ".gitignore"} <= files


async def test_binary_files_arrive_as_they_were_sent(client: HubClient) -> None:
    files = {"index.html": "x", "img/dot.gif": {"base64": "R0lGODlhAQABAAAAACw="}}
    response = await post(client, {"space_type": "static", "files": files})
    assert response.status_code == 200
    assert client.hub.spaces[response.json()["space_id"]].files()["img/dot.gif"].startswith(b"GIF89a\x01")


@pytest.mark.parametrize(("raw", "text"), RULES["texts"])
async def test_the_known_refusals_have_their_known_texts(client: HubClient, raw: str, text: str) -> None:
    response = await post(client, raw.encode())
    assert error_of(response, 400) == text
    assert client.hub.log == []


@pytest.mark.parametrize(("fields", "field"), [*RULES["fields"], ({"parameters": DEEP}, "parameters")])
async def test_broken_rules_are_named_before_the_hub_is_asked(
    client: HubClient, fields: dict[str, Any], field: str
) -> None:
    response = await post(client, **fields)
    assert error_of(response, 400)
    assert {problem["field"] for problem in response.json()["fields"]} == {field}
    assert client.hub.log == []


async def test_who_sends_nothing_or_something_wrong_gets_nothing(client: HubClient) -> None:
    nothing = await post(client, token=None)
    assert nothing.status_code == 401
    assert nothing.headers["www-authenticate"].startswith("Bearer")
    assert (await post(client, token="a wrong secret")).status_code == 403
    assert (await post(client, b"{broken", token="a wrong secret")).status_code == 403
    assert client.hub.log == []


async def test_a_hub_token_of_the_callers_acts_for_the_caller(client: HubClient) -> None:
    response = await post(client, token=VISITORS_TOKEN)
    assert response.json()["space_id"].startswith("visitor/")
    assert {entry.token for entry in client.hub.log} == {VISITORS_TOKEN}


async def test_a_hub_token_that_the_hub_does_not_know_is_refused(client: HubClient) -> None:
    response = await post(client, token="hf_" + "nobodysTokenAtAll")
    assert response.status_code == 401
    assert client.hub.spaces == {}


async def test_the_secret_of_an_owner_does_not_open_the_operators_account(hub: FakeHub, tmp_path: Path) -> None:
    owners = tmp_path / "owners.json"
    owners.write_text(json.dumps({"ada@example.com": "the-secret-of-ada-alone"}))
    async with HubClient(services_for(hub, deploy_secrets_file=owners), hub) as client:
        response = await post(client, token="the-secret-of-ada-alone")
    assert response.status_code == 403
    assert hub.log == []


async def test_the_operators_spaces_belong_to_the_owner_that_is_set(hub: FakeHub) -> None:
    async with HubClient(services_for(hub, hf_owner="tide-tables"), hub) as client:
        assert (await post(client, name="tides")).json()["space_id"] == "tide-tables/tides"


async def test_a_name_that_is_taken_is_a_conflict(client: HubClient) -> None:
    assert (await post(client, name="deployer/tides")).status_code == 200
    response = await post(client, name="deployer/tides")
    assert "another name" in error_of(response, 409)


async def test_a_plan_that_does_not_include_programs_is_told_with_the_free_way(client: HubClient) -> None:
    client.hub.plan = "free"
    response = await post(client, {"space_type": "docker", "files": {"app.py": "x = 1"}})
    assert "static" in error_of(response, 402)
    assert client.hub.spaces == {}
    assert (await post(client)).status_code == 200


@pytest.mark.parametrize("place", ["files", "parameters", "variables"])
async def test_a_secret_of_the_operators_is_published_nowhere(client: HubClient, place: str) -> None:
    fields: dict[str, Any] = {"files": {"app.py": "import gradio\n"}, "space_type": "gradio"}
    fields[place] = {**fields.get(place, {}), "NOTE": f"my {SECRET}"}
    response = await post(client, fields)
    assert response.status_code == 400
    assert SECRET not in response.text
    assert client.hub.log == []


async def test_a_space_whose_commit_fails_is_deleted_again(client: HubClient) -> None:
    client.hub.add_fault(Fault("POST", "/commit/", times=None, answer=Answer(403, {"error": "you may not"})))
    response = await post(client)
    assert response.status_code == 403
    assert client.hub.calls("DELETE", "/api/repos/delete")
    assert client.hub.spaces == {}


async def test_a_busy_hub_says_when_to_come_back(client: HubClient) -> None:
    client.hub.add_fault(Fault("POST", "/api/repos/create", times=None, answer=too_many_requests(300)))
    response = await post(client)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1


async def test_the_hub_is_not_asked_any_more_for_an_address_that_keeps_sending_tokens_that_nobody_has(
    client: HubClient,
) -> None:
    statuses = [(await post(client, token=f"hf_{'x' * 30}{number}")).status_code for number in range(24)]
    assert statuses == [401] * REFUSED_TOKENS_PER_MINUTE + [429] * 4
    asked = len(client.hub.log)
    for path in ("/spaces/ada/app", "/gradio_api/call/job/x"):
        refused = await client.get(path, headers={"Authorization": "Bearer hf_one_more"})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert len(client.hub.log) == asked
    assert (await post(client)).status_code == 200  # with the operator's secret


async def test_a_body_that_is_no_json_by_type_is_refused(client: HubClient) -> None:
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "text/csv"}
    assert (await client.post("/create-space", content=b"{}", headers=headers)).status_code == 415


async def test_a_large_request_is_read_and_a_larger_one_refused(client: HubClient) -> None:
    files = {"index.html": "x" * 500_000}
    assert (await post(client, {"space_type": "static", "files": files})).status_code == 200
    assert (await post(client, {"space_type": "static", "files": {"index.html": "x" * 2_100_000}})).status_code == 413
    assert len(client.hub.spaces) == 1


async def test_the_description_shows_the_request_of_new_spaces(client: HubClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/create-space"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["files"]
    assert set(operation["responses"]) >= {"200", "400", "401", "402", "403", "409", "413", "429"}
    assert operation["security"]
