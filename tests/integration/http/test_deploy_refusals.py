"""POST /api-deploy: what is refused, and in which words."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.errors import Misconfigured, PipelineError, Unavailable
from pipeline.web import body as body_reading
from tests.fakes.jobs import SECRET, MemoryServices
from tests.integration.http_rig import CANARY, Client, body, post


async def test_the_same_key_with_another_body_is_a_conflict(client: Client) -> None:
    await post(client)
    response = await post(client, brief="Something else.")
    assert response.status_code == 409
    assert response.json()["ok"] is False
    assert len(client.jobs.ids) == 1


@pytest.mark.parametrize("secret", ["wrong", "", "  ", SECRET + " ", "pässwörd", "\0", None, 5, True, [SECRET], {}])
async def test_a_wrong_secret_is_refused_before_any_other_field_is_looked_at(client: Client, secret: object) -> None:
    bad_fields: dict[str, Any] = {"email": None, "round": True, "attachments": 7}
    for others in ({}, bad_fields):
        response = await post(client, prefer=None, secret=secret, **others)
        assert (response.status_code, response.json()) == (403, {"ok": False, "error": "invalid secret"})
    assert client.jobs.ids == []


async def test_a_missing_secret_is_a_wrong_one(client: Client) -> None:
    for content in (b"{}", b'{"round": true}'):
        response = await client.post("/api-deploy", content=content)
        assert (response.status_code, response.json()) == (403, {"ok": False, "error": "invalid secret"})


async def test_who_guesses_is_slowed_down_and_who_knows_is_not(client: Client) -> None:
    statuses = [(await post(client, secret=f"guess-{n}")).status_code for n in range(22)]
    assert statuses == [403] * 20 + [429] * 2
    refused = await post(client, secret="guess")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["ok"] is False
    assert (await post(client)).status_code == 200


async def test_an_owner_may_post_under_its_own_address_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"ada@example.com": "secret-of-ada-0123"}))
    services = MemoryServices(deploy_secrets_file=path)
    async with Client(services) as client:
        assert (await post(client, secret="secret-of-ada-0123")).status_code == 200
        response = await post(client, secret="secret-of-ada-0123", email="bob@example.com")
        assert (response.status_code, "fields" in response.json()) == (403, False)
        assert (await post(client, email="bob@example.com")).status_code == 200
    assert len(services.jobs.ids) == 2


async def test_every_broken_rule_is_listed_and_nothing_is_written(client: Client) -> None:
    response = await post(client, round=True, email=CANARY, attachments=[{"name": "../x", "url": CANARY}])
    answer = response.json()
    assert response.status_code == 400
    assert {each["field"] for each in answer["fields"]} == {
        "email",
        "round",
        "attachments[0].name",
        "attachments[0].url",
    }
    assert answer["error"].endswith("and 1 more")
    assert client.jobs.ids == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"secret": NaN}', b'{"secret": "\\ud800"}', b"\xef\xbb\xbf{}", b"\xff", b"[" * 9000],
)
async def test_what_is_no_json_object_is_refused(client: Client, content: bytes) -> None:
    response = await client.post("/api-deploy", content=content)
    assert response.status_code == 400
    assert [each["field"] for each in response.json()["fields"]] == ["body"]


async def test_an_answer_never_lists_more_problems_than_a_person_can_use(client: Client) -> None:
    response = await post(client, checks=[0] * 200, attachments=[0] * 1000)
    assert response.status_code == 400
    assert len(response.json()["fields"]) == 100
    assert len(response.content) < 20_000


@pytest.mark.parametrize(
    "content_type",
    [None, "", "application/json", "Application/JSON; charset=utf-8", "text/json", "application/vnd.api+json"],
)
async def test_every_json_content_type_is_accepted(client: Client, content_type: str | None) -> None:
    headers = {"Prefer": "respond-async"} | ({} if content_type is None else {"Content-Type": content_type})
    response = await client.post("/api-deploy", content=json.dumps(body()), headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonx"},
        {"Content-Type": "text/plain; application/json"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_other_content_types_are_refused(client: Client, headers: dict[str, str]) -> None:
    response = await client.post("/api-deploy", content=json.dumps(body()), headers=headers)
    assert (response.status_code, response.json()["ok"]) == (415, False)


async def test_a_heavy_request_is_judged_like_a_light_one(client: Client) -> None:
    padding = "x" * body_reading.HEAVY_BYTES
    assert (await post(client, secret="wrong", padding=padding)).status_code == 403
    assert (await post(client, round=0, padding=padding)).json()["fields"][0]["field"] == "round"
    response = await client.post("/api-deploy", content=b'{"a": NaN, "b": "' + padding.encode() + b'"}')
    assert response.status_code == 400


async def test_a_full_queue_says_when_to_come_back() -> None:
    async with Client(MemoryServices(queue_limit=1)) as client:
        await post(client)
        response = await post(client, nonce="n2")
        assert (response.status_code, response.headers["retry-after"]) == (429, "30")
        assert response.json() == {"ok": False, "error": "the queue is full"}
        assert (await post(client)).status_code == 200


@pytest.mark.parametrize(
    ("error", "retry_after"), [(Unavailable("the service is stopping"), "10"), (Misconfigured("set X"), "60")]
)
async def test_a_service_that_cannot_take_work_says_so(client: Client, error: PipelineError, retry_after: str) -> None:
    client.jobs.broken = error
    response = await post(client)
    assert (response.status_code, response.headers["retry-after"]) == (503, retry_after)
    assert response.json() == {"ok": False, "error": str(error)}


async def test_a_bug_is_answered_without_its_words(client: Client) -> None:
    client.jobs.accept = None  # type: ignore[method-assign,assignment]  # a bug: not even callable
    response = await post(client)
    assert (response.status_code, response.json()) == (500, {"ok": False, "error": "internal error"})
    assert response.headers["cache-control"] == "no-store"
