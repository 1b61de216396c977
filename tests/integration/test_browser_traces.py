"""The recorded second look at an app whose checks failed."""

import io
import json
from zipfile import ZipFile

import pytest

from pipeline.verification.browser import trace as tracing
from pipeline.verification.browser.sealed_browser import SealedBrowser
from tests.integration.browser_rig import RIGHT, look, needs_browser, outcomes

pytestmark = needs_browser

FAILS = "document.querySelector('#total').textContent === '43'"
THROWS = "nowhere.textContent"


def steps_of(recording: bytes) -> str:
    with ZipFile(io.BytesIO(recording)) as archive:
        assert "trace.stacks" not in archive.namelist(), "it would tell where this program is installed"
        return archive.read("trace.trace").decode()


async def test_a_failed_check_is_recorded_with_the_page_and_what_the_script_said(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT, "document.title.length > 0", FAILS, THROWS)
    assert outcomes(seen) == ["pass", "fail", "fail"]
    assert seen.recording
    assert seen.no_trace == ""
    steps = [json.loads(line) for line in steps_of(seen.recording).splitlines()]
    groups = [step.get("title") for step in steps if step.get("method") == "tracingGroup"]
    assert groups == [f"js: {FAILS}", f"js: {THROWS}"]
    assert any("nowhere is not defined" in str(step.get("error")) for step in steps)
    assert any(step["type"] == "frame-snapshot" for step in steps)


async def test_an_app_without_a_failed_check_is_looked_at_once(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT, "document.title.length > 0")
    assert (seen.recording, seen.no_trace) == (None, "")


async def test_a_script_that_never_gives_way_leaves_the_browser_to_others(browser: SealedBrowser) -> None:
    seen = await look(browser, RIGHT, "(() => { while (true) {} })()", FAILS)
    assert outcomes(seen) == ["fail", "fail"]
    assert seen.recording
    steps = [json.loads(line) for line in steps_of(seen.recording).splitlines()]
    asked = {step["callId"] for step in steps if step["type"] == "before" and FAILS in str(step["params"])}
    answers = [step.get("result") for step in steps if step["type"] == "after" and step["callId"] in asked]
    assert answers == [{"value": {"b": False}}], "the next check has its answer"
    assert outcomes(await look(browser, RIGHT, "document.title.length > 0")) == ["pass"]


async def test_what_was_not_kept_is_told(browser: SealedBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "MAX_TRACE", 1000)
    seen = await look(browser, RIGHT, FAILS)
    assert seen.recording is None
    assert seen.no_trace.startswith("it was dropped: it took more than")
    dead = await look(browser, "<script>while (true) {}</script>", FAILS)
    assert dead.no_trace.startswith("the page dies")
