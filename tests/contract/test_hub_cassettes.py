"""The fake Hub answers what the real one has answered.

The recordings are the library's own: tests/cassettes in https://github.com/huggingface/huggingface_hub (Apache 2.0).
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.fakes.hub import FakeHub

CASSETTES = sorted((Path(__file__).parent.parent / "data" / "hub-cassettes").glob("*.yaml"))
REAL_ORIGIN = "https://huggingface.co"
OWN_WORDS = {"_id", "id", "commitOid", "updatedAt"}
"""Fields whose values every Hub makes up by itself; of these only the pattern is compared."""


def pattern(value: Any) -> Any:
    """What an id, oid or date looks like, without its digits."""
    return re.sub("[0-9a-f]", "x", value) if isinstance(value, str) and "/" not in value else value


def comparable(value: Any, name: str = "") -> Any:
    """An answer without what differs between two Hubs."""
    if isinstance(value, dict):
        return {key: comparable(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if name in OWN_WORDS:
        return pattern(value)
    return re.sub("/commit/[0-9a-f]{40}$", "/commit/", value) if isinstance(value, str) else value


def as_answered(status: int, media_type: str, body: str, origin: str) -> Any:
    text = body.replace(origin, REAL_ORIGIN)
    return status, media_type, comparable(json.loads(text)) if media_type.startswith("application/json") else text


def replayed(client: httpx.Client, request: dict[str, Any]) -> httpx.Response:
    parts = urlsplit(request["uri"])
    media_types = request["headers"].get("Content-Type", [])
    return client.request(
        request["method"],
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        content=request["body"],
        headers={"Content-Type": media_types[0]} if media_types else {},
    )


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem.rpartition(".")[2])
def test_every_recorded_request_gets_the_recorded_answer(cassette: Path) -> None:
    recorded = yaml.safe_load(cassette.read_text())["interactions"]
    with FakeHub(owner="user") as hub:
        hub.create("victor/static-space", "static")
        if recorded[0]["response"]["status"]["code"] == httpx.codes.CONFLICT:
            hub.create("user/tmp_test_space", "gradio")
        headers = {"Authorization": f"Bearer {hub.token}"}
        with httpx.Client(base_url=hub.endpoint, headers=headers, trust_env=False) as client:
            for step in recorded:
                answer, expected = replayed(client, step["request"]), step["response"]
                assert as_answered(
                    answer.status_code, answer.headers["Content-Type"], answer.text, hub.endpoint
                ) == as_answered(
                    expected["status"]["code"],
                    expected["headers"]["Content-Type"][0],
                    expected["body"]["string"],
                    REAL_ORIGIN,
                ), f"{step['request']['method']} {step['request']['uri']}"


def test_there_are_recordings() -> None:
    assert len(CASSETTES) == 5
