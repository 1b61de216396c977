"""The hf-space target: an app becomes a Space, in one creation and one commit."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.domain.errors import NotLive, PlanRequired, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Target
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.builders import make_files
from tests.contract.repositories import git
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, Space, too_many_requests
from tests.integration.spaces_hub.publishing import DOCKER, GRADIO, ID, PAGE, SITE, STATIC, app_files, confirm, publish

FAULTS = (Drop(), Answer(500), Hang(0.5), too_many_requests(20))


@pytest.mark.parametrize(("files", "sdk"), [(STATIC, "static"), (GRADIO, "gradio"), (DOCKER, "docker")])
async def test_an_app_becomes_a_space_of_its_kind_in_one_creation_and_one_commit(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], files: AppFiles, sdk: str
) -> None:
    publication = await publish(publisher, files)
    space = hub.spaces[ID]
    assert publication == Publication(Target.HF_SPACE, space.url, space.head, f"{space.host}/")
    assert (space.sdk, space.visibility, app_files(space)) == (sdk, "public", files)
    assert [len(hub.calls("POST", path)) for path in ("create", "/commit/")] == [1, 1]
    await confirm(publisher, publication, files, told)
    assert f"runs commit {space.head}" in told[-1]


async def test_without_a_card_it_is_static(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        await publish(publisher, make_files({"README.md": "# x\n", "index.html": PAGE}))
    assert hub.spaces[ID].sdk == "static"


async def test_the_operators_owner_wins_over_the_tokens(
    hub: FakeHub, host: HubSpaceHost, workspaces: GitWorkspaces, clock: FakeClock
) -> None:
    publisher = HfSpacePublisher(host, workspaces, clock, owner="acme-inc")
    publication = await publish(publisher, STATIC)
    assert publication.repo_url.endswith(f"/spaces/acme-inc/{SITE.repository}")
    assert not hub.calls("GET", "whoami")


async def test_publishing_again_finds_its_own_commit(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    first = await publish(publisher, STATIC)
    assert await publish(publisher, STATIC) == first
    assert await publish(publisher, STATIC, replace(SITE, publication=first)) == first
    assert [len(hub.calls("POST", path)) for path in ("create", "/commit/")] == [1, 1]


async def test_a_revision_is_one_commit_on_the_published_one(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    first = await publish(publisher, STATIC)
    revised = STATIC.without("css/style.css").with_files({"index.html": PAGE.replace("42", "43").encode()})
    second = await publish(publisher, revised, replace(SITE, publication=first))
    assert hub.spaces[ID].commits[-1].parent == first.commit_sha
    assert len(hub.calls("POST", "create")) == 1
    assert app_files(hub.spaces[ID]) == revised
    await confirm(publisher, second, revised, told)
    with pytest.raises(NotLive, match=second.commit_sha):
        await confirm(publisher, first, STATIC, told)


async def test_a_revision_of_a_space_that_was_changed_by_hand_is_a_conflict(
    hub: FakeHub, host: HubSpaceHost, publisher: HfSpacePublisher
) -> None:
    first = await publish(publisher, STATIC)
    by_hand = await host.commit(ID, STATIC.with_files({"index.html": b"mine"}), "By hand", None)
    with pytest.raises(PublishFailed, match="nothing was overwritten"):
        await publish(publisher, STATIC.with_files({"index.html": b"2"}), replace(SITE, publication=first))
    assert hub.spaces[ID].head == by_hand


@pytest.mark.parametrize("sdk", ["static", "gradio", "docker"])
async def test_a_space_that_a_crash_left_just_created_is_taken_over(
    hub: FakeHub, publisher: HfSpacePublisher, sdk: str
) -> None:
    hub.create(ID, sdk)
    publication = await publish(publisher, STATIC)
    assert publication.commit_sha == hub.spaces[ID].head
    assert app_files(hub.spaces[ID]) == STATIC


@pytest.mark.parametrize(
    "held",
    [
        {"app.py": "mine"},
        {"README.md": "---\nsdk: static\n---\n\n# My page\n\nWith words of mine.\n"},
        dict(STATIC.with_files({"index.html": b"mine"})),
    ],
)
async def test_a_space_that_holds_anything_else_is_never_taken_over(
    hub: FakeHub, publisher: HfSpacePublisher, held: dict[str, bytes | str]
) -> None:
    head = hub.create(ID, "static", held).head
    with pytest.raises(PublishFailed, match="holds something else"):
        await publish(publisher, STATIC)
    assert hub.spaces[ID].head == head


@pytest.mark.parametrize("files", [GRADIO, DOCKER])
async def test_a_plan_without_such_spaces_is_told_with_the_free_ways(
    hub: FakeHub, publisher: HfSpacePublisher, files: AppFiles
) -> None:
    hub.plan = "free"
    with pytest.raises(PlanRequired, match=r'PRO.*"static"'):
        await publish(publisher, files)
    assert hub.spaces == {}


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault("POST", "create", when="before", answer=answer) for answer in FAULTS),
        *(Fault("POST", "create", when="after", answer=answer) for answer in FAULTS),
        *(Fault("POST", "/commit/", when="before", answer=answer) for answer in FAULTS),
        *(Fault("POST", "/commit/", when="after", answer=answer) for answer in FAULTS),
    ],
    ids=str,
)
async def test_a_fault_of_the_hub_ends_in_one_space_with_one_commit(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], fault: Fault
) -> None:
    hub.add_fault(fault)
    publication = await publish(publisher, STATIC)
    assert list(hub.spaces) == [ID]
    assert [commit.oid for commit in hub.spaces[ID].commits[1:]] == [publication.commit_sha]
    await confirm(publisher, publication, STATIC, told)


async def test_more_patience_than_there_is_fails_with_the_time(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    hub.add_fault(Fault("POST", "create", times=None, answer=too_many_requests(290)))
    with pytest.raises(PublishFailed, match="290 s"):
        await publish(publisher, STATIC)


async def test_a_host_that_comes_late_is_waited_for_and_one_that_never_comes_is_the_hubs_page(
    hub: FakeHub, publisher: HfSpacePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await publish(publisher, GRADIO)
    info, space = Space.info, hub.spaces[ID]
    without: list[int] = [3]

    def info_without_host(self: Space, revision: str = "main", *, with_blobs: bool = False) -> dict[str, object]:
        without[0] -= 1
        hidden = {"host": None, "subdomain": None, "runtime": None} if without[0] >= 0 else {}
        return info(self, revision, with_blobs=with_blobs) | hidden

    monkeypatch.setattr(Space, "info", info_without_host)
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    assert await publish(publisher, GRADIO, replace(SITE, publication=first)) == first
    without[0] = 99
    late = await publish(publisher, GRADIO, replace(SITE, publication=first))
    assert late.pages_url == late.repo_url == space.url


async def test_a_lost_workspace_is_brought_back_the_same_on_every_machine(
    publisher: HfSpacePublisher, workspaces: GitWorkspaces, host: HubSpaceHost, clock: FakeClock, tmp_path: Path
) -> None:
    publication = await publish(publisher, STATIC)
    site = replace(SITE, publication=publication, head="1" * 40)
    restored = await publisher.restore(site)
    assert await workspaces.published(restored) == STATIC
    assert replace(restored, head=site.head) == site
    elsewhere = HfSpacePublisher(host, GitWorkspaces(tmp_path / "elsewhere"), clock)
    assert await elsewhere.restore(site) == restored
    assert await publisher.restore(site) == restored
    written_at = git(tmp_path / SITE.folder, "log", "-1", "--format=%at").decode().strip()
    assert datetime.fromtimestamp(int(written_at), UTC) == datetime(2020, 1, 1, tzinfo=UTC)


async def test_an_apps_own_gitattributes_are_brought_back_and_the_hubs_are_not(
    publisher: HfSpacePublisher, workspaces: GitWorkspaces
) -> None:
    files = STATIC.with_files({".gitattributes": b"*.csv text eol=lf\n*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    publication = await publish(publisher, files)
    restored = await publisher.restore(replace(SITE, publication=publication))
    assert await workspaces.published(restored) == files


async def test_what_was_never_published_or_is_gone_cannot_be_brought_back(
    hub: FakeHub, publisher: HfSpacePublisher
) -> None:
    with pytest.raises(PublishFailed, match="nothing was published"):
        await publisher.restore(SITE)
    publication = await publish(publisher, STATIC)
    hub.spaces.clear()
    with pytest.raises(PublishFailed, match="no such Space"):
        await publisher.restore(replace(SITE, publication=publication))


async def test_the_address_is_a_guess_only_until_the_hub_has_given_one(publisher: HfSpacePublisher) -> None:
    assert publisher.address(SITE) == f"https://owner-{SITE.repository}.static.hf.space/"
    publication = await publish(publisher, STATIC)
    assert publisher.address(replace(SITE, publication=publication)) == publication.pages_url
