"""The Publisher port: what holds wherever an app is published."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.errors import NotLive, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Site, Target
from pipeline.ports import Publisher
from pipeline.publishing.github_pages.publisher import GitHubPagesPublisher
from pipeline.publishing.local import LocalPublisher
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_brief, make_files, make_site
from tests.fakes.github import FakeGitHub
from tests.integration.github_pages.rig import ShortClock

FILES = make_files({"index.html": "one\r\n", "a/b.css": "p {}", ".nojekyll": ""})
REVISED = FILES.with_files({"index.html": b"two"})


class Author:
    """Commits and publishes rounds of one site."""

    def __init__(self, workspaces: GitWorkspaces, publisher: Publisher) -> None:
        self.publisher = publisher
        self.site: Site = make_site(target=publisher.target)
        self.told: list[str] = []
        self._workspaces = workspaces

    async def publish(self, files: AppFiles, message: str) -> Publication:
        sha = await self._workspaces.commit(self.site, files, message, NOW)
        return await self.publisher.publish(self.site, sha, files, make_brief(), self.told.append)

    async def confirm(self, publication: Publication, files: AppFiles) -> None:
        await self.publisher.confirm(publication, self.site, files, self.told.append)


@pytest.fixture(params=[Target.LOCAL, Target.GITHUB_PAGES])
def author(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Author]:
    workspaces = GitWorkspaces(tmp_path / "repos")
    if request.param is Target.LOCAL:
        yield Author(workspaces, LocalPublisher(workspaces, tmp_path / "repos", "http://127.0.0.1:8000"))
        return
    with FakeGitHub(tmp_path / "github") as github:
        publisher = GitHubPagesPublisher(
            workspaces, api_url=github.api_url, token=github.token, owner=None, clock=ShortClock()
        )
        yield Author(workspaces, publisher)


async def test_what_is_published_is_confirmed_and_named(author: Author) -> None:
    publication = await author.publish(FILES, "one")
    await author.confirm(publication, FILES)
    assert publication.target is author.publisher.target
    assert publication.pages_url.endswith("/")
    assert author.publisher.address(replace(author.site, publication=publication)) == publication.pages_url
    assert author.told


async def test_publishing_again_gives_the_same_publication(author: Author) -> None:
    assert await author.publish(FILES, "one") == await author.publish(FILES, "one")


async def test_a_revision_is_confirmed_and_what_it_replaced_no_longer(author: Author) -> None:
    first = await author.publish(FILES, "one")
    author.site = replace(author.site, publication=first, head=first.commit_sha)
    second = await author.publish(REVISED, "two")
    await author.confirm(second, REVISED)
    assert (second.repo_url, second.pages_url) == (first.repo_url, first.pages_url)
    with pytest.raises(NotLive):
        await author.confirm(first, FILES)


async def test_other_files_than_the_published_are_not_live(author: Author) -> None:
    publication = await author.publish(FILES, "one")
    with pytest.raises(NotLive):
        await author.confirm(publication, REVISED)


async def test_what_was_never_published_cannot_be_restored(author: Author) -> None:
    with pytest.raises(PublishFailed):
        await author.publisher.restore(author.site)


async def test_what_the_remote_holds_is_told_apart_from_what_it_does_not(author: Author) -> None:
    publication = await author.publish(FILES, "one")
    assert await author.publisher.held(publication, author.site) == publication
    author.site = replace(author.site, publication=publication, head=publication.commit_sha)
    second = await author.publish(REVISED, "two")
    assert await author.publisher.held(publication, author.site) in {None, second}
    assert await author.publisher.held(second, author.site) == second


async def test_one_look_tells_whether_it_is_served(author: Author) -> None:
    publication = await author.publish(FILES, "one")
    await author.confirm(publication, FILES)
    assert await author.publisher.is_served(publication, FILES)
