"""POST /batches and GET /batches/{id} through the whole application, over batches in memory."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.job import Failure, Stage
from tests.fakes.jobs import SECRET, MemoryServices
from tests.integration.http_rig import ADA, BOB, Client, bearer, body

JSONL = {"Content-Type": "application/jsonl"}


def line(number: int, **fields: Any) -> bytes:
    return json.dumps(body(task=f"t{number}", nonce=f"n{number}", **fields)).encode()


def without_secret(number: int, **fields: Any) -> bytes:
    document = json.loads(line(number, **fields))
    del document["secret"]
    return json.dumps(document).encode()


@pytest.fixture
async def client(services: MemoryServices) -> AsyncIterator[Client]:
    async with Client(services, headers=JSONL) as client:
        yield client


async def test_every_line_is_a_job_and_a_bad_one_is_named_by_number_and_field(client: Client) -> None:
    lines = [line(1), b"{no JSON", b"", b'{"secret": "' + SECRET.encode() + b'"}', line(5), line(1), b"x" * 2_000_001]
    answer = (await client.post("/batches", content=b"\r\n".join(lines))).json()
    status = {result["line"]: result["status"] for result in answer["results"]}
    assert status == {1: "waiting", 2: "refused", 4: "refused", 5: "waiting", 6: "waiting", 7: "refused"}
    assert [result["fields"][0]["field"] for result in answer["results"] if result["fields"]] == [
        "body",
        "email",
        "body",
    ]
    assert (answer["lines"], answer["waiting"], answer["failed"], answer["refused"]) == (6, 3, 3, 3)
    assert len(client.jobs.ids) == 2
    shown = await client.get(f"/batches/{answer['batch_id']}", headers=bearer())
    assert shown.json() == answer


async def test_results_come_page_by_page_or_as_json_lines(client: Client) -> None:
    content = b"\n".join(line(number) for number in range(1, 6))
    path = "/batches/" + (await client.post("/batches", content=content)).json()["batch_id"]
    page = (await client.get(path, headers=bearer(), params={"after": 1, "limit": 3})).json()
    assert ([result["line"] for result in page["results"]], page["next"]) == ([2, 3, 4], 4)
    client.jobs.finish(client.jobs.ids[0])
    streamed = await client.get(path, headers=bearer() | {"Accept": "application/x-ndjson"})
    assert streamed.headers["content-type"].startswith("application/jsonl")
    results = [json.loads(each) for each in streamed.text.splitlines()]
    assert [result["line"] for result in results] == [1, 2, 3, 4, 5]
    assert (results[0]["status"], results[0]["pages_url"][:8]) == ("succeeded", "https://")


async def test_the_same_batch_again_is_the_same_batch(client: Client) -> None:
    one, two = line(1), line(2)
    first = (await client.post("/batches", content=one)).json()["batch_id"]
    keyed = {"Idempotency-Key": "k-1"}
    named = (await client.post("/batches", content=one, headers=keyed)).json()["batch_id"]
    assert named != first
    for content, headers, batch_id in ((one, {}, first), (one, keyed, named)):
        assert (await client.post("/batches", content=content, headers=headers)).json()["batch_id"] == batch_id
    refused = await client.post("/batches", content=two, headers=keyed)
    assert (refused.status_code, len(client.jobs.ids)) == (409, 1)


@pytest.mark.parametrize(
    ("lines", "headers", "status"),
    [
        ([without_secret(1)], {}, 403),
        ([line(1, secret="wrong")], {}, 403),
        ([b"no JSON"], {}, 403),
        ([without_secret(1)], bearer("wrong"), 403),
        ([b"{}"] * 105 + [line(1)], {}, 403),
        ([], bearer(), 400),
        ([line(1)], {"Content-Type": "text/csv"}, 415),
        ([line(1)], {"Content-Encoding": "gzip"}, 415),
        ([line(number) for number in range(111)], {}, 413),
        ([b"x" * 5_000_001], {}, 413),
        ([line(1)], {"Idempotency-Key": "x" * 201}, 400),
    ],
)
async def test_what_is_no_batch_is_refused_as_a_whole_and_leaves_nothing(
    lines: list[bytes], headers: dict[str, str], status: int
) -> None:
    services = MemoryServices(max_batch_lines=110, max_batch_bytes=5_000_000)
    async with Client(services, headers=JSONL) as client:
        response = await client.post("/batches", content=b"\n".join(lines), headers=headers)
    assert (response.status_code, response.json()["ok"]) == (status, False)
    assert (services.batches.lines, services.jobs.ids) == ({}, [])


async def test_each_line_needs_the_secret_of_the_batch_and_its_owner(tmp_path: Path) -> None:
    (tmp_path / "owners.json").write_text(json.dumps({ADA: "the-secret-of-ada-1", BOB: "the-secret-of-bob-1"}))
    services = MemoryServices(deploy_secrets_file=tmp_path / "owners.json")
    lines = [
        line(1, secret="the-secret-of-ada-1"),
        line(2, secret="the-secret-of-bob-1", email=BOB),
        line(3, secret=SECRET),
        without_secret(4),
        line(5, secret="the-secret-of-ada-1", email=BOB),
    ]
    async with Client(services, headers=JSONL) as client:
        answer = (await client.post("/batches", content=b"\n".join(lines))).json()
        told = {result["line"]: result["fields"] and result["fields"][0]["field"] for result in answer["results"]}
        assert told == {1: None, 2: "secret", 3: "secret", 4: "secret", 5: "email"}
        path = f"/batches/{answer['batch_id']}"
        for secret, status in (("the-secret-of-ada-1", 200), (SECRET, 200), ("the-secret-of-bob-1", 404)):
            assert (await client.get(path, headers=bearer(secret))).status_code == status
        with_header = await client.post("/batches", content=without_secret(6), headers=bearer("the-secret-of-ada-1"))
        assert with_header.json()["waiting"] == 1
        for path in ("/batches/" + "0" * 32, "/batches/none"):
            assert (await client.get(path, headers=bearer())).status_code == 404
        assert (await client.get(path)).status_code == 401


async def test_what_failed_is_run_again(client: Client) -> None:
    batch_id = (await client.post("/batches", content=line(1))).json()["batch_id"]
    client.jobs.fail(client.jobs.ids[0], Failure(Stage.PUBLISH, "publish_failed", "no"))
    failed = (await client.get(f"/batches/{batch_id}", headers=bearer())).json()
    assert (failed["status"], failed["failed"], failed["results"][0]["error"]) == ("ended", 1, "no")
    again = (await client.post(f"/batches/{batch_id}/retry", headers=bearer())).json()
    assert (again["status"], again["failed"], again["waiting"]) == ("running", 0, 1)
