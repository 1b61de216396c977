"""A publisher and its workspaces beside the fake GitHub, with waits that are short."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Site, Target
from pipeline.publishing.github_pages.publisher import GitHubPagesPublisher
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_brief, make_files, make_site
from tests.fakes.clock import FakeClock
from tests.fakes.github import FakeGitHub, Logged, Repository
from tests.fakes.github.pages import PagesSite

SITE = make_site(target=Target.GITHUB_PAGES)
FILES = make_files(
    {"index.html": "<h1>Sales</h1>\r\n", "css/style.css": "p {}", ".nojekyll": "", "data.bin": bytes(range(256))}
)
REVISED = FILES.with_files({"index.html": b"<h1>Second</h1>"})
_DEPLOY = b"on: push\njobs:\n  deploy:\n    steps:\n      - uses: actions/deploy-pages@v4\n"
WITH_WORKFLOW = FILES.with_files({".github/workflows/pages.yml": _DEPLOY})
NEVER_BUILT = FILES.without(".nojekyll").with_files({"page.md": b"---\ntitle: x\n---\n{% nonsense %}\n"})


def after(publication: Publication, site: Site = SITE) -> Site:
    """The site of the next round."""
    return replace(site, publication=publication, head=publication.commit_sha)


class ShortClock(FakeClock):
    """Time that passes only in waits; each is five hundred times shorter for real, so that GitHub gets on as well."""

    async def sleep(self, seconds: float) -> None:
        """Wait a little."""
        await asyncio.sleep(seconds / 500)
        await super().sleep(seconds)


class Rig:
    """One worker on the fake ``github``.

    Args:
        github: that is published to.
        root: of the workspaces.
        options: of the publisher.
    """

    def __init__(self, github: FakeGitHub, root: Path, **options: Any) -> None:
        self.github = github
        self.root = root
        self.clock = ShortClock()
        self.told: list[str] = []
        self.workspaces = GitWorkspaces(root)
        chosen = {"api_url": github.api_url, "token": github.token, "owner": None, "clock": self.clock, **options}
        self.publisher = GitHubPagesPublisher(self.workspaces, **chosen)

    async def publish(
        self, site: Site = SITE, files: AppFiles = FILES, message: str = "one", brief: Brief | None = None
    ) -> Publication:
        sha = await self.workspaces.commit(site, files, message, NOW)
        return await self.publisher.publish(site, sha, files, brief or make_brief(), self.told.append)

    async def confirm(self, publication: Publication, files: AppFiles = FILES, site: Site = SITE) -> Publication:
        return await self.publisher.confirm(publication, site, files, self.told.append)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Do something to GitHub behind the publisher's back."""
        headers = {"Authorization": f"Bearer {self.github.token}"}
        httpx.request(
            method, self.github.api_url + path, json=body, headers=headers, trust_env=False
        ).raise_for_status()
        self.github.log.clear()

    @property
    def repository(self) -> Repository:
        return self.github.repository(self.github.login, SITE.repository)

    @property
    def pages(self) -> PagesSite:
        assert self.repository.pages is not None
        return self.repository.pages

    def assert_published_once(self, publication: Publication) -> None:
        """One repository with one commit, and a site that serves it."""
        assert [repository.name for repository in self.github.repositories()] == [SITE.repository]
        assert [sha for sha, _ in self.repository.commits()] == [publication.commit_sha]
        assert self.pages.served == dict(FILES)

    def requests(self, kind: str) -> list[tuple[str, str]]:
        return [(logged.method, logged.path) for logged in self.logged(kind)]

    def logged(self, kind: str) -> list[Logged]:
        return [logged for logged in self.github.log if logged.kind == kind]
