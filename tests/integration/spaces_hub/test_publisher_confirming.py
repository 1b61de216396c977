"""The hf-space target: a Space counts once it runs the commit and serves it."""

import asyncio

import pytest

from pipeline.domain.errors import BuildFailed, NotLive
from pipeline.domain.files import AppFiles
from pipeline.domain.space import BROKEN, GRACE_SECONDS
from pipeline.publishing import space_watch
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Hang, too_many_requests
from tests.integration.spaces_hub.publishing import GRADIO, ID, PAGE, STATIC, confirm, publish


@pytest.mark.parametrize("stage", ["BUILD_ERROR", "RUNTIME_ERROR"])
async def test_a_broken_build_or_start_ends_with_the_end_of_its_log(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stage: str
) -> None:
    log = [f"\x1b[31mline {number}\x1b[0m " + "x" * 1000 for number in range(200)]
    kind = {"BUILD_ERROR": "build_log", "RUNTIME_ERROR": "run_log"}[stage]
    hub.script("*", ["BUILDING", "APP_STARTING", stage], error_message="exit code: 1", **{kind: log})  # type: ignore[arg-type]
    publication = await publish(publisher, GRADIO)
    with pytest.raises(BuildFailed, match=f"{stage}: exit code: 1") as raised:
        await confirm(publisher, publication, GRADIO, told)
    text = str(raised.value)
    assert "line 199" in text
    assert "line 139 " not in text
    assert "\x1b" not in text
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("files", "stage"), [(GRADIO.without("app.py"), "NO_APP_FILE"), (GRADIO.without("README.md"), "CONFIG_ERROR")]
)
async def test_an_app_that_cannot_be_built_at_all_is_told_after_the_grace_period(
    publisher: HfSpacePublisher, clock: FakeClock, told: list[str], files: AppFiles, stage: str
) -> None:
    publication = await publish(publisher, files)
    with pytest.raises(BuildFailed, match=stage):
        await confirm(publisher, publication, GRADIO, told)
    assert sum(clock.slept) >= GRACE_SECONDS


@pytest.mark.parametrize("stale", ["RUNNING", *sorted(BROKEN)])
async def test_the_stage_of_the_version_before_is_not_taken_for_this_one(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stale: str
) -> None:
    hub.script("*", [stale, stale, "BUILDING", "APP_STARTING", "RUNNING"])
    publication = await publish(publisher, GRADIO)
    await confirm(publisher, publication, GRADIO, told)
    assert [line.rpartition(" ")[2] for line in told[:-1]] == [stale, "BUILDING", "APP_STARTING", "RUNNING"]


async def test_a_build_that_nobody_saw_counts_after_the_grace_period(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str]
) -> None:
    hub.script("*", ["RUNNING"])
    await confirm(publisher, await publish(publisher, GRADIO), GRADIO, told)
    assert sum(clock.slept) >= GRACE_SECONDS


@pytest.mark.parametrize("stage", ["PAUSED", "DELETING", "A_STAGE_OF_TOMORROW"])
async def test_a_stage_that_does_not_pass_is_waited_for_and_then_told(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str], stage: str
) -> None:
    hub.script("*", ["BUILDING", stage])
    publication = await publish(publisher, GRADIO)
    with pytest.raises(NotLive, match=f"is {stage} since .* s: (it was paused by its owner|look at its page)"):
        await confirm(publisher, publication, GRADIO, told)
    assert space_watch.REST_SECONDS <= sum(clock.slept) <= space_watch.REST_SECONDS + 20
    assert all(3 <= seconds <= 5 for seconds in clock.slept)


async def test_a_build_without_end_is_not_live(
    hub: FakeHub, host: HubSpaceHost, workspaces: GitWorkspaces, clock: FakeClock, told: list[str]
) -> None:
    hub.script("*", ["BUILDING"])
    publisher = HfSpacePublisher(host, workspaces, clock, build_seconds=300)
    publication = await publish(publisher, GRADIO)
    with pytest.raises(NotLive, match="is BUILDING since 30"):
        await confirm(publisher, publication, GRADIO, told)


