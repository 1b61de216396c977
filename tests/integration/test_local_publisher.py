"""The local target on real repositories."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from pipeline.domain.errors import NotLive, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Site, Target
from pipeline.ports import Publisher
from pipeline.publishing.local import LocalPublisher
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_brief, make_files, make_site
from tests.contract.repositories import git

SITE = make_site()
FILES = make_files({"index.html": "page\r\n", "css/style.css": "p {}", "data.bin": bytes(range(256))})


@dataclass
class Local:
    """The target over a folder, with what it told."""

    root: Path
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workspaces = GitWorkspaces(self.root)
        self.publisher: Publisher = LocalPublisher(self.workspaces, self.root, "http://127.0.0.1:8000")

    async def publish(self) -> Publication:
        sha = await self.workspaces.commit(SITE, FILES, "one", NOW)
        return await self.publisher.publish(SITE, sha, FILES, make_brief(), self.told.append)

    async def confirm(self, publication: Publication, files: AppFiles = FILES, site: Site = SITE) -> None:
        await self.publisher.confirm(publication, site, files, self.told.append)


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path / "with space #1")


async def test_a_commit_is_published_where_it_lies(local: Local) -> None:
    publication = await local.publish()
    folder = Path(url2pathname(urlsplit(publication.repo_url).path))
    head = git(folder, "rev-parse", "HEAD").decode().strip()
    assert folder == local.root / SITE.folder
    assert publication == Publication(Target.LOCAL, folder.as_uri(), head, local.publisher.address(SITE))
    assert publication.repo_url.startswith("file:///")
    await local.confirm(publication)
    assert len(local.told) == 2


async def test_publishing_again_gives_the_same_publication(local: Local) -> None:
    first = await local.publish()
    assert await local.publish() == first


async def test_a_revision_takes_the_place_of_the_round_before(local: Local) -> None:
    first = await local.publish()
    site = replace(SITE, publication=first, head=first.commit_sha)
    revised = (await local.workspaces.published(site)).with_files({"index.html": b"second"})
    sha = await local.workspaces.commit(site, revised, "two", NOW)
    second = await local.publisher.publish(site, sha, revised, make_brief(round=2), local.told.append)
    await local.confirm(second, revised, site)
    with pytest.raises(NotLive, match=sha):
        await local.confirm(first, site=site)


async def test_a_commit_that_is_not_the_head_is_not_published(local: Local) -> None:
    with pytest.raises(PublishFailed, match="at commit none"):
        await local.publisher.publish(SITE, "0" * 40, FILES, make_brief(), local.told.append)
    sha = await local.workspaces.commit(SITE, FILES, "one", NOW)
    with pytest.raises(PublishFailed, match=sha):
        await local.publisher.publish(SITE, "0" * 40, FILES, make_brief(), local.told.append)
    assert local.told == []


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
    local: Local, expected: AppFiles, first: str
) -> None:
    publication = await local.publish()
    with pytest.raises(NotLive, match=f"first in {first}$"):
        await local.confirm(publication, expected)


async def test_what_lies_in_the_working_tree_does_not_matter(local: Local) -> None:
    publication = await local.publish()
    (local.root / SITE.folder / "index.html").write_text("edited by hand")
    await local.confirm(publication)


async def test_a_repository_that_is_gone_or_damaged_is_not_live(local: Local) -> None:
    publication = await local.publish()
    objects = local.root / SITE.folder / ".git/objects"
    for path in objects.glob("??/*"):
        if path.parent.name + path.name != publication.commit_sha:
            path.write_bytes(b"")
    with pytest.raises(NotLive, match="cannot be read back"):
        await local.confirm(publication)
    shutil.rmtree(local.root / SITE.folder)
    with pytest.raises(NotLive, match="serves commit none"):
        await local.confirm(publication)
