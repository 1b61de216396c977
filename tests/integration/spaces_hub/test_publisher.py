"""The hf-space target: an app becomes a Space, in one creation and one commit."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.domain.errors import NotLive, PlanRequired, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Target
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.workspace import GitWorkspaces
from tests.builders import make_files
from tests.contract.repositories import git
from tests.fakes.hub import Answer, Drop, Fault, Hang, Space, too_many_requests
from tests.integration.spaces_hub.rig import DOCKER, GRADIO, PAGE, SITE, SITE_ID, STATIC, HubTarget, app_files, writes

FAULTS = [
    Fault("POST", path, when=when, answer=answer)
    for path in ("create", "/commit/")
    for when in ("before", "after")
    for answer in (Drop(), Answer(500), Hang(0.5), too_many_requests(20))
]


@pytest.mark.parametrize(("files", "sdk"), [(STATIC, "static"), (GRADIO, "gradio"), (DOCKER, "docker")])
async def test_an_app_becomes_a_space_of_its_kind_in_one_creation_and_one_commit(
    target: HubTarget, files: AppFiles, sdk: str
) -> None:
    publication = await target.publish(files)
    space = target.space
    assert publication == Publication(Target.HF_SPACE, space.url, space.head, f"{space.host}/")
    assert (space.sdk, space.visibility, app_files(space)) == (sdk, "public", files)
    assert writes(target.hub) == (1, 1)
    await target.confirm(publication, files)
    assert f"runs commit {space.head}" in target.told[-1]


async def test_without_a_card_it_is_static(target: HubTarget) -> None:
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        await target.publish(make_files({"README.md": "# x\n", "index.html": PAGE}))
    assert target.space.sdk == "static"


async def test_the_operators_owner_wins_over_the_tokens(target: HubTarget) -> None:
    publisher = HfSpacePublisher(target.host, target.workspaces, target.clock, owner="acme-inc")
    publication = await replace(target, publisher=publisher).publish(STATIC)
    assert publication.repo_url.endswith(f"/spaces/acme-inc/{SITE.repository}")
    assert not target.hub.calls("GET", "whoami")


async def test_publishing_again_finds_its_own_commit(target: HubTarget) -> None:
    first = await target.publish(STATIC)
    assert await target.publish(STATIC) == first
    assert await target.publish(STATIC, first) == first
    assert writes(target.hub) == (1, 1)


async def test_a_revision_is_one_commit_on_the_published_one(target: HubTarget) -> None:
    first = await target.publish(STATIC)
    revised = STATIC.without("css/style.css").with_files({"index.html": PAGE.replace("42", "43").encode()})
    second = await target.publish(revised, first)
    assert target.space.commits[-1].parent == first.commit_sha
    assert len(target.hub.calls("POST", "create")) == 1
    assert app_files(target.space) == revised
    await target.confirm(second, revised)
    with pytest.raises(NotLive, match=second.commit_sha):
        await target.confirm(first, STATIC)


async def test_a_revision_of_a_space_that_was_changed_by_hand_is_a_conflict(target: HubTarget) -> None:
    first = await target.publish(STATIC)
    by_hand = await target.host.commit(SITE_ID, STATIC.with_files({"index.html": b"mine"}), "By hand", None)
    with pytest.raises(PublishFailed, match="nothing was overwritten"):
        await target.publish(STATIC.with_files({"index.html": b"2"}), first)
    assert target.space.head == by_hand


@pytest.mark.parametrize("sdk", ["static", "gradio", "docker"])
async def test_a_space_that_a_crash_left_just_created_is_taken_over(target: HubTarget, sdk: str) -> None:
    target.hub.create(SITE_ID, sdk)
    publication = await target.publish(STATIC)
    assert publication.commit_sha == target.space.head
    assert app_files(target.space) == STATIC


@pytest.mark.parametrize(
    "held",
    [
        {"app.py": "mine"},
        {"README.md": "---\nsdk: static\n---\n\n# My page\n\nWith words of mine.\n"},
        dict(STATIC.with_files({"index.html": b"mine"})),
    ],
)
async def test_a_space_that_holds_anything_else_is_never_taken_over(
    target: HubTarget, held: dict[str, bytes | str]
) -> None:
    head = target.hub.create(SITE_ID, "static", held).head
    with pytest.raises(PublishFailed, match="holds something else"):
        await target.publish(STATIC)
    assert target.space.head == head


@pytest.mark.parametrize("files", [GRADIO, DOCKER])
async def test_a_plan_without_such_spaces_is_told_with_the_free_ways(target: HubTarget, files: AppFiles) -> None:
    target.hub.plan = "free"
    with pytest.raises(PlanRequired, match=r'PRO.*"static"'):
        await target.publish(files)
    assert target.hub.spaces == {}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_of_the_hub_ends_in_one_space_with_one_commit(target: HubTarget, fault: Fault) -> None:
    target.hub.add_fault(fault)
    publication = await target.publish(STATIC)
    assert list(target.hub.spaces) == [SITE_ID]
    assert [commit.oid for commit in target.space.commits[1:]] == [publication.commit_sha]
    await target.confirm(publication, STATIC)


async def test_more_patience_than_there_is_fails_with_the_time(target: HubTarget) -> None:
    target.hub.add_fault(Fault("POST", "create", times=None, answer=too_many_requests(290)))
    with pytest.raises(PublishFailed, match="290 s"):
        await target.publish(STATIC)


async def test_a_host_that_comes_late_is_waited_for_and_one_that_never_comes_is_the_hubs_page(
    target: HubTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await target.publish(GRADIO)
    info, space = Space.info, target.space
    without: list[int] = [3]

    def info_without_host(self: Space, revision: str = "main", *, with_blobs: bool = False) -> dict[str, object]:
        without[0] -= 1
        hidden = {"host": None, "subdomain": None, "runtime": None} if without[0] >= 0 else {}
        return info(self, revision, with_blobs=with_blobs) | hidden

    monkeypatch.setattr(Space, "info", info_without_host)
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    assert await target.publish(GRADIO, first) == first
    without[0] = 99
    late = await target.publish(GRADIO, first)
    assert late.pages_url == late.repo_url == space.url


async def test_a_lost_workspace_is_brought_back_the_same_on_every_machine(target: HubTarget, tmp_path: Path) -> None:
    publication = await target.publish(STATIC)
    site = replace(SITE, publication=publication, head="1" * 40)
    restored = await target.publisher.restore(site)
    assert await target.workspaces.published(restored) == STATIC
    assert replace(restored, head=site.head) == site
    elsewhere = HfSpacePublisher(target.host, GitWorkspaces(tmp_path / "elsewhere"), target.clock)
    assert await elsewhere.restore(site) == restored
    assert await target.publisher.restore(site) == restored
    written_at = git(tmp_path / SITE.folder, "log", "-1", "--format=%at").decode().strip()
    assert datetime.fromtimestamp(int(written_at), UTC) == datetime(2020, 1, 1, tzinfo=UTC)


async def test_an_apps_own_gitattributes_are_brought_back_and_the_hubs_are_not(target: HubTarget) -> None:
    files = STATIC.with_files({".gitattributes": b"*.csv text eol=lf\n*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    publication = await target.publish(files)
    restored = await target.publisher.restore(replace(SITE, publication=publication))
    assert await target.workspaces.published(restored) == files


async def test_what_was_never_published_or_is_gone_cannot_be_brought_back(target: HubTarget) -> None:
    with pytest.raises(PublishFailed, match="nothing was published"):
        await target.publisher.restore(SITE)
    publication = await target.publish(STATIC)
    target.hub.spaces.clear()
    with pytest.raises(PublishFailed, match="no such Space"):
        await target.publisher.restore(replace(SITE, publication=publication))


async def test_the_address_is_a_guess_only_until_the_hub_has_given_one(target: HubTarget) -> None:
    assert target.publisher.address(SITE) == f"https://owner-{SITE.repository}.static.hf.space/"
    publication = await target.publish(STATIC)
    assert target.publisher.address(replace(SITE, publication=publication)) == publication.pages_url