@pytest.mark.parametrize("stage", ["SLEEPING", "STOPPED"])
async def test_a_space_that_sleeps_is_woken_by_a_visit(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stage: str
) -> None:
    hub.script("*", [stage])
    publication = await publish(publisher, GRADIO)
    await confirm(publisher, publication, GRADIO, told)
    assert hub.spaces[ID].starts == 2


async def test_a_space_that_nothing_wakes_is_not_live(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    hub.script("*", ["SLEEPING"])
    hub.add_fault(Fault("GET", "^/app/", times=None))
    publication = await publish(publisher, GRADIO)
    with pytest.raises(NotLive, match="neither a visit nor a restart woke it"):
        await confirm(publisher, publication, GRADIO, told)
    assert len(hub.calls("POST", "/restart")) == 1


async def test_a_hub_that_falls_silent_while_an_app_is_built_is_waited_for(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    publication = await publish(publisher, GRADIO)
    hub.add_fault(Fault("GET", "/runtime", times=6, answer=Answer(503)))
    hub.add_fault(Fault("GET", "/runtime", answer=Hang(0.5)))
    await confirm(publisher, publication, GRADIO, told)
    hub.add_fault(Fault("GET", "/runtime", times=None, answer=Answer(503)))
    with pytest.raises(NotLive, match="cannot be told"):
        await confirm(publisher, publication, GRADIO, told)


async def test_too_many_requests_while_an_app_is_built_are_waited_for_beyond_the_hosts_patience(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str]
) -> None:
    publication = await publish(publisher, GRADIO)
    hub.add_fault(Fault("GET", "/runtime", answer=too_many_requests(250)))
    await confirm(publisher, publication, GRADIO, told)
    assert max(clock.slept) >= 250


async def test_a_space_that_is_gone_is_not_live(hub: FakeHub, publisher: HfSpacePublisher, told: list[str]) -> None:
    publication = await publish(publisher, GRADIO)
    hub.spaces.clear()
    with pytest.raises(NotLive, match="no such Space"):
        await confirm(publisher, publication, GRADIO, told)


@pytest.mark.parametrize("path", ["", "css/style.css"])
async def test_a_static_space_counts_once_every_text_is_served_as_committed(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str], path: str
) -> None:
    publication = await publish(publisher, STATIC)
    old = Answer(200, content=b"<html><head></head>old</html>", media_type="text/html")
    hub.add_fault(Fault("GET", rf"^/static/[^/]+/{path}\?", times=3, answer=old))
    await confirm(publisher, publication, STATIC, told)
    assert len(clock.slept) == 3
    hub.add_fault(Fault("GET", rf"^/static/[^/]+/{path}\?", times=None, answer=old))
    with pytest.raises(NotLive, match=f"{path or 'the page'} is not this commit's"):
        await confirm(publisher, publication, STATIC, told)


async def test_what_the_hub_puts_into_pages_does_not_matter_but_anything_else_does(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    publication = await publish(publisher, STATIC)
    inserted = PAGE.replace("<head>", '<head><script>window.huggingface={"variables":{"A":"</b>"}};</script>')
    hub.add_fault(Fault("GET", r"^/static/[^/]+/\?", answer=Answer(200, content=inserted.encode())))
    await confirm(publisher, publication, STATIC, told)
    tampered = PAGE.replace("<head>", "<head><script>alert(1)</script>")
    hub.add_fault(Fault("GET", r"^/static/[^/]+/\?", times=None, answer=Answer(200, content=tampered.encode())))
    with pytest.raises(NotLive, match="is not this commit's"):
        await confirm(publisher, publication, STATIC, told)


async def test_a_cancelled_confirmation_asks_no_more(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    hub.script("*", ["BUILDING"])
    publication = await publish(publisher, GRADIO)
    watching = asyncio.create_task(confirm(publisher, publication, GRADIO, []))
    while not hub.calls("GET", "/runtime"):
        await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    await asyncio.get_running_loop().shutdown_default_executor()
    asked = len(hub.log)
    await asyncio.sleep(0.1)
    assert len(hub.log) == asked
