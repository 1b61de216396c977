"""GET /jobs/{id}/app.zip and evidence.zip: what is in them, and what never is."""

import io
import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import httpx
import pytest

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.job import EventKind, Failure, Stage
from pipeline.domain.verdict import Finding, Outcome, Seen, Severity
from tests.builders import make_call, make_made, make_verdict
from tests.fakes.jobs import SECRET
from tests.integration.http_rig import SITE, Client, accept

CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8ffff3f0005fe02fea135cd8e0000000049454e44ae426082"
)
HOSTILE = "</pre><script>alert(1)</script><img src='https://evil.example/x'> & \x00\ud800"
TOKEN = "ghp_" + "aB3dE6gH9k" * 4


def zipped(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def entries_of(response: httpx.Response) -> dict[str, bytes]:
    assert (response.status_code, response.headers["content-type"]) == (200, "application/zip")
    with ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def checks_in(junit: bytes) -> ET.Element:
    return ET.fromstring(junit)[0]  # noqa: S314 - our own


async def finished(client: Client, text: str = "h1 reads Sales", **fields: Any) -> str:
    """A job with ``text`` wherever somebody else's words end up."""
    job_id = await accept(client.services, task="Sales, summary", evaluation_url="https://example.com/notify")
    client.jobs.start(job_id)
    client.jobs.event(job_id, EventKind.PROGRESS, Stage.CONFIRM, f"read back 4 files {text}")
    await client.jobs.redeliver(job_id)
    seen = Seen(
        verdicts=(
            make_verdict(),
            make_verdict(check=Check.from_script(f"'{text}'"), outcome=Outcome.FAIL, evidence=text),
            make_verdict(check=Check.from_text(text), outcome=Outcome.NOT_VERIFIABLE),
        ),
        findings=(Finding(Severity.WARNING, "blocked-request", f"the page asks for {text}"),),
        console=(f"error: {text}",),
        screenshot="0" * 64,
        trace="1" * 64,
    )
    client.jobs.screenshots[job_id] = PNG
    client.jobs.traces[job_id] = zipped(**{"trace.trace": text.encode("utf-8", "replace"), "resources/x": b"\xff\xd8"})
    made = make_made(summary=text, notes=(text,), calls=(make_call(), make_call(cost_usd=None)))
    client.jobs.finish(job_id, **{"files": AppFiles(SITE), "seen": seen, "made": made, **fields})
    return job_id


async def test_the_app_is_the_same_archive_every_time(client: Client) -> None:
    job_id = await finished(client)
    first, second = [await client.get(f"/jobs/{job_id}/app.zip") for _ in range(2)]
    assert entries_of(first) == SITE
    assert first.content == second.content
    assert first.headers["content-disposition"] == 'attachment; filename="sales-summary.zip"'


async def test_before_there_is_an_app_the_answer_says_so_and_the_evidence_tells_what_there_is(client: Client) -> None:
    job_id = await accept(client.services)
    client.jobs.fail(job_id, Failure(Stage.GENERATE, "generation_failed", "the model gave up"))
    refused = await client.get(f"/jobs/{job_id}/app.zip")
    assert (refused.status_code, refused.json()["error"].split(":")[0]) == (404, "this job has no app yet")
    told = entries_of(await client.get(f"/jobs/{job_id}/evidence.zip"))
    assert set(told) == {"evidence.html", "evidence.json", "evidence.xml"}
    assert b"the model gave up" in told["evidence.html"]


async def test_the_evidence_tells_the_same_as_page_json_and_junit(client: Client) -> None:
    job_id = await finished(client)
    told = entries_of(await client.get(f"/jobs/{job_id}/evidence.zip"))
    assert list(told) == ["evidence.html", "evidence.json", "evidence.xml", "screenshot.png", "trace.zip"]
    assert told["screenshot.png"] == PNG
    document = json.loads(told["evidence.json"])
    assert document["job"] == (await client.get(f"/jobs/{job_id}")).json()
    assert document["read_back"] == ["read back 4 files h1 reads Sales"]
    assert [file["path"] for file in document["files"]] == sorted(SITE)
    suite = checks_in(told["evidence.xml"])
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    page = told["evidence.html"].decode()
    places = [
        page.index(f'class="{verdict}">{word}</strong>') for verdict, word in (("fail", "fail"), ("pass", "pass"))
    ]
    assert places == sorted(places), "what failed comes first"
    for shown in ("error: h1 reads Sales", document["files"][0]["sha256"], document["job"]["commit_sha"], "$0.0100"):
        assert shown in page


async def test_a_secret_is_in_nothing_that_is_taken_away(client: Client) -> None:
    job_id = await finished(client, f"it says {SECRET} and {TOKEN}")
    told = entries_of(await client.get(f"/jobs/{job_id}/evidence.zip"))
    with ZipFile(io.BytesIO(told["trace.zip"])) as trace:
        told |= {name: trace.read(name) for name in trace.namelist()}
    assert told["resources/x"] == b"\xff\xd8"
    for name, content in told.items():
        assert SECRET.encode() not in content, name
        assert TOKEN.encode() not in content, name
    assert b"it says [secret] and [secret]" in told["evidence.html"]
    assert b"it says [secret] and [secret]" in told["trace.trace"]


async def test_words_of_others_are_only_words(client: Client, tmp_path: Path) -> None:
    told = entries_of(await client.get(f"/jobs/{await finished(client, HOSTILE)}/evidence.zip"))
    assert checks_in(told["evidence.xml"])[1].get("name", "").startswith("js: '</pre><script>")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.async_api import async_playwright

    (tmp_path / "evidence.html").write_bytes(told["evidence.html"])
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        page = await browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
        page.on("request", lambda request: asked.append(request.url))
        await page.goto((tmp_path / "evidence.html").as_uri())
        assert await page.locator("script").count() == 0
        assert await page.locator("img").count() == 1
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
