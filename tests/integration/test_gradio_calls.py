"""The Gradio-compatible routes as curl sees them, with jobs and Spaces in memory and calls in SQLite."""

import asyncio
import json
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.call_event import CallOutcome
from pipeline.domain.job import EventKind, Failure, Stage
from pipeline.domain.verdict import Seen
from pipeline.web.gradio import calls, sse
from tests.builders import make_brief, make_finding, make_publication
from tests.fakes.gradio import HUB_TOKEN, OTHER_HUB_TOKEN, GradioServicesInMemory, app_of
from tests.fakes.jobs import SECRET

OPERATOR = {"Authorization": f"Bearer {SECRET}"}
ACCOUNT = {"x-hf-authorization": f"Bearer {HUB_TOKEN}"}
SPACE = {"space_id": "ada/app"}
BRIEF = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
CANARY = "canary-7f3a"
SECONDS = 30  # far more than any stream here lasts

Events = list[tuple[str, Any]]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[GradioServicesInMemory]:
    services = GradioServicesInMemory(tmp_path)
    yield services
    services.database.close()


@pytest.fixture
async def client(services: GradioServicesInMemory) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services) as client:
        yield client


def client_of(services: GradioServicesInMemory) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_of(services), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://pipeline.test", headers=OPERATOR)


async def begin(client: httpx.AsyncClient, name: str, body: Any, **options: Any) -> str:
    answer = await client.post(f"/gradio_api/call/v2/{name}", json=body, **options)
    assert answer.status_code == 200, answer.text
    event_id: str = answer.json()["event_id"]
    return event_id


async def events(client: httpx.AsyncClient, name: str, event_id: str, **options: Any) -> Events:
    async with asyncio.timeout(SECONDS):
        answer = await client.get(f"/gradio_api/call/{name}/{event_id}", **options)
    assert answer.status_code == 200, answer.text
    assert "\r" not in answer.text
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if block]
    assert all(len(block) == 2 for block in blocks)
    return [(event.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for event, data in blocks]


async def call(client: httpx.AsyncClient, name: str, body: Any, **options: Any) -> Events:
    return await events(client, name, await begin(client, name, body, **options), **options)


async def test_a_call_gives_its_result_as_often_as_it_is_read(client: httpx.AsyncClient) -> None:
    event_id = await begin(client, "space_runtime", SPACE)
    for _ in range(3):
        ((event, data),) = await events(client, "space_runtime", event_id)
        assert (event, data[0]["stage"]) == ("complete", "RUNNING")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("version", ["", "v2/"])
async def test_a_call_by_position_and_by_name_are_the_same(
    client: httpx.AsyncClient, services: GradioServicesInMemory, version: str, slash: str
) -> None:
    body: dict[str, Any] = SPACE if version else {"data": ["ada/app"]}
    begun = await client.post(f"/gradio_api/call/{version}space_runtime{slash}", json=body)
    path = f"/gradio_api/call/{version}space_runtime/{begun.json()['event_id']}{slash}"
    assert "event: complete" in (await client.get(path)).text
    assert services.hub.asked == [(None, "runtime ada/app")]


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", None]
)
async def test_a_body_is_json_whatever_its_content_type_says(
    client: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await client.post("/gradio_api/call/v2/space_runtime", content=json.dumps(SPACE).encode(), headers=headers)
    assert answer.status_code == 200


async def test_events_are_kept_by_no_cache_and_held_back_by_no_proxy(client: httpx.AsyncClient) -> None:
    event_id = await begin(client, "space_runtime", SPACE)
    answer = await client.get(f"/gradio_api/call/space_runtime/{event_id}")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"


async def test_an_event_under_a_wrong_name_is_not_found_and_nothing_is_lost(client: httpx.AsyncClient) -> None:
    event_id = await begin(client, "space_runtime", SPACE)
    for path in (f"job/{event_id}", f"space_runtime/{event_id[:-1]}", "space_runtime/%00", "nope/x", f"v2/{event_id}"):
        answer = await client.get(f"/gradio_api/call/{path}")
        assert (answer.status_code, answer.json()["ok"]) == (404, False)
    assert (await events(client, "space_runtime", event_id))[0][0] == "complete"


async def test_an_event_is_its_callers_alone(client: httpx.AsyncClient) -> None:
    event_id = await begin(client, "space_runtime", SPACE, headers={**ACCOUNT, "Authorization": ""})
    other = {"Authorization": f"Bearer {OTHER_HUB_TOKEN}"}
    path = f"/gradio_api/call/space_runtime/{event_id}"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.get(path, headers={**ACCOUNT, "Authorization": ""})).status_code == 200


