"""POST /api-deploy through the whole application, with jobs in memory."""

import asyncio
import base64
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.errors import Unavailable
from pipeline.domain.job import Failure, Job, JobStatus, Stage
from pipeline.shapes import json_object
from pipeline.web import body as body_reading
from pipeline.web import deploy_routes
from tests.builders import make_made
from tests.fakes.jobs import MemoryServices
from tests.fakes.served import until
from tests.integration.http_rig import Client, post

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
    async def fail(_: str, __: float) -> Job:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(client.jobs, "wait", fail)
    response = await post(client, prefer="wait=5")
    assert (response.status_code, response.json()["status"]) == (200, "running")
