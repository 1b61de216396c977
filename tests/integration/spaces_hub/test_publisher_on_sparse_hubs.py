"""Apps on Hubs that say next to nothing, or whose apps cannot be reached from here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.errors import NotLive, PublishFailed
from pipeline.domain.publication import Target
from tests.builders import make_brief, make_site
from tests.fakes.hub import Answer, Fault, Space, too_many_requests
from tests.integration.spaces_hub.rig import GRADIO, SITE, STATIC, HubTarget, says_only, writes


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
    publication = await target.publish(GRADIO)
    await target.confirm(publication, GRADIO)
    assert publication.commit_sha == target.space.head
    assert "runs commit" in target.told[-1]


async def test_domains_of_the_runtime_alone_give_the_address(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    says_only(monkeypatch, "sha")
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "BUILDING", "domains": [{"domain": "sales.hf.space"}]})
    assert (await target.publish(GRADIO)).pages_url == "https://sales.hf.space/"


@pytest.mark.parametrize(
    "stages",
    [
        ["building", "running"],
        ["Building", "App-Starting", "Running"],
        ["RUNNING", "BUILDING", "APP_STARTING", "RUNNING"],
        ["NO_APP_FILE", "NO_APP_FILE", "BUILDING", "RUNNING"],
        ["QUEUED", "WARMING_UP", "RUNNING"],
        ["BUILDING", "SLEEPING"],
    ],
    ids=str,
)
async def test_every_way_to_a_running_app_is_followed_to_its_end(target: HubTarget, stages: list[str]) -> None:
    target.hub.script("*", stages, times=1)
    publication = await target.publish(GRADIO)
    await target.confirm(publication, GRADIO)
    assert "runs commit" in target.told[-1]
    assert writes(target.hub) == (1, 1)


async def test_a_space_whose_host_is_out_of_reach_is_woken_by_one_restart(target: HubTarget) -> None:
    target.hub.script("*", ["BUILDING", "SLEEPING"], times=1)
    target.hub.add_fault(Fault("GET", "^/app/", times=None))
    publication = await target.publish(GRADIO)
    await target.confirm(publication, GRADIO)
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
    publication = await target.publish(STATIC)
    await target.confirm(publication, STATIC)
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
    assert max(target.clock.slept) == 250
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
    assert target.clock.monotonic() - began < 120
