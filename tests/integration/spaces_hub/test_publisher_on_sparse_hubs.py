"""Apps on Hubs that say next to nothing, or whose apps cannot be reached from here."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.domain.errors import NotLive, PublishFailed
from pipeline.domain.publication import Target
from pipeline.publishing.hf_space import HfSpacePublisher
from tests.builders import make_brief, make_site
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Space, too_many_requests
from tests.integration.spaces_hub.sparse import GRADIO, ID, SITE, STATIC, publish, says_only, writes


async def test_a_hub_that_says_next_to_nothing_gets_both_rounds_with_one_commit_each(
    hub: FakeHub, publisher: HfSpacePublisher, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    says_only(monkeypatch)
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    first = await publish(publisher, STATIC)
    assert await publish(publisher, STATIC) == first
    await publisher.confirm(first, SITE, STATIC, told.append)
    revised = STATIC.without("css/page.css").with_files({"new.css": b"b {}"})
    second = await publish(publisher, revised, first)
    await publisher.confirm(second, SITE, revised, told.append)
    assert writes(hub) == (1, 2)
    assert hub.spaces[ID].files().keys() - {".gitattributes"} == set(revised)
    assert second.pages_url == second.repo_url == hub.spaces[ID].url


async def test_a_hub_that_names_no_head_anywhere_is_believed_by_its_stage(
    hub: FakeHub, publisher: HfSpacePublisher, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    says_only(monkeypatch)
    hub.add_fault(Fault("HEAD", "/resolve/", times=None, answer=Answer(404)))
    publication = await publish(publisher, GRADIO)
    await publisher.confirm(publication, SITE, GRADIO, told.append)
    assert publication.commit_sha == hub.spaces[ID].head
    assert "runs commit" in told[-1]


async def test_domains_of_the_runtime_alone_give_the_address(
    publisher: HfSpacePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    says_only(monkeypatch, "sha")
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "BUILDING", "domains": [{"domain": "sales.hf.space"}]})
    assert (await publish(publisher, GRADIO)).pages_url == "https://sales.hf.space/"


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
async def test_every_way_to_a_running_app_is_followed_to_its_end(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stages: list[str]
) -> None:
    hub.script("*", stages, times=1)
    publication = await publish(publisher, GRADIO)
    await publisher.confirm(publication, SITE, GRADIO, told.append)
    assert "runs commit" in told[-1]
    assert writes(hub) == (1, 1)


async def test_a_space_whose_host_is_out_of_reach_is_woken_by_one_restart(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    hub.script("*", ["BUILDING", "SLEEPING"], times=1)
    hub.add_fault(Fault("GET", "^/app/", times=None))
    publication = await publish(publisher, GRADIO)
    await publisher.confirm(publication, SITE, GRADIO, told.append)
    assert len(hub.calls("POST", "/restart")) == 1


async def test_a_new_space_whose_runtime_is_not_there_yet_is_waited_for(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    publication = await publish(publisher, GRADIO)
    hub.add_fault(Fault("GET", "/runtime", times=3, answer=Answer(404, {"error": "Repository not found"})))
    await publisher.confirm(publication, SITE, GRADIO, told.append)
    assert "runs commit" in told[-1]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "https://deployer-sales.static.hf.invalid", None])
async def test_pages_whose_host_is_out_of_reach_are_read_back_from_the_repository(
    hub: FakeHub, publisher: HfSpacePublisher, monkeypatch: pytest.MonkeyPatch, told: list[str], address: str | None
) -> None:
    info: Callable[..., dict[str, Any]] = Space.info
    monkeypatch.setattr(
        Space,
        "info",
        lambda *args, **options: info(*args, **options) | {"host": address, "subdomain": None, "runtime": None},
    )
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    publication = await publish(publisher, STATIC)
    await publisher.confirm(publication, SITE, STATIC, told.append)
    assert "read back 2 pages" in told[-2]
    other = Answer(200, content=b"another page")
    hub.add_fault(Fault("GET", f"/resolve/{publication.commit_sha}/css/page.css", times=None, answer=other))
    with pytest.raises(NotLive, match=r"in its repository css/page.css is not this commit's"):
        await publisher.confirm(publication, SITE, STATIC, told.append)
    hub.add_fault(Fault("GET", f"/resolve/{publication.commit_sha}/index.html", times=None, answer=Answer(404)))
    with pytest.raises(NotLive, match=r"in its repository index.html is answered with HTTP 404"):
        await publisher.confirm(publication, SITE, STATIC, told.append)


async def test_a_host_that_answers_something_else_is_not_replaced_by_the_repository(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    publication = await publish(publisher, STATIC)
    hub.add_fault(Fault("GET", "^/static/", times=None, answer=Answer(404)))
    with pytest.raises(NotLive, match="the page is answered with HTTP 404"):
        await publisher.confirm(publication, SITE, STATIC, told.append)


@pytest.mark.parametrize("path", ["repos/create", "/commit/", "preupload"])
async def test_a_rest_that_the_hub_wants_is_kept_before_an_app_is_published(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, path: str
) -> None:
    hub.add_fault(Fault("POST", path, answer=too_many_requests(250)))
    publication = await publish(publisher, STATIC)
    assert publication.commit_sha == hub.spaces[ID].head
    assert len(hub.spaces[ID].commits) == 2
    assert max(clock.slept) == 250
    hub.add_fault(Fault("POST", path, times=None, answer=too_many_requests(700)))
    with pytest.raises(PublishFailed, match="700 s"):
        await publish(
            publisher, STATIC.with_files({"a.css": b"a"}), publication
        ) if path != "repos/create" else await publisher.publish(
            make_site(task="other", target=Target.HF_SPACE), "0" * 40, STATIC, make_brief(), print
        )


async def test_an_outage_of_the_hub_is_survived_and_one_without_end_is_told(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock
) -> None:
    hub.add_fault(Fault("*", "preupload", times=10, answer=Answer(502)))
    publication = await publish(publisher, STATIC)
    assert (writes(hub), publication.commit_sha) == ((1, 1), hub.spaces[ID].head)
    hub.add_fault(Fault("*", "", times=None, answer=Answer(502)))
    began = clock.monotonic()
    with pytest.raises(PublishFailed, match="no answer from the Hub"):
        await publish(publisher, STATIC.with_files({"a.css": b"a"}), publication)
    assert clock.monotonic() - began < 120
