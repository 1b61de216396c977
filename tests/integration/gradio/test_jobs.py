"""The Gradio-compatible routes: jobs, uploads and files, and whatever else is sent."""

import asyncio
import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.job import EventKind, Failure, Stage
from pipeline.domain.verdict import Seen
from pipeline.web.gradio.registry import FUNCTIONS
from tests.builders import make_brief, make_finding, make_publication
from tests.fakes.gradio import HUB_TOKEN
from tests.integration.gradio_rig import BRIEF, CANARY, Client, begin, call, events


async def test_a_job_tells_its_stages_and_then_its_result(client: Client) -> None:
    event_id = await begin(client, "deploy", BRIEF)
    (job_id,) = client.jobs.ids
    reading = asyncio.create_task(events(client, "deploy", event_id))
    client.jobs.start(job_id)
    client.jobs.event(job_id, EventKind.STARTED, Stage.GENERATE)
    await asyncio.sleep(0)
    client.jobs.finish(job_id)
    told = await reading
    assert [event for event, _ in told] == ["generating"] * 3 + ["complete"]
    assert [data[0]["stage"] for event, data in told if event == "generating"] == [None, "generate", None]
    assert told[-1][1][0]["pages_url"] == make_publication().pages_url
    assert await events(client, "deploy", event_id) == told


async def test_a_job_that_fails_ends_as_an_error_that_names_it(client: Client) -> None:
    event_id = await begin(client, "deploy", BRIEF)
    (job_id,) = client.jobs.ids
    client.jobs.fail(job_id, Failure(Stage.PUBLISH, "publish_failed", "GitHub refused"))
    told = await events(client, "deploy", event_id)
    assert told[-1] == ("error", {"error": f"publish failed: GitHub refused (job {job_id})"})


async def test_the_same_brief_again_joins_its_job(client: Client) -> None:
    await begin(client, "deploy", BRIEF)
    await begin(client, "deploy", BRIEF)
    assert len(client.jobs.ids) == 1
    changed = await client.post("/gradio_api/call/v2/deploy", json=BRIEF | {"brief": "Another."})
    assert changed.status_code == 409


async def test_hanging_up_stops_neither_a_job_nor_a_call(client: Client) -> None:
    event_id = await begin(client, "deploy", BRIEF)
    (job_id,) = client.jobs.ids
    reading = asyncio.create_task(events(client, "deploy", event_id))
    while not client.jobs.watching:
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    client.jobs.finish(job_id)
    assert (await events(client, "deploy", event_id))[-1][0] == "complete"


async def test_uploaded_files_become_attachments(client: Client) -> None:
    files = [("files", ("data.csv", b"a,b\n")), ("files", ("../x.json", b"{}"))]
    paths = (await client.post("/gradio_api/upload", files=files)).json()
    sent = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    sent.append({"name": "c.txt", "url": "data:,c"})
    await begin(client, "deploy", {**BRIEF, "attachments": sent})
    brief = await client.jobs.brief(client.jobs.ids[0])
    assert [(each.name, each.media_type, each.content) for each in brief.attachments] == [
        ("data.csv", "text/csv", b"a,b\n"),
        ("x.json", "application/json", b"{}"),
        ("c.txt", "text/plain", b"c"),
    ]


async def test_a_file_that_was_not_uploaded_is_no_attachment(client: Client) -> None:
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    answer = await client.post("/gradio_api/call/v2/deploy", json={**BRIEF, "attachments": [file]})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "attachments[0]")
    assert client.jobs.ids == []


async def test_a_job_is_shown_without_anything_that_clients_would_take_for_a_file(client: Client) -> None:
    job, _ = await client.jobs.accept(make_brief())
    client.jobs.finish(job.id, seen=Seen(findings=(make_finding(path="index.html"),)))
    ((event, (shown,)),) = await call(client, "job", {"job_id": job.id})
    assert (event, shown["job_id"], shown["app"]) == ("complete", job.id, None)
    assert (shown["findings"][0]["file"], "path" in shown["findings"][0]) == ("index.html", False)


async def test_the_app_of_a_job_is_a_file_to_download(client: Client) -> None:
    job, _ = await client.jobs.accept(make_brief())
    client.jobs.finish(job.id)
    ((_, (shown,)),) = await call(client, "job", {"job_id": job.id, "download": True})
    answer = await client.get(f"/gradio_api/file={shown['app']['path']}")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''sales-summary.zip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["index.html"]


async def test_a_foreign_job_is_not_found(client: Client) -> None:
    assert await call(client, "job", {"job_id": "0" * 32}) == [("error", {"error": "no such job"})]


async def test_uploads_are_for_holders_of_a_secret_and_for_their_sender_alone(client: Client) -> None:
    account = {"Authorization": f"Bearer {HUB_TOKEN}"}
    files = [("files", ("page.html", b"<script>"))]
    assert (await client.post("/gradio_api/upload", files=files, headers=account)).status_code == 403
    (path,) = (await client.post("/gradio_api/upload/", files=files)).json()
    assert (await client.get(f"/gradio_api/file={path}", headers=account)).status_code == 404
    served = await client.get(f"/gradio_api/file={path}")
    assert served.content == b"<script>"
    assert served.headers["content-disposition"].startswith("attachment")
    assert served.headers["content-security-policy"] == "sandbox; frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "", "x/y", "%00"])
async def test_no_other_file_is_served(client: Client, path: str) -> None:
    assert (await client.get(f"/gradio_api/file={path}")).status_code == 404


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=9-", "bytes=a-b", "bytes=" + ",".join(["0-0"] * 200)])
async def test_a_file_comes_whole_whatever_range_of_it_is_asked_for(client: Client, asked: str) -> None:
    (path,) = (await client.post("/gradio_api/upload", files={"files": ("a.txt", b"abc")})).json()
    answer = await client.get(f"/gradio_api/file={path}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, b"abc")
    assert answer.headers["accept-ranges"] == "none"
    assert (await client.head(f"/gradio_api/file={path}")).headers["content-length"] == "3"


async def test_uploads_have_their_limits(tmp_path: Path) -> None:
    async with Client(tmp_path, max_attachment_bytes=10, max_attachments=2, max_request_bytes=2000) as client:
        large = await client.post("/gradio_api/upload", files=[("files", ("a", b"x" * 11))])
        many = await client.post("/gradio_api/upload", files=[("files", ("a", b"x"))] * 3)
        huge = await client.post("/gradio_api/upload", files=[("files", ("a", b"x" * 3000))])
        none = await client.post("/gradio_api/upload", files=[("other", ("a", b"x"))])
        text = await client.post("/gradio_api/upload", data={"files": "text"})
        broken = await client.post(
            "/gradio_api/upload", content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
    answers = [large, many, huge, none, text, broken]
    assert [answer.status_code for answer in answers] == [400, 400, 413, 400, 400, 400]
    assert all(answer.json()["ok"] is False for answer in answers)


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
