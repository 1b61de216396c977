"""The local target on real repositories."""

import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from pipeline.domain.errors import NotLive, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Target
from pipeline.ports import Publisher
from pipeline.publishing.local import LocalPublisher
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_brief, make_files, make_site
from tests.contract.repositories import git

SITE = make_site()
FILES = make_files({"index.html": "page\r\n", "css/style.css": "p {}", "data.bin": bytes(range(256))})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "with space #1"


@pytest.fixture
def workspaces(root: Path) -> GitWorkspaces:
    return GitWorkspaces(root)


@pytest.fixture
def publisher(workspaces: GitWorkspaces, root: Path) -> Publisher:
    return LocalPublisher(workspaces, root, "http://127.0.0.1:8000")


@pytest.fixture
def told() -> list[str]:
    return []


async def publish(workspaces: GitWorkspaces, publisher: Publisher, files: AppFiles, told: list[str]) -> Publication:
    sha = await workspaces.commit(SITE, files, "one", NOW)
    return await publisher.publish(SITE, sha, files, make_brief(), told.append)


async def test_a_commit_is_published_where_it_lies(
    workspaces: GitWorkspaces, publisher: Publisher, root: Path, told: list[str]
) -> None:
    publication = await publish(workspaces, publisher, FILES, told)
    folder = Path(url2pathname(urlsplit(publication.repo_url).path))
    head = git(folder, "rev-parse", "HEAD").decode().strip()
    assert folder == root / SITE.folder
    assert publication == Publication(Target.LOCAL, folder.as_uri(), head, publisher.address(SITE))
    assert publication.repo_url.startswith("file:///")
    await publisher.confirm(publication, SITE, FILES, told.append)
    assert len(told) == 2


async def test_publishing_again_gives_the_same_publication(
    workspaces: GitWorkspaces, publisher: Publisher, told: list[str]
) -> None:
    first = await publish(workspaces, publisher, FILES, told)
    assert await publish(workspaces, publisher, FILES, told) == first


async def test_a_revision_takes_the_place_of_the_round_before(
    workspaces: GitWorkspaces, publisher: Publisher, told: list[str]
) -> None:
    first = await publish(workspaces, publisher, FILES, told)
    site = replace(SITE, publication=first, head=first.commit_sha)
    revised = (await workspaces.published(site)).with_files({"index.html": b"second"})
    sha = await workspaces.commit(site, revised, "two", NOW)
    second = await publisher.publish(site, sha, revised, make_brief(round=2), told.append)
    await publisher.confirm(second, site, revised, told.append)
    with pytest.raises(NotLive, match=sha):
        await publisher.confirm(first, site, FILES, told.append)


async def test_a_commit_that_is_not_the_head_is_not_published(
    workspaces: GitWorkspaces, publisher: Publisher, told: list[str]
) -> None:
    with pytest.raises(PublishFailed, match="at commit none"):
        await publisher.publish(SITE, "0" * 40, FILES, make_brief(), told.append)
    sha = await workspaces.commit(SITE, FILES, "one", NOW)
    with pytest.raises(PublishFailed, match=sha):
        await publisher.publish(SITE, "0" * 40, FILES, make_brief(), told.append)
    assert told == []


@pytest.mark.parametrize(
    ("expected", "first"),
    [
        (FILES.with_files({"index.html": b"page\n"}), "index.html"),
        (FILES.with_files({"css/style.css": b"", "index.html": b""}), "css/style.css"),
        (FILES.with_files({"about.html": b""}), "about.html"),
        (FILES.without("data.bin"), "data.bin"),
    ],
)
async def test_files_that_differ_are_not_live_and_the_first_is_named(
    workspaces: GitWorkspaces, publisher: Publisher, told: list[str], expected: AppFiles, first: str
) -> None:
    publication = await publish(workspaces, publisher, FILES, told)
    with pytest.raises(NotLive, match=f"first in {first}$"):
        await publisher.confirm(publication, SITE, expected, told.append)


async def test_what_lies_in_the_working_tree_does_not_matter(
    workspaces: GitWorkspaces, publisher: Publisher, root: Path, told: list[str]
) -> None:
    publication = await publish(workspaces, publisher, FILES, told)
    (root / SITE.folder / "index.html").write_text("edited by hand")
    await publisher.confirm(publication, SITE, FILES, told.append)


async def test_a_repository_that_is_gone_or_damaged_is_not_live(
    workspaces: GitWorkspaces, publisher: Publisher, root: Path, told: list[str]
) -> None:
    publication = await publish(workspaces, publisher, FILES, told)
    objects = root / SITE.folder / ".git/objects"
    for path in objects.glob("??/*"):
        if path.parent.name + path.name != publication.commit_sha:
            path.write_bytes(b"")
    with pytest.raises(NotLive, match="cannot be read back"):
        await publisher.confirm(publication, SITE, FILES, told.append)
    shutil.rmtree(root / SITE.folder)
    with pytest.raises(NotLive, match="serves commit none"):
        await publisher.confirm(publication, SITE, FILES, told.append)