async def test_an_error_of_the_hub_ends_the_call_in_words(client: httpx.AsyncClient) -> None:
    assert await call(client, "space_runtime", {"space_id": "ada/gone"}) == [
        ("error", {"error": "there is no such Space, or the token may not see it"})
    ]


@pytest.mark.parametrize(
    ("name", "body", "status", "told"),
    [
        ("space_runtime", {}, 400, "space_id: is required"),
        ("space_runtime", {"space_id": None}, 400, "space_id: is required"),
        ("space_runtime", {"space_id": 7}, 400, "space_id: must be a string"),
        ("space_runtime", {"space_id": CANARY}, 400, "space_id: must be owner/name"),
        ("space_runtime", {**SPACE, CANARY: 1}, 400, "names a parameter that /space_runtime does not have"),
        ("restart_space", {**SPACE, "factory_reboot": "yes"}, 400, "factory_reboot"),
        ("create_space", {"files": {CANARY: {"base64": 1}}, "secrets": {CANARY: 1}}, 400, "secrets: must be a string"),
        ("job", {"job_id": CANARY}, 400, "job_id"),
        ("deploy", {**BRIEF, "round": "1"}, 400, "round: must be a whole number"),
        ("deploy", {**BRIEF, "checks": [1]}, 400, "checks[0]"),
        ("deploy", {**BRIEF, "attachments": [{"name": CANARY, "url": CANARY}]}, 400, "attachments[0].url"),
        (CANARY, {}, 404, "there are: /deploy"),
    ],
)
async def test_arguments_that_break_a_rule_are_refused_at_once_and_never_repeated(
    client: httpx.AsyncClient, name: str, body: Any, status: int, told: str
) -> None:
    answer = await client.post(f"/gradio_api/call/v2/{name}", json=body)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert CANARY not in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"data": {}}', b'{"data": [1, 2, 3]}', b'{"data": [NaN]}'])
async def test_positional_bodies_of_another_shape_are_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/gradio_api/call/space_runtime", content=body)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)


