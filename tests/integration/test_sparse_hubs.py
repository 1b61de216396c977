"""Hubs that say no more than they must, say it in other words, or cannot be reached where their apps are."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import (
    HubError,
    HubRejected,
    HubTokenRefused,
    HubUnreachable,
    NotLive,
    NotPermitted,
    PaymentRequired,
    PublishFailed,
    SpaceConflict,
)
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Target
from pipeline.domain.space import SpaceSettings
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.creation import PAUSES_SECONDS
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.builders import make_brief, make_files, make_site
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Space, too_many_requests

SITE = make_site(target=Target.HF_SPACE)
ID = f"deployer/{SITE.repository}"
INFO = f"api/spaces/{ID}(/revision/[^/]+)?(\\?.*)?$"
STATIC = make_files(
    {
        "README.md": "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n",
        "index.html": "<!doctype html><title>Sales</title>",
        "css/page.css": "p {}",
        "data.bin": bytes(range(256)),
    }
)
GRADIO = make_files(
    {"README.md": "---\ntitle: Sales\nsdk: gradio\napp_file: app.py\n---\n", "app.py": "import gradio\n"}
)
REFUSALS = {
    "without a code": Answer(404, {"error": "Repository not found"}),
    "as a list": Answer(404, {"errors": [{"message": "Repository not found"}]}),
    "as HTML": Answer(404, content=b"<html>not here</html>", media_type="text/html"),
    "as text": Answer(404, content=b"not here"),
    "as JSON that is no object": Answer(404, ["not here"]),
    "as if the token were wrong": Answer(401, {"error": "Repository not found"}),
}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> HubSpaceHost:
    return HubSpaceHost(hub.endpoint, SecretStr(hub.token), clock, silence_seconds=0.3)


@pytest.fixture
def publisher(host: HubSpaceHost, clock: FakeClock, tmp_path: Path) -> HfSpacePublisher:
    return HfSpacePublisher(host, GitWorkspaces(tmp_path), clock)


@pytest.fixture
def told() -> list[str]:
    return []


def says_only(monkeypatch: pytest.MonkeyPatch, *fields: str) -> None:
    full: Callable[..., dict[str, Any]] = Space.info
    monkeypatch.setattr(
        Space, "info", lambda *args, **options: {field: full(*args, **options)[field] for field in ("id", *fields)}
    )


async def publish(publisher: HfSpacePublisher, files: AppFiles, publication: Publication | None = None) -> Publication:
    return await publisher.publish(
        replace(SITE, publication=publication), "0" * 40, files, make_brief(), lambda _: None
    )


def writes(hub: FakeHub) -> tuple[int, int]:
    return len(hub.calls("POST", "repos/create")), len(hub.calls("POST", "/commit/"))


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_space_is_made_however_the_hub_says_that_there_is_none(
    hub: FakeHub, host: HubSpaceHost, refusal: Answer
) -> None:
    hub.add_fault(Fault("GET", INFO, answer=refusal))
    space = await host.create(ID, SpaceSettings("static"))
    assert space.commit_sha == hub.spaces[ID].head
    assert writes(hub) == (1, 0)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_new_space_that_is_not_shown_at_once_is_waited_for(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock, refusal: Answer
) -> None:
    hub.add_fault(Fault("GET", INFO, times=1 + 3, answer=refusal))
    space = await host.create(ID, SpaceSettings("static"))
    assert space.commit_sha == hub.spaces[ID].head
    assert writes(hub) == (1, 0)
    assert clock.slept == list(PAUSES_SECONDS[:3])


async def test_a_new_space_that_is_never_shown_is_told_after_a_while(
    hub: FakeHub, host: HubSpaceHost, clock: FakeClock
) -> None:
    hub.add_fault(Fault("GET", INFO, times=None, answer=Answer(404)))
    with pytest.raises(HubUnreachable, match="does not show it"):
        await host.create(ID, SpaceSettings("static"))
    assert clock.slept == list(PAUSES_SECONDS)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(402, ["a plan is needed"]), PaymentRequired),
        (Answer(402, content=b"<html>PRO</html>", media_type="text/html"), PaymentRequired),
        (Answer(403, "no"), NotPermitted),
        (Answer(409, {"error": {"message": "taken"}}), SpaceConflict),
        (Answer(400, {"errors": ["a message that is no object"]}), HubRejected),
        (Answer(422, content=b"wrong"), HubRejected),
    ],
    ids=str,
)
async def test_a_refusal_keeps_its_meaning_whatever_its_words_look_like(
    hub: FakeHub, host: HubSpaceHost, answer: Answer, kind: type[HubError]
) -> None:
    hub.add_fault(Fault("POST", "repos/create", answer=answer))
    with pytest.raises(kind) as raised:
        await host.create(ID, SpaceSettings("static"))
    assert type(raised.value) is kind
    assert writes(hub) == (1, 0)


async def test_a_wrong_token_is_told_by_the_creation(hub: FakeHub, clock: FakeClock) -> None:
    stranger = HubSpaceHost(hub.endpoint, SecretStr("hf_nobody"), clock)
    with pytest.raises(HubTokenRefused):
        await stranger.create(ID, SpaceSettings("static"))
    assert not hub.spaces


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}),
        Answer(200, {"url": f"https://hub.example/spaces/{ID}"}),
        Answer(200, {"url": f"https://huggingface.co/spaces/{ID}", "name": ID}),
        Answer(200, {"url": "https://hub.example/"}),
        Answer(201, content=b"Created"),
    ],
    ids=str,
)
async def test_a_creation_is_believed_when_the_space_is_there_whatever_was_answered(
    hub: FakeHub, host: HubSpaceHost, answer: Answer
) -> None:
    hub.add_fault(Fault("POST", "repos/create", when="after", answer=answer))
    assert (await host.create(ID, SpaceSettings("static"))).url == f"{hub.endpoint}/spaces/{ID}"
    assert writes(hub) == (1, 0)


async def test_an_unreadable_answer_to_a_creation_without_effect_is_no_space(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.add_fault(Fault("POST", "repos/create", answer=Answer(200, content=b"<html>proxy</html>")))
    with pytest.raises(HubUnreachable, match="does not show it"):
        await host.create(ID, SpaceSettings("static"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {"success": True, "commitOid": "0" * 40}),
        Answer(200, {"success": True}),
        Answer(200, {"commitUrl": "https://hub.example/a", "commitOid": "0" * 40}),
        Answer(200, content=b"OK"),
    ],
    ids=str,
)
async def test_a_commit_is_believed_when_the_space_holds_it_whatever_was_answered(
    hub: FakeHub, host: HubSpaceHost, answer: Answer
) -> None:
    parent = hub.create(ID, "static").head
    hub.add_fault(Fault("POST", "/commit/", when="after", answer=answer))
    assert await host.commit(ID, STATIC, "Build", parent) == hub.spaces[ID].head != parent
    assert writes(hub) == (0, 1)


async def test_an_unreadable_answer_to_a_commit_without_effect_is_told(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.create(ID, "static")
    hub.add_fault(Fault("POST", "/commit/", answer=Answer(200, {"success": True})))
    with pytest.raises(HubUnreachable, match="makes no sense"):
        await host.commit(ID, STATIC, "Build", None)


@pytest.mark.parametrize("fields", [["sha", "siblings"], ["sha"], []], ids=str)
@pytest.mark.parametrize("status", [404, 405])
async def test_without_a_list_of_files_a_commit_is_still_the_whole_app_and_made_once(
    hub: FakeHub, host: HubSpaceHost, monkeypatch: pytest.MonkeyPatch, fields: list[str], status: int
) -> None:
    space = hub.create(ID, "static")
    says_only(monkeypatch, *fields)
    hub.add_fault(Fault("GET", "/tree/", times=None, answer=Answer(status)))
    hub.add_fault(Fault("POST", "/commit/", when="after", answer=Drop()))
    head = await host.commit(ID, STATIC, "Build", None)
    assert await host.commit(ID, STATIC, "Build", None) == head == space.head
    assert space.files().keys() - {".gitattributes"} == set(STATIC)
    assert writes(hub) == (0, 1)


async def test_files_are_read_back_without_a_tree_and_not_without_any_list(
    hub: FakeHub, host: HubSpaceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = hub.create(ID, "static", STATIC)
    hub.add_fault(Fault("GET", "/tree/", times=None, answer=Answer(404)))
    says_only(monkeypatch, "siblings")
    assert await host.files(ID, space.head) == AppFiles(space.files())
    monkeypatch.undo()
    says_only(monkeypatch)
    with pytest.raises(HubUnreachable, match="which files"):
        await host.files(ID, space.head)


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
