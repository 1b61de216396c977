"""POST /api-deploy through the whole application, with jobs in memory: what is answered, and what is refused."""

import asyncio
import base64
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.errors import Misconfigured, PipelineError, Unavailable
from pipeline.domain.job import Failure, Job, JobStatus, Stage
from pipeline.shapes import json_object
from pipeline.web import body as body_reading
from pipeline.web import deploy_routes
from tests.builders import make_made
from tests.fakes.jobs import SECRET, MemoryServices
from tests.fakes.served import until
from tests.integration.http_rig import CANARY, Client, body, post

ANSWER = json.loads((Path(__file__).parents[2] / "data/deploy-answer.json").read_text("utf-8"))


async def test_a_brief_is_accepted_and_its_job_named(client: Client) -> None:
    response = await post(client)
    (job_id,) = client.jobs.ids
    assert response.status_code == 200
    assert response.json() == {
        "ok": True,
        "status": "running",
        "job_id": job_id,
        "job_url": f"http://127.0.0.1:8000/jobs/{job_id}",
    }
    assert response.headers["preference-applied"] == "respond-async"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_who_waits_gets_the_result(client: Client) -> None:
    waiting = asyncio.create_task(post(client, prefer=None, evaluation_url="https://example.com/notify"))
    await until(lambda: client.jobs.waiting)
    client.jobs.finish(client.jobs.ids[0])
    response = await waiting
    answer = response.json()
    assert response.status_code == 200
    assert "preference-applied" not in response.headers
    assert answer.pop("job_url").endswith(answer["job_id"])
    assert answer == {**ANSWER, "job_id": client.jobs.ids[0]}


async def test_a_page_made_without_a_model_says_so(client: Client) -> None:
    await post(client)
    client.jobs.finish(client.jobs.ids[0], made=make_made(generator="plain", model=None))
    answer = (await post(client)).json()
    assert (answer["generator"], answer["model"]) == ("plain", None)


async def test_when_patience_ends_first_the_job_is_told_to_be_running(client: Client) -> None:
    response = await post(client, prefer="wait=0")
    assert response.json()["status"] == "running"
    assert response.headers["preference-applied"] == "wait=0"
    response = await post(client, prefer="respond-async, wait=1")
    assert response.json()["status"] == "running"
    assert response.headers["preference-applied"] == "respond-async, wait=1"
    assert not (await client.jobs.get(client.jobs.ids[0])).status.is_final


async def test_the_operators_patience_holds_when_the_caller_states_none() -> None:
    services = MemoryServices(response_patience_seconds=0.05)
    async with Client(services) as client:
        assert (await post(client, prefer=None)).json()["status"] == "running"


async def test_a_job_that_failed_is_answered_502_with_its_stage(client: Client) -> None:
    waiting = asyncio.create_task(post(client, prefer="wait=5"))
    await until(lambda: client.jobs.waiting)
    client.jobs.fail(client.jobs.ids[0], Failure(Stage.PUBLISH, "publish_failed", "GitHub refused the token"))
    response = await waiting
    job_id = client.jobs.ids[0]
    assert response.status_code == 502
    assert response.json() == {
        "ok": False,
        "status": "failed",
        "stage": "publish",
        "error": "GitHub refused the token",
        "job_id": job_id,
        "job_url": f"http://127.0.0.1:8000/jobs/{job_id}",
    }


async def test_a_cancelled_job_is_answered_like_a_failed_one(client: Client) -> None:
    waiting = asyncio.create_task(post(client, prefer="wait=5"))
    await until(lambda: client.jobs.waiting)
    await client.jobs.cancel(client.jobs.ids[0])
    response = await waiting
    assert (response.status_code, response.json()["status"]) == (502, "cancelled")


async def test_twenty_equal_requests_at_once_are_one_job(client: Client) -> None:
    waiting = [asyncio.create_task(post(client, prefer="wait=5")) for _ in range(20)]
    await until(lambda: client.jobs.waiting == 20)
    client.jobs.finish(client.jobs.ids[0])
    answers = {(await each).text for each in waiting}
    assert len(answers) == 1
    assert len(client.jobs.ids) == 1
    assert (await post(client)).text in answers


async def test_a_heavy_request_arrives_whole(client: Client) -> None:
    content = bytes(range(256)) * 3000
    assert len(content) > body_reading.HEAVY_BYTES
    url = f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
    response = await post(client, attachments=[{"name": "big.bin", "url": url}])
    assert response.status_code == 200
    assert (await client.jobs.brief(client.jobs.ids[0])).attachments[0].content == content


async def test_names_that_say_here_are_relative_and_so_is_the_route_with_a_slash(client: Client) -> None:
    names = ["./a.csv", "/b.csv", ".//data/c.csv", "d.csv"]
    sent = body(attachments=[{"name": name, "url": "data:,x"} for name in names])
    response = await client.post("/api-deploy/", json=sent, headers={"Prefer": "respond-async"})
    assert response.status_code == 200
    brief = await client.jobs.brief(client.jobs.ids[0])
    assert [attachment.name for attachment in brief.attachments] == ["a.csv", "b.csv", "data/c.csv", "d.csv"]
    again = await client.post("/api-deploy", json={**sent, "attachments": [sent["attachments"][0]] * 2})
    assert (again.status_code, again.json()["fields"][0]["field"]) == (400, "attachments[1].name")


async def test_only_heavy_requests_are_parsed_beside_the_event_loop(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []

    def read_object(raw: bytes) -> dict[str, Any]:
        threads.append(threading.current_thread() is threading.main_thread())
        return json_object.read_object(raw)

    monkeypatch.setattr(deploy_routes, "read_object", read_object)
    await post(client)
    await post(client, padding="x" * body_reading.HEAVY_BYTES)
    assert threads == [True, False]


async def test_a_result_that_waited_for_is_replayed_to_the_letter(client: Client) -> None:
    await post(client)
    client.jobs.finish(client.jobs.ids[0])
    first, second = await post(client, prefer=None), await post(client, prefer="wait=3")
    assert first.content == second.content
    assert (await client.jobs.get(client.jobs.ids[0])).status is JobStatus.SUCCEEDED


async def test_who_waits_when_the_storage_fails_is_told_that_the_job_was_accepted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Job:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(client.jobs, "wait", fail)
    response = await post(client, prefer="wait=5")
    assert (response.status_code, response.json()["status"]) == (200, "running")


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
    known = f'{{"secret" : "{SECRET}", "b": "{padding}"'.encode()
    assert (await client.post("/api-deploy", content=known + b', "a": NaN}')).status_code == 400
    assert (
        await client.post("/api-deploy", content=known + b"," + b"{}," * json_object.MOST_VALUES)
    ).status_code == 400


async def test_an_evaluator_that_does_not_exist_is_refused(client: Client) -> None:
    response = await post(client, evaluation_url="https://no-such-host.example.com/notify")
    problem = {"field": "evaluation_url", "problem": "names a host that does not exist"}
    assert (response.status_code, response.json()["fields"]) == (400, [problem])
    assert client.jobs.ids == []


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
