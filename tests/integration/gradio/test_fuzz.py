"""The Gradio-compatible routes under whatever is sent, and under what they document."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.web.gradio.registry import FUNCTIONS
from tests.integration.gradio_rig import CANARY, Client


async def test_every_request_that_is_documented_with_an_example_can_be_sent_as_it_is(client: Client) -> None:
    document = (await client.get("/openapi.json")).json()
    sent = []
    for path, item in document["paths"].items():
        if path.startswith(("/gradio_api/", "/mcp")) and "post" in item and "multipart" not in str(item["post"]):
            (example,) = [body["example"] for body in _json_bodies(item["post"])] or [None]
            address = path.replace("{name}", "space_runtime")
            answer = await client.post(address, json=example, headers={"Accept": "*/*"})
            sent.append((path, answer.status_code))
    assert sent == [
        ("/gradio_api/call/v2/{name}", 200),
        ("/gradio_api/call/{name}", 200),
        ("/gradio_api/queue/join", 200),
        ("/gradio_api/cancel", 404),  # nobody can know an id before
        ("/gradio_api/reset", 200),
        ("/mcp", 200),
    ]


def _json_bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {})
    return [content["application/json"]] if content else []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(CANARY),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just(CANARY), inside, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from([function.name for function in FUNCTIONS])
parameters = st.sampled_from(
    [*dict.fromkeys(name for each in FUNCTIONS for name in each.parameters.model_fields), CANARY]
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("fuzz"))
    yield client
    client.services.database.close()


@settings(max_examples=200)
@given(
    name=names,
    body=st.binary(max_size=50)
    | st.dictionaries(parameters, json_values, max_size=4).map(lambda value: json.dumps(value).encode())
    | st.lists(json_values, max_size=4).map(lambda value: json.dumps({"data": value}).encode()),
    path=st.sampled_from(["call/", "call/v2/"]),
)
def test_whatever_is_sent_is_never_a_fault_of_ours_and_never_repeated(
    fuzzed: Client, name: str, body: bytes, path: str
) -> None:
    answer = asyncio.run(fuzzed.post(f"/gradio_api/{path}{name}", content=body))
    assert answer.status_code in {200, 400, 429}
    assert CANARY not in answer.text
