"""The hf-space target: a Space counts once it runs the commit and serves it, whatever the Hub says of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.errors import BuildFailed, NotLive, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Target
from pipeline.domain.space import BROKEN, GRACE_SECONDS
from pipeline.publishing import space_watch
from pipeline.publishing.hf_space import HfSpacePublisher
from tests.builders import make_brief, make_site
from tests.fakes.hub import Answer, Fault, Hang, Space, too_many_requests
from tests.integration.spaces_hub.rig import ANSWERS, GRADIO, PAGE, SITE, STATIC, HubTarget, says_only, writes


@pytest.mark.parametrize("stage", ["BUILD_ERROR", "RUNTIME_ERROR"])
async def test_a_broken_build_or_start_ends_with_the_end_of_its_log(target: HubTarget, stage: str) -> None:
    log = [f"\x1b[31mline {number}\x1b[0m " + "x" * 1000 for number in range(200)]
    kind = {"BUILD_ERROR": "build_log", "RUNTIME_ERROR": "run_log"}[stage]
    target.hub.script("*", ["BUILDING", "APP_STARTING", stage], error_message="exit code: 1", **{kind: log})  # type: ignore[arg-type]
    with pytest.raises(BuildFailed, match=f"{stage}: exit code: 1") as raised:
        await target.bring_live(GRADIO)
    text = str(raised.value)
    assert "line 199" in text
    assert "line 139 " not in text
    assert "\x1b" not in text
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("files", "stage"), [(GRADIO.without("app.py"), "NO_APP_FILE"), (GRADIO.without("README.md"), "CONFIG_ERROR")]
)
async def test_an_app_that_cannot_be_built_at_all_is_told_after_the_grace_period(
    target: HubTarget, files: AppFiles, stage: str
) -> None:
    publication = await target.publish(files)
    with pytest.raises(BuildFailed, match=stage):
        await target.confirm(publication, GRADIO)
    assert sum(target.clock.slept) >= GRACE_SECONDS


@pytest.mark.parametrize("stale", ["RUNNING", *sorted(BROKEN)])
async def test_the_stage_of_the_version_before_is_not_taken_for_this_one(target: HubTarget, stale: str) -> None:
    target.hub.script("*", [stale, stale, "BUILDING", "APP_STARTING", "RUNNING"])
    await target.bring_live(GRADIO)
    assert [line.rpartition(" ")[2] for line in target.told[:-1]] == [stale, "BUILDING", "APP_STARTING", "RUNNING"]


async def test_a_build_that_nobody_saw_counts_after_the_grace_period(target: HubTarget) -> None:
    target.hub.script("*", ["RUNNING"])
    await target.confirm(await target.publish(GRADIO), GRADIO)
    assert sum(target.clock.slept) >= GRACE_SECONDS


@pytest.mark.parametrize("stage", ["PAUSED", "DELETING", "A_STAGE_OF_TOMORROW"])
async def test_a_stage_that_does_not_pass_is_waited_for_and_then_told(target: HubTarget, stage: str) -> None:
    target.hub.script("*", ["BUILDING", stage])
    with pytest.raises(NotLive, match=f"is {stage} since .* s: (it was paused by its owner|look at its page)"):
        await target.bring_live(GRADIO)
    assert space_watch.REST_SECONDS <= sum(target.clock.slept) <= space_watch.REST_SECONDS + 20
    assert all(3 <= seconds <= 5 for seconds in target.clock.slept)


async def test_a_build_without_end_is_not_live(target: HubTarget) -> None:
    target.hub.script("*", ["BUILDING"])
    publisher = HfSpacePublisher(target.host, target.workspaces, target.clock, build_seconds=300)
    target = replace(target, publisher=publisher)
    with pytest.raises(NotLive, match="is BUILDING since 30"):
        await target.bring_live(GRADIO)


@pytest.mark.parametrize("stage", ["SLEEPING", "STOPPED"])
async def test_a_space_that_sleeps_is_woken_by_a_visit(target: HubTarget, stage: str) -> None:
    target.hub.script("*", [stage])
    await target.bring_live(GRADIO)
    assert target.space.starts == 2


async def test_a_space_that_nothing_wakes_is_not_live(target: HubTarget) -> None:
    target.hub.script("*", ["SLEEPING"])
    target.hub.add_fault(Fault("GET", "^/app/", times=None))
    with pytest.raises(NotLive, match="neither a visit nor a restart woke it"):
        await target.bring_live(GRADIO)
    assert len(target.hub.calls("POST", "/restart")) == 1


async def test_a_hub_that_falls_silent_while_an_app_is_built_is_waited_for(target: HubTarget) -> None:
    publication = await target.publish(GRADIO)
    target.hub.add_fault(Fault("GET", "/runtime", times=6, answer=Answer(503)))
    target.hub.add_fault(Fault("GET", "/runtime", answer=Hang(0.5)))
    await target.confirm(publication, GRADIO)
    target.hub.add_fault(Fault("GET", "/runtime", times=None, answer=Answer(503)))
    with pytest.raises(NotLive, match="cannot be told"):
        await target.confirm(publication, GRADIO)


async def test_too_many_requests_while_an_app_is_built_are_waited_for_beyond_the_hosts_patience(
    target: HubTarget,
) -> None:
    publication = await target.publish(GRADIO)
    target.hub.add_fault(Fault("GET", "/runtime", answer=too_many_requests(250)))
    await target.confirm(publication, GRADIO)
    assert max(target.clock.slept) >= 250


async def test_a_space_that_is_gone_is_not_live(target: HubTarget) -> None:
    publication = await target.publish(GRADIO)
    target.hub.spaces.clear()
    with pytest.raises(NotLive, match="no such Space"):
        await target.confirm(publication, GRADIO)


@pytest.mark.parametrize("path", ["", "css/style.css"])
async def test_a_static_space_counts_once_every_text_is_served_as_committed(target: HubTarget, path: str) -> None:
    publication = await target.publish(STATIC)
    old = Answer(200, content=b"<html><head></head>old</html>", media_type="text/html")
    target.hub.add_fault(Fault("GET", rf"^/static/[^/]+/{path}\?", times=3, answer=old))
    await target.confirm(publication, STATIC)
    assert len(target.clock.slept) == 3
    target.hub.add_fault(Fault("GET", rf"^/static/[^/]+/{path}\?", times=None, answer=old))
    with pytest.raises(NotLive, match=f"{path or 'the page'} is not this commit's"):
        await target.confirm(publication, STATIC)


async def test_what_the_hub_puts_into_pages_does_not_matter_but_anything_else_does(target: HubTarget) -> None:
    publication = await target.publish(STATIC)
    inserted = PAGE.replace("<head>", '<head><script>window.huggingface={"variables":{"A":"</b>"}};</script>')
    target.hub.add_fault(Fault("GET", r"^/static/[^/]+/\?", answer=Answer(200, content=inserted.encode())))
    await target.confirm(publication, STATIC)
    tampered = PAGE.replace("<head>", "<head><script>alert(1)</script>")
    target.hub.add_fault(Fault("GET", r"^/static/[^/]+/\?", times=None, answer=Answer(200, content=tampered.encode())))
    with pytest.raises(NotLive, match="is not this commit's"):
        await target.confirm(publication, STATIC)


async def test_a_cancelled_confirmation_asks_no_more(target: HubTarget) -> None:
    target.hub.script("*", ["BUILDING"])
    publication = await target.publish(GRADIO)
    watching = asyncio.create_task(target.confirm(publication, GRADIO))
    while not target.hub.calls("GET", "/runtime"):
        await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    await asyncio.get_running_loop().shutdown_default_executor()
    asked = len(target.hub.log)
    await asyncio.sleep(0.1)
    assert len(target.hub.log) == asked


# Hubs that say next to nothing, or whose apps cannot be reached from here


async def test_a_hub_that_says_next_to_nothing_gets_both_rounds_with_one_commit_each(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    says_only(monkeypatch)
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    first = await target.publish(STATIC)
    assert await target.publish(STATIC) == first
    await target.confirm(first, STATIC)
    revised = STATIC.without("css/style.css").with_files({"new.css": b"b {}"})
    second = await target.publish(revised, first)
    await target.confirm(second, revised)
    assert writes(target.hub) == (1, 2)
    assert target.space.files().keys() - {".gitattributes"} == set(revised)
    assert second.pages_url == second.repo_url == target.space.url


async def test_a_hub_that_names_no_head_anywhere_is_believed_by_its_stage(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    says_only(monkeypatch)
    target.hub.add_fault(Fault("HEAD", "/resolve/", times=None, answer=Answer(404)))
    publication = await target.bring_live(GRADIO)
    assert publication.commit_sha == target.space.head
    assert "runs commit" in target.told[-1]


async def test_domains_of_the_runtime_alone_give_the_address(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    says_only(monkeypatch, "sha")
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "BUILDING", "domains": [{"domain": "sales.hf.space"}]})
    assert (await target.publish(GRADIO)).pages_url == "https://sales.hf.space/"


@pytest.mark.parametrize("stages", ANSWERS["stages"], ids=str)
async def test_every_way_to_a_running_app_is_followed_to_its_end(target: HubTarget, stages: list[str]) -> None:
    target.hub.script("*", stages, times=1)
    await target.bring_live(GRADIO)
    assert "runs commit" in target.told[-1]
    assert writes(target.hub) == (1, 1)


async def test_a_space_whose_host_is_out_of_reach_is_woken_by_one_restart(target: HubTarget) -> None:
    target.hub.script("*", ["BUILDING", "SLEEPING"], times=1)
    target.hub.add_fault(Fault("GET", "^/app/", times=None))
    await target.bring_live(GRADIO)
    assert len(target.hub.calls("POST", "/restart")) == 1


async def test_a_new_space_whose_runtime_is_not_there_yet_is_waited_for(target: HubTarget) -> None:
    publication = await target.publish(GRADIO)
    target.hub.add_fault(Fault("GET", "/runtime", times=3, answer=Answer(404, {"error": "Repository not found"})))
    await target.confirm(publication, GRADIO)
    assert "runs commit" in target.told[-1]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://deployer-sales.static.hf.invalid", None])
async def test_pages_whose_host_is_out_of_reach_are_read_back_from_the_repository(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    info: Callable[..., dict[str, Any]] = Space.info
    told = {"host": address, "subdomain": None, "runtime": None}
    monkeypatch.setattr(Space, "info", lambda *args, **options: info(*args, **options) | told)
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    publication = await target.bring_live(STATIC)
    assert "read back 2 pages" in target.told[-2]
    other = Answer(200, content=b"another page")
    target.hub.add_fault(Fault("GET", f"/resolve/{publication.commit_sha}/css/style.css", times=None, answer=other))
    with pytest.raises(NotLive, match=r"in its repository css/style.css is not this commit's"):
        await target.confirm(publication, STATIC)
    target.hub.add_fault(Fault("GET", f"/resolve/{publication.commit_sha}/index.html", times=None, answer=Answer(404)))
    with pytest.raises(NotLive, match=r"in its repository index.html is answered with HTTP 404"):
        await target.confirm(publication, STATIC)


async def test_a_host_that_answers_something_else_is_not_replaced_by_the_repository(target: HubTarget) -> None:
    publication = await target.publish(STATIC)
    target.hub.add_fault(Fault("GET", "^/static/", times=None, answer=Answer(404)))
    with pytest.raises(NotLive, match="the page is answered with HTTP 404"):
        await target.confirm(publication, STATIC)


@pytest.mark.parametrize("path", ["repos/create", "/commit/", "preupload"])
async def test_a_rest_that_the_hub_wants_is_kept_before_an_app_is_published(target: HubTarget, path: str) -> None:
    target.hub.add_fault(Fault("POST", path, answer=too_many_requests(250)))
    publication = await target.publish(STATIC)
    assert publication.commit_sha == target.space.head
    assert len(target.space.commits) == 2
    assert 250 <= max(target.clock.slept) <= 255
    target.hub.add_fault(Fault("POST", path, times=None, answer=too_many_requests(700)))
    other, revised = make_site(task="other", target=Target.HF_SPACE), STATIC.with_files({"a.css": b"a"})
    site = other if path == "repos/create" else replace(SITE, publication=publication)
    with pytest.raises(PublishFailed, match="700 s"):
        await target.publisher.publish(site, "0" * 40, revised, make_brief(), print)


async def test_an_outage_of_the_hub_is_survived_and_one_without_end_is_told(target: HubTarget) -> None:
    target.hub.add_fault(Fault("*", "preupload", times=10, answer=Answer(502)))
    publication = await target.publish(STATIC)
    assert (writes(target.hub), publication.commit_sha) == ((1, 1), target.space.head)
    target.hub.add_fault(Fault("*", "", times=None, answer=Answer(502)))
    began = target.clock.monotonic()
    with pytest.raises(PublishFailed, match="no answer from the Hub"):
        await target.publish(STATIC.with_files({"a.css": b"a"}), publication)
    assert 500 < target.clock.monotonic() - began <= 620


AWAY = 8  # requests in a row: more than one call makes, all of its repetitions included


async def test_a_hub_that_is_away_when_the_app_runs_is_waited_for(target: HubTarget) -> None:
    publication = await target.publish(STATIC)
    target.hub.add_fault(Fault("GET", "^/api/spaces/[^/]+/[^/]+$", times=AWAY, answer=Answer(503)))
    target.hub.add_fault(Fault("GET", "^/api/spaces/[^/]+/[^/]+$", answer=too_many_requests(250)))
    await target.confirm(publication, STATIC)
    assert max(target.clock.slept) >= 250


async def test_a_repository_that_is_away_while_it_is_read_back_is_waited_for(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    info: Callable[..., dict[str, Any]] = Space.info
    told = {"host": "http://127.0.0.1:9", "subdomain": None, "runtime": None}
    monkeypatch.setattr(Space, "info", lambda *args, **options: info(*args, **options) | told)
    publication = await target.publish(STATIC)
    target.hub.add_fault(Fault("GET", "/resolve/", times=AWAY, answer=Answer(503)))
    await target.confirm(publication, STATIC)


async def test_a_hub_that_is_away_while_a_workspace_is_brought_back_is_waited_for(target: HubTarget) -> None:
    site = replace(SITE, publication=await target.publish(STATIC))
    target.hub.add_fault(Fault("GET", "", times=AWAY, answer=Answer(503)))
    assert await target.workspaces.published(await target.publisher.restore(site)) == STATIC