@pytest.mark.parametrize(
    "path", ["/config", "/gradio_api/info", "/gradio_api/info/", "/gradio_api/openapi.json", "/agents.md"]
)
async def test_discovery_is_public(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Authorization": ""})
    assert answer.status_code == 200
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "request_line",
    [
        ("POST", "/gradio_api/call/space_runtime"),
        ("POST", "/gradio_api/call/v2/space_runtime"),
        ("GET", "/gradio_api/call/space_runtime/x"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/gradio_api/queue/data?session_hash=s1"),
        ("GET", "/gradio_api/heartbeat/s1"),
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/file=x"),
    ],
)
@pytest.mark.parametrize(("token", "status"), [("", 401), ("Bearer wrong", 403), ("Bearer hf_made_up", 401)])
async def test_calls_are_not_public(
    client: httpx.AsyncClient,
    services: GradioServicesInMemory,
    request_line: tuple[str, str],
    token: str,
    status: int,
) -> None:
    method, path = request_line
    for headers in ({"Authorization": token}, {"Authorization": "", "x-hf-authorization": token}):
        answer = await client.request(method, path, headers=headers, json=SPACE if method == "POST" else None)
        assert answer.status_code == status
        assert answer.json()["ok"] is False
    assert all(method == "owner" for _, method in services.hub.asked)


@pytest.mark.parametrize("name", ["deploy", "job"])
async def test_a_hub_token_alone_opens_no_job(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post(
        f"/gradio_api/call/v2/{name}", json=BRIEF, headers={"Authorization": f"Bearer {HUB_TOKEN}"}
    )
    assert (answer.status_code, "own secret" in answer.json()["error"]) == (403, True)


@pytest.mark.parametrize("given_token", [None, "", "   "])
async def test_the_callers_own_token_acts_when_none_or_a_blank_one_is_given(
    client: httpx.AsyncClient, services: GradioServicesInMemory, given_token: str | None
) -> None:
    headers = {"Authorization": "", **ACCOUNT}
    await call(client, "pause_space", {**SPACE, "hf_token": given_token}, headers=headers)
    assert (HUB_TOKEN, "pause ada/app") in services.hub.asked
    assert None not in {token for token, _ in services.hub.asked}


async def test_a_token_among_the_arguments_acts_before_all_others(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    await call(client, "restart_space", {**SPACE, "hf_token": OTHER_HUB_TOKEN, "factory_reboot": True})
    assert services.hub.asked == [(OTHER_HUB_TOKEN, "restart ada/app True")]


async def test_the_operators_token_acts_for_the_operator(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    files = {"index.html": "<h1>x</h1>", "a.bin": {"base64": "AAE="}}
    ((event, (created,)),) = await call(client, "create_space", {"space_type": "static", "files": files, "name": "hi"})
    assert (event, created["space_id"], created["message"]) == ("complete", "deployer/hi", "New Space created")
    assert services.hub.asked == [(None, "create static a.bin,index.html")]


async def test_an_owner_cannot_act_as_the_operator(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"ada@example.com": "ada-s-own-long-secret"}))
    services = GradioServicesInMemory(tmp_path, deploy_secrets_file=secrets)
    owner = {"Authorization": "Bearer ada-s-own-long-secret"}
    async with client_of(services) as client:
        refused = await call(client, "pause_space", SPACE, headers=owner)
        await call(client, "pause_space", {**SPACE, "hf_token": HUB_TOKEN}, headers=owner)
        foreign = await client.post("/gradio_api/call/v2/deploy", json=BRIEF | {"email": "b@c"}, headers=owner)
        own = await client.post("/gradio_api/call/v2/deploy", json=BRIEF, headers=owner)
    services.database.close()
    assert refused[0][0] == "error"
    assert services.hub.asked == [(HUB_TOKEN, "pause ada/app")]
    assert (foreign.status_code, own.status_code) == (403, 200)


async def test_a_copy_goes_to_the_tokens_own_account_unless_told_otherwise(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    await call(client, "duplicate_space", {"from_id": "ada/app"})
    await call(client, "duplicate_space", {"from_id": "ada/app", "to_id": "copy", "private": False})
    await call(client, "duplicate_space", {"from_id": "ada/app", "to_id": "org/copy"})
    assert [asked for _, asked in services.hub.asked if asked != "owner"] == [
        "duplicate ada/app deployer/app True",
        "duplicate ada/app deployer/copy False",
        "duplicate ada/app org/copy True",
    ]
    assert (await call(client, "duplicate_space", {"from_id": "ada/app", "to_id": "a//b"}))[0][0] == "error"


async def test_a_copy_says_which_secrets_it_lacks(client: httpx.AsyncClient) -> None:
    ((event, (copy,)),) = await call(client, "duplicate_space", {"from_id": "ada/app"})
    assert (event, copy["space_id"]) == ("complete", "deployer/app")
    assert "KEY" in copy["warning"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_id": "ada/static", "secrets": {"KEY": CANARY}},  # every visitor could read it
        {"secrets": {"KEY": CANARY}, "variables": {"KEY": CANARY}},
        {"secrets": {"not a name": CANARY}},
        {"hardware": f"{CANARY} !"},
        {"sleep_time": -2},
    ],
)
async def test_a_copy_that_breaks_a_rule_of_spaces_is_not_made(
    client: httpx.AsyncClient, services: GradioServicesInMemory, wrong: dict[str, Any]
) -> None:
    ((event, data),) = await call(client, "duplicate_space", {"from_id": "ada/app", **wrong})
    assert event == "error"
    assert CANARY not in data["error"]
    assert not [asked for _, asked in services.hub.asked if asked.startswith("duplicate")]


async def test_a_job_tells_its_stages_and_then_its_result(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    event_id = await begin(client, "deploy", BRIEF)
    (job_id,) = services.jobs.ids
    reading = asyncio.create_task(events(client, "deploy", event_id))
    services.jobs.start(job_id)
    services.jobs.event(job_id, EventKind.STARTED, Stage.GENERATE)
    await asyncio.sleep(0)
    services.jobs.finish(job_id)
    told = await reading
    assert [event for event, _ in told] == ["generating"] * 3 + ["complete"]
    assert [data[0]["stage"] for event, data in told if event == "generating"] == [None, "generate", None]
    assert told[-1][1][0]["pages_url"] == make_publication().pages_url
    assert await events(client, "deploy", event_id) == told


async def test_a_job_that_fails_ends_as_an_error_that_names_it(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    event_id = await begin(client, "deploy", BRIEF)
    (job_id,) = services.jobs.ids
    services.jobs.fail(job_id, Failure(Stage.PUBLISH, "publish_failed", "GitHub refused"))
    told = await events(client, "deploy", event_id)
    assert told[-1] == ("error", {"error": f"publish failed: GitHub refused (job {job_id})"})


async def test_the_same_brief_again_joins_its_job(client: httpx.AsyncClient, services: GradioServicesInMemory) -> None:
    await begin(client, "deploy", BRIEF)
    await begin(client, "deploy", BRIEF)
    assert len(services.jobs.ids) == 1
    changed = await client.post("/gradio_api/call/v2/deploy", json=BRIEF | {"brief": "Another."})
    assert changed.status_code == 409


async def test_hanging_up_stops_neither_a_job_nor_a_call(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    event_id = await begin(client, "deploy", BRIEF)
    (job_id,) = services.jobs.ids
    reading = asyncio.create_task(events(client, "deploy", event_id))
    while not services.jobs.watching:
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    services.jobs.finish(job_id)
    assert (await events(client, "deploy", event_id))[-1][0] == "complete"


async def test_uploaded_files_become_attachments(client: httpx.AsyncClient, services: GradioServicesInMemory) -> None:
    files = [("files", ("data.csv", b"a,b\n")), ("files", ("../x.json", b"{}"))]
    paths = (await client.post("/gradio_api/upload", files=files)).json()
    sent = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    sent.append({"name": "c.txt", "url": "data:,c"})
    await begin(client, "deploy", {**BRIEF, "attachments": sent})
    brief = await services.jobs.brief(services.jobs.ids[0])
    assert [(each.name, each.media_type, each.content) for each in brief.attachments] == [
        ("data.csv", "text/csv", b"a,b\n"),
        ("x.json", "application/json", b"{}"),
        ("c.txt", "text/plain", b"c"),
    ]


async def test_a_file_that_was_not_uploaded_is_no_attachment(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    answer = await client.post("/gradio_api/call/v2/deploy", json={**BRIEF, "attachments": [file]})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "attachments[0]")
    assert services.jobs.ids == []


async def test_a_job_is_shown_without_anything_that_clients_would_take_for_a_file(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    job, _ = await services.jobs.accept(make_brief())
    services.jobs.finish(job.id, seen=Seen(findings=(make_finding(path="index.html"),)))
    ((event, (shown,)),) = await call(client, "job", {"job_id": job.id})
    assert (event, shown["job_id"], shown["app"]) == ("complete", job.id, None)
    assert (shown["findings"][0]["file"], "path" in shown["findings"][0]) == ("index.html", False)


async def test_the_app_of_a_job_is_a_file_to_download(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    job, _ = await services.jobs.accept(make_brief())
    services.jobs.finish(job.id)
    ((_, (shown,)),) = await call(client, "job", {"job_id": job.id, "download": True})
    answer = await client.get(f"/gradio_api/file={shown['app']['path']}")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''sales-summary.zip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["index.html"]


async def test_a_foreign_job_is_not_found(client: httpx.AsyncClient) -> None:
    assert await call(client, "job", {"job_id": "0" * 32}) == [("error", {"error": "no such job"})]


async def test_uploads_are_for_holders_of_a_secret_and_for_their_sender_alone(client: httpx.AsyncClient) -> None:
    account = {"Authorization": f"Bearer {HUB_TOKEN}"}
    files = [("files", ("page.html", b"<script>"))]
    assert (await client.post("/gradio_api/upload", files=files, headers=account)).status_code == 403
    (path,) = (await client.post("/gradio_api/upload/", files=files)).json()
    assert (await client.get(f"/gradio_api/file={path}", headers=account)).status_code == 404
    served = await client.get(f"/gradio_api/file={path}")
    assert served.content == b"<script>"
    assert served.headers["content-disposition"].startswith("attachment")
    assert served.headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "", "x/y", "%00"])
async def test_no_other_file_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/gradio_api/file={path}")).status_code == 404


@pytest.mark.parametrize("path", ["/config", "/gradio_api/info", "/gradio_api/openapi.json", "/agents.md", "/docs"])
async def test_a_document_can_be_asked_for_its_head_alone(client: httpx.AsyncClient, path: str) -> None:
    head, whole = await client.head(path), await client.get(path)
    assert (head.status_code, head.headers) == (200, whole.headers)


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=9-", "bytes=a-b", "bytes=" + ",".join(["0-0"] * 200)])
async def test_a_file_comes_whole_whatever_range_of_it_is_asked_for(client: httpx.AsyncClient, asked: str) -> None:
    (path,) = (await client.post("/gradio_api/upload", files={"files": ("a.txt", b"abc")})).json()
    answer = await client.get(f"/gradio_api/file={path}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, b"abc")
    assert answer.headers["accept-ranges"] == "none"
    assert (await client.head(f"/gradio_api/file={path}")).headers["content-length"] == "3"


async def test_every_request_that_is_documented_with_an_example_can_be_sent_as_it_is(client: httpx.AsyncClient) -> None:
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


async def test_uploads_have_their_limits(tmp_path: Path) -> None:
    services = GradioServicesInMemory(tmp_path, max_attachment_bytes=10, max_attachments=2, max_request_bytes=2000)
    async with client_of(services) as client:
        large = await client.post("/gradio_api/upload", files=[("files", ("a", b"x" * 11))])
        many = await client.post("/gradio_api/upload", files=[("files", ("a", b"x"))] * 3)
        huge = await client.post("/gradio_api/upload", files=[("files", ("a", b"x" * 3000))])
        none = await client.post("/gradio_api/upload", files=[("other", ("a", b"x"))])
        text = await client.post("/gradio_api/upload", data={"files": "text"})
        broken = await client.post(
            "/gradio_api/upload", content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
    services.database.close()
    answers = [large, many, huge, none, text, broken]
    assert [answer.status_code for answer in answers] == [400, 400, 413, 400, 400, 400]
    assert all(answer.json()["ok"] is False for answer in answers)


async def test_silence_is_broken_by_heartbeats(
    client: httpx.AsyncClient, services: GradioServicesInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(calls, "LOOK_SECONDS", 0.01)
    services.hub.delay = 0.2
    told = await call(client, "space_runtime", SPACE)
    assert (told[0], told[-1][0]) == (("heartbeat", None), "complete")


async def test_a_call_that_takes_too_long_ends_as_an_error(
    client: httpx.AsyncClient, services: GradioServicesInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.01)
    services.hub.delay = 60
    assert await call(client, "space_runtime", SPACE) == [("error", {"error": "the call did not end within 0 seconds"})]


async def test_a_fault_of_ours_ends_the_call_and_tells_nothing(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    services.hub.fault = RuntimeError(CANARY)
    assert await call(client, "space_runtime", SPACE) == [("error", {"error": "internal error"})]


async def test_a_call_that_runs_in_another_process_is_followed_and_given_up_in_time(
    client: httpx.AsyncClient, services: GradioServicesInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LOOK_SECONDS", 0.01)
    elsewhere = await services.call_events.add("operator", "space_runtime")
    reading = asyncio.create_task(events(client, "space_runtime", elsewhere.id))
    await services.call_events.record(elsewhere.id, CallOutcome({"stage": "PAUSED"}))
    assert await reading == [("complete", [{"stage": "PAUSED"}])]
    lost = await services.call_events.add("operator", "space_runtime")
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.0)
    ((event, data),) = await events(client, "space_runtime", lost.id)
    assert (event, "call again" in data["error"]) == ("error", True)


async def test_calls_that_come_all_at_once_cannot_all_take_the_last_place(
    client: httpx.AsyncClient, services: GradioServicesInMemory
) -> None:
    services.hub.delay = SECONDS
    path = "/gradio_api/call/v2/space_runtime"
    answers = await asyncio.gather(*[client.post(path, json=SPACE) for _ in range(calls.MOST_RUNNING + 5)])
    assert Counter(answer.status_code for answer in answers) == {200: calls.MOST_RUNNING, 429: 5}


async def test_a_thousand_abandoned_calls_are_refused_beyond_the_limit(tmp_path: Path) -> None:
    services = GradioServicesInMemory(tmp_path, limits={"most_per_caller": 20})
    async with client_of(services) as client:
        call = partial(client.post, "/gradio_api/call/v2/space_runtime", json=SPACE)
        statuses = [(await call()).status_code for _ in range(1000)]
    services.database.close()
    assert {status: statuses.count(status) for status in set(statuses)} == {200: 20, 429: 980}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(CANARY),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just(CANARY), inside, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(
    ["deploy", "job", "create_space", "space_runtime", "restart_space", "pause_space", "duplicate_space"]
)
parameters = st.sampled_from(
    [
        "email",
        "round",
        "checks",
        "attachments",
        "space_id",
        "files",
        "parameters",
        "secrets",
        "hf_token",
        "job_id",
        CANARY,
    ]
)


@pytest.fixture(scope="module")
def fuzzed_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    services = GradioServicesInMemory(tmp_path_factory.mktemp("fuzz"))
    yield app_of(services)
    services.database.close()


@settings(max_examples=200)
@given(
    name=names,
    body=st.binary(max_size=50)
    | st.dictionaries(parameters, json_values, max_size=4).map(lambda value: json.dumps(value).encode())
    | st.lists(json_values, max_size=4).map(lambda value: json.dumps({"data": value}).encode()),
    path=st.sampled_from(["call/", "call/v2/"]),
)
def test_whatever_is_sent_is_never_a_fault_of_ours_and_never_repeated(
    fuzzed_app: FastAPI, name: str, body: bytes, path: str
) -> None:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(fuzzed_app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://pipeline.test", headers=OPERATOR) as client:
            return await client.post(f"/gradio_api/{path}{name}", content=body)

    answer = asyncio.run(send())
    assert answer.status_code in {200, 400, 429}
    assert CANARY not in answer.text
