"""GET /jobs… through the whole application, with jobs in memory."""

import json
from pathlib import Path

import httpx
import pytest

from pipeline.domain.files import AppFiles
from pipeline.domain.job import EventKind, Failure, Stage
from tests.cases import cases
from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import ADA, BOB, CANARY, JOB_ROUTES, PAGE, Client, accept, bearer

CASES = cases("http-addresses")


async def test_jobs_are_listed_newest_first_page_by_page(client: Client) -> None:
    ids = [await accept(client.services, nonce=f"n{n}") for n in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        page = (await client.get("/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page["next_cursor"]
    assert seen == ids[::-1]
    assert cursor is None


async def test_jobs_are_listed_by_email_task_and_status(client: Client) -> None:
    first = await accept(client.services, email=ADA, task="one")
    second = await accept(client.services, email=BOB, task="two")
    client.jobs.finish(second)
    for query, expected in (
        ({"email": ADA}, [first]),
        ({"task": "two"}, [second]),
        ({"status": "waiting"}, [first]),
        ({"status": "failed"}, []),
        ({}, [second, first]),
    ):
        answer = (await client.get("/jobs", params=query)).json()
        assert [job["job_id"] for job in answer["jobs"]] == expected


@pytest.mark.parametrize(("query", "field"), [*CASES["wrong_queries"], ("task=" + CANARY * 20, "task")])
async def test_a_wrong_query_is_answered_like_a_wrong_body(client: Client, query: str, field: str) -> None:
    response = await client.get(f"/jobs?{query}")
    assert (response.status_code, [each["field"] for each in response.json()["fields"]]) == (400, [field])
    assert CANARY not in response.text


async def test_a_job_is_shown_with_its_stages_and_its_result(client: Client) -> None:
    job_id = await accept(client.services)
    client.jobs.start(job_id)
    client.jobs.event(job_id, EventKind.STARTED, Stage.GENERATE)
    client.jobs.event(job_id, EventKind.FINISHED, Stage.GENERATE, "by the model", seconds=2.5)
    client.jobs.event(job_id, EventKind.STARTED, Stage.VERIFY)
    running = (await client.get(f"/jobs/{job_id}")).json()
    assert (running["status"], running["stage"], running["finished_at"]) == ("running", "verify", None)
    client.jobs.finish(job_id)
    done = (await client.get(f"/jobs/{job_id}")).json()
    assert [(run["stage"], run["state"], run["seconds"]) for run in done["stages"]] == [
        ("generate", "finished", 2.5),
        ("verify", "interrupted", None),
    ]
    assert (done["ok"], done["status"], done["error"]) == (True, "succeeded", None)
    assert done["checks"][0]["verdict"] == "pass"
    assert done["job_url"] == f"http://127.0.0.1:8000/jobs/{job_id}"


async def test_the_log_is_text(client: Client) -> None:
    job_id = await accept(client.services)
    client.jobs.start(job_id)
    response = await client.get(f"/jobs/{job_id}/log")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text.endswith("job       status    running\n")


async def test_a_job_can_be_cancelled_once(client: Client) -> None:
    job_id = await accept(client.services)
    assert (await client.post(f"/jobs/{job_id}/cancel")).json()["status"] == "cancelled"
    assert (await client.post(f"/jobs/{job_id}/cancel")).status_code == 200
    done = await accept(client.services, nonce="n2")
    client.jobs.finish(done)
    assert (await client.post(f"/jobs/{done}/cancel")).json()["status"] == "succeeded"


async def test_a_failed_job_can_be_run_again_and_no_other(client: Client) -> None:
    job_id = await accept(client.services)
    refused = await client.post(f"/jobs/{job_id}/retry")
    assert (refused.status_code, "nothing to run again" in refused.json()["error"]) == (409, True)
    client.jobs.fail(job_id, Failure(Stage.PUBLISH, "publish_failed", "no"))
    answer = (await client.post(f"/jobs/{job_id}/retry")).json()
    assert (answer["job_id"], answer["status"], answer["error"]) == (job_id, "waiting", None)


async def test_a_notification_can_be_sent_again_when_there_is_somebody_to_tell(client: Client) -> None:
    told = await accept(client.services, evaluation_url="https://example.com/notify")
    answer = (await client.post(f"/jobs/{told}/redeliver")).json()
    assert answer["notification"] == {
        "status": "delivered",
        "attempts": 1,
        "last_status": 200,
        "last_error": None,
        "next_attempt_at": None,
    }
    assert answer["deliveries"][0]["response"] == "ok"
    untold = await accept(client.services, nonce="n2")
    response = await client.post(f"/jobs/{untold}/redeliver")
    assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "job_id")


async def test_the_apps_files_are_listed_and_downloaded_but_never_shown(client: Client) -> None:
    job_id = await accept(client.services)
    assert (await client.get(f"/jobs/{job_id}/files")).status_code == 404
    client.jobs.finish(job_id, files=AppFiles({"index.html": PAGE, "docs/caf\u00e9 1.txt": b"coffee"}))
    listed = (await client.get(f"/jobs/{job_id}/files")).json()["files"]
    assert [(each["path"], each["size"]) for each in listed] == [("docs/caf\u00e9 1.txt", 6), ("index.html", len(PAGE))]
    for each, content in zip(listed, (b"coffee", PAGE), strict=True):
        response = await client.get(httpx.URL(each["url"]).raw_path.decode())
        assert response.content == content
        assert response.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert response.headers["content-security-policy"] == "sandbox; frame-ancestors 'none'"
        assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    decomposed = await client.get(f"/jobs/{job_id}/files/docs/cafe%CC%81%201.txt")
    assert decomposed.content == b"coffee"


@pytest.mark.parametrize(
    "path", ["none.html", "../index.html", "..%2Findex.html", "%2Fetc%2Fpasswd", "index.html%00", "", "index.html/"]
)
async def test_only_the_apps_own_files_are_given_out(client: Client, path: str) -> None:
    job_id = await accept(client.services)
    client.jobs.finish(job_id)
    response = await client.get(f"/jobs/{job_id}/files/{path}")
    assert (response.status_code, response.json()["ok"]) == (404, False)


async def test_the_screenshot_is_a_picture_of_the_chosen_app(client: Client) -> None:
    job_id = await accept(client.services)
    client.jobs.screenshots[job_id] = b"\x89PNG"
    response = await client.get(f"/jobs/{job_id}/screenshot.png")
    assert (response.headers["content-type"], response.content) == ("image/png", b"\x89PNG")


async def test_there_is_no_screenshot_of_a_job_that_nobody_looked_at(client: Client) -> None:
    job_id = await accept(client.services)
    response = await client.get(f"/jobs/{job_id}/screenshot.png")
    assert (response.status_code, response.json()["error"]) == (404, "there is no screenshot of this job")


@pytest.mark.parametrize(("method", "route"), JOB_ROUTES)
async def test_every_job_route_wants_the_secret(services: MemoryServices, method: str, route: str) -> None:
    job_id = await accept(services)
    async with Client(services) as client:
        for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
            response = await client.request(method, f"/jobs/{job_id}{route}", headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert response.json()["ok"] is False
        response = await client.request(method, f"/jobs/{job_id}{route}", headers=bearer("wrong"))
        assert (response.status_code, response.json()) == (403, {"ok": False, "error": "invalid secret"})
    assert not (await services.jobs.get(job_id)).status.is_final


@pytest.mark.parametrize(("method", "route"), JOB_ROUTES)
async def test_a_foreign_job_cannot_be_told_from_one_that_does_not_exist(
    tmp_path: Path, method: str, route: str
) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({ADA: "secret-of-ada-0123", BOB: "secret-of-bob-0123"}))
    services = MemoryServices(deploy_secret=None, deploy_secrets_file=path)
    theirs = await accept(services, email=BOB, evaluation_url="https://example.com/notify")
    services.jobs.finish(theirs)
    mine = await accept(services, email=ADA)
    async with Client(services, headers=bearer("secret-of-ada-0123")) as client:
        answers = [await client.request(method, f"/jobs/{job_id}{route}") for job_id in (theirs, "0" * 32, "x", "%00")]
        assert [answer.status_code for answer in answers] == [404] * 4
        assert len({answer.text for answer in answers}) == 1
        listed = [(await client.get("/jobs", params=query)).json()["jobs"] for query in ({}, {"email": ADA})]
        assert [[job["job_id"] for job in jobs] for jobs in listed] == [[mine], [mine]]
        assert (await client.get("/jobs", params={"email": BOB})).json()["jobs"] == []
    assert (await services.jobs.get(theirs)).deliveries == ()


async def test_a_secret_that_is_not_ascii_can_be_sent_in_a_header() -> None:
    secret = "p\u00e4ssw\u00f6rd-\u65e5\u672c\u8a9e-0123"
    async with Client(MemoryServices(deploy_secret=secret)) as client:
        header = b"Bearer " + secret.encode()
        assert (await client.get("/jobs", headers=[(b"Authorization", header)])).status_code == 200
