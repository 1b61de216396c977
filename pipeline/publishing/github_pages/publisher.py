"""The ``github-pages`` target."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

from pipeline.domain.brief import Brief
from pipeline.domain.errors import BuildFailed, ContentRefused, NotLive, PublishFailed, PushFailed, PushProblem
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Remote, Site, Target
from pipeline.ports import Clock, Progress, Workspaces
from pipeline.publishing.github_pages.api import REQUEST_SECONDS, GitHubApi
from pipeline.publishing.github_pages.confirmation import Confirmation, Watch
from pipeline.publishing.github_pages.patience import Patience, TryAgain, WriteLimiter
from pipeline.publishing.github_pages.repositories import Owner, Repository, create, find, head_of, repository_of
from pipeline.publishing.github_pages.sites import WORKFLOW, build_type_of, set_right, switch_on
from pipeline.publishing.served import ServedApp, texts_on_pages

PUBLIC_API = "api.github.com"
WRITES_OF_A_NEW_SITE = 2
HELD_SECONDS = 10.0  # for reading the branch back when little time is left
MAX_REQUESTS = 64
"""API requests under way at once; more wait for their turn."""

BUILD_AGAIN = "Build again\n\nGitHub Pages could not build the commit before; this one has the same files."

_UNKNOWN_OWNER = "owner"
_SECRET_IN_PUSH = re.compile(r"push protection|\bcontains? secrets?\b", re.IGNORECASE)


class GitHubPagesPublisher:
    """The Publisher port for Target.GITHUB_PAGES.

    A new site takes four requests: create the repository, push (two), turn on Pages. A revision takes the push alone.
    Every request is tried again where that makes sense, having looked first at what an unanswered one has done.

    Args:
        workspaces: that hold the commits.
        api_url: of GitHub's REST API.
        token: of a user who may create repositories, push and turn on Pages.
        owner: GITHUB_OWNER, a user or an organisation; None = the token's user.
        clock: that measures and waits.
        patience_seconds: for publishing, and again for confirming; whoever calls may end both earlier.
        push_seconds: for one push or clone.
        request_seconds: that GitHub may be silent in one request.
    """

    target = Target.GITHUB_PAGES

    def __init__(
        self,
        workspaces: Workspaces,
        *,
        api_url: str,
        token: str,
        owner: str | None,
        clock: Clock,
        patience_seconds: float = 600.0,
        push_seconds: float = 90.0,
        request_seconds: int = REQUEST_SECONDS,
    ) -> None:
        self._workspaces = workspaces
        self._api_url = api_url.rstrip("/")
        self._token = token
        self._owner = Owner(owner)
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._push_seconds = push_seconds
        self._request_seconds = request_seconds
        self._limiter = WriteLimiter(clock)
        self._threads = ThreadPoolExecutor(MAX_REQUESTS, "github")

    def address(self, site: Site) -> str:
        """Where the app is served; before its first publication, where GitHub puts sites of this owner.

        On GitHub Enterprise, and until the owner's name is known, a guess of the same form.
        """
        if site.publication:
            return site.publication.pages_url
        owner = (self._owner.login or _UNKNOWN_OWNER).lower()
        api = urlsplit(self._api_url)
        if api.hostname == PUBLIC_API:
            return f"https://{owner}.github.io/{site.repository}/"
        return f"{api.scheme}://{api.netloc}/pages/{owner}/{site.repository}/"

    async def publish(
        self, site: Site, commit_sha: str, files: AppFiles, brief: Brief, progress: Progress
    ) -> Publication:
        """Create the repository or find it again, push ``commit_sha`` and turn on Pages.

        What is there already is left as it is, so a call that is repeated after a crash goes on where that one was.
        Raises PlanRequired when the account has no Pages for the repository.
        """
        async with self._within_patience(progress) as (api, patience):
            if site.publication is None:
                await api.wait_for_turn(WRITES_OF_A_NEW_SITE)  # or else many repositories wait for their sites
                repository = await create(api, self._owner, site, brief)
                progress(f"repository {repository.full_name}")
                await self._push(site, commit_sha, repository, patience, is_new=True)
                progress(f"pushed commit {commit_sha}")
                pages_url = await switch_on(api, repository.full_name, build_type_of(files)) or self.address(site)
            else:
                known = repository_of(site.publication)
                repository = await self._push_revision(api, site, commit_sha, patience, known)
                progress(f"pushed commit {commit_sha}")
                pages_url = site.publication.pages_url
                is_moved = repository.full_name != known.full_name
                if is_moved or build_type_of(files) != build_type_of(await self._workspaces.published(site)):
                    pages_url = await set_right(api, repository.full_name, build_type_of(files)) or pages_url
            return Publication(self.target, repository.html_url, commit_sha, pages_url)

    async def confirm(self, publication: Publication, site: Site, files: AppFiles, progress: Progress) -> Publication:
        """Wait for the build of this commit, then until every text file and the index page are served as they are.

        GitHub may hold on to a failure and give it again for every new build of the same commit. So when asking again
        did not help, the same files are pushed once more as an empty commit, which is built anew and returned. Raises
        BuildFailed, with GitHub's reason, when it could not be built.
        """
        head = await self._workspaces.head(site.folder)
        may_push_again = head == publication.commit_sha and build_type_of(files) != WORKFLOW
        if head and head != publication.commit_sha and await self._holds(site, head, files):
            publication = replace(publication, commit_sha=head)  # of a call before this one, which a crash has ended
        try:
            return await self._confirm(publication, files, progress)
        except BuildFailed as failure:
            if not may_push_again:
                raise
            progress(f"{failure}; pushing the same files as another commit")
            publication = await self._push_again(publication, site, files, progress)
        return await self._confirm(publication, files, progress)

    async def held(self, publication: Publication, site: Site) -> Publication | None:
        """The branch is read back: at the commit that was published, or at the one pushed to have it built again."""
        try:
            async with self._within_patience(lambda _: None, HELD_SECONDS) as (api, _):
                head = await head_of(api, repository_of(publication).full_name)
        except PublishFailed:
            return None
        ours = {publication.commit_sha, await self._workspaces.head(site.folder)}
        return replace(publication, commit_sha=head) if head and head in ours else None

    async def is_served(self, publication: Publication, files: AppFiles) -> bool:
        """Every text file and the index page; of what a workflow made, any page."""
        app, texts = ServedApp(publication.pages_url, publication.commit_sha), texts_on_pages(files)
        if build_type_of(files) == WORKFLOW or not texts:
            return await app.answers()
        return await app.first_problem(texts) is None

    async def _confirm(self, publication: Publication, files: AppFiles, progress: Progress) -> Publication:
        watch = Watch(self._clock, self._patience_seconds, progress)
        try:
            async with self._within_patience(progress) as (api, _):
                count = await Confirmation(api, watch, publication, files).wait()
        except PublishFailed as error:
            raise NotLive(f"it cannot be told whether visitors are served this commit: {error}") from error
        progress(f"read back {count} files of commit {publication.commit_sha} from {publication.pages_url}")
        return publication

    async def _holds(self, site: Site, commit_sha: str, files: AppFiles) -> bool:
        return await self._workspaces.published(replace(site, head=commit_sha)) == files

    async def _push_again(
        self, publication: Publication, site: Site, files: AppFiles, progress: Progress
    ) -> Publication:
        commit_sha = await self._workspaces.commit(site, files, BUILD_AGAIN, self._clock.now())
        try:
            async with self._within_patience(progress) as (api, patience):
                await self._push_revision(api, site, commit_sha, patience, repository_of(publication))
        except PublishFailed as error:
            raise NotLive(f"its build failed, and another commit could not be pushed: {error}") from error
        return replace(publication, commit_sha=commit_sha)

    async def restore(self, site: Site) -> Site:
        """Clone the site's repository into its folder, whatever older history lies there."""
        async with self._within_patience(lambda _: None) as (api, patience):
            if site.publication:
                full_name = repository_of(site.publication).full_name
            else:
                full_name = f"{await self._owner.name(api)}/{site.repository}"
            repository = await _find_again(api, full_name)
            remote = Remote(repository.clone_url, self._token)

            async def clone() -> None:
                with _push_failures(is_new=False):
                    await self._workspaces.clone(site.folder, remote, min(self._push_seconds, patience.seconds_left))

            await patience.retry(clone)
            return replace(site, head=await self._workspaces.head(site.folder))

    async def _push_revision(
        self, api: GitHubApi, site: Site, commit_sha: str, patience: Patience, known: Repository
    ) -> Repository:
        """Push to the repository where it was last seen, or where it is by now; return it."""
        if self._is_beside_api(known.html_url):
            with suppress(_NotThere):
                await self._push(site, commit_sha, known, patience, is_new=False)
                return known
        repository = await _find_again(api, known.full_name)
        await self._push(site, commit_sha, repository, patience, is_new=True)
        return repository

    def _is_beside_api(self, html_url: str) -> bool:
        """Whether the page is on GitHub's own host, so that git is there as well: on any other, GitHub is asked first.

        The API is at ``/api/v3`` of that host, or at the host of that name with ``api.`` before it.
        """
        page, api = urlsplit(html_url), urlsplit(self._api_url)
        return page.scheme == api.scheme and api.netloc in {page.netloc, f"api.{page.netloc}"}

    async def _push(
        self, site: Site, commit_sha: str, repository: Repository, patience: Patience, *, is_new: bool
    ) -> None:
        """Push. After an attempt without an answer git looks at the branch first, and is done when it is there."""
        remote = Remote(repository.clone_url, self._token)

        async def push() -> None:
            with _push_failures(is_new=is_new):
                seconds = min(self._push_seconds, patience.seconds_left)
                await self._workspaces.push(site.folder, commit_sha, remote, seconds)

        await patience.retry(push)

    @asynccontextmanager
    async def _within_patience(
        self, progress: Progress, seconds: float | None = None
    ) -> AsyncIterator[tuple[GitHubApi, Patience]]:
        seconds = seconds or self._patience_seconds
        patience = Patience(self._clock, seconds, progress)
        api = GitHubApi(
            self._api_url,
            self._token,
            threads=self._threads,
            limiter=self._limiter,
            patience=patience,
            seconds=self._request_seconds,
        )
        try:
            async with asyncio.timeout(seconds):
                yield api, patience
        except TimeoutError as error:
            raise PublishFailed(f"GitHub took longer than {seconds:.0f} s") from error
        finally:
            api.close()


class _NotThere(PublishFailed):
    """There is no repository of that name, or the token may not see it."""


async def _find_again(api: GitHubApi, full_name: str) -> Repository:
    """A repository that was there, under whatever name it has by now."""
    repository = await find(api, full_name)
    if repository is None:
        raise PublishFailed(f"the repository {full_name} is no longer on GitHub, or this token may not see it")
    return repository


@contextmanager
def _push_failures(*, is_new: bool) -> Iterator[None]:
    """Turn PushFailed into what to do about it. A repository that ``is_new`` may not be seen for some seconds."""
    try:
        yield
    except PushFailed as error:
        if error.problem is PushProblem.UNREACHABLE or (is_new and error.problem is PushProblem.NOT_FOUND):
            raise TryAgain(PublishFailed(str(error)), is_lost=True) from error
        if error.problem is PushProblem.NOT_FOUND:
            raise _NotThere(str(error)) from error
        is_secret = error.problem is PushProblem.REFUSED and _SECRET_IN_PUSH.search(str(error))
        raise (ContentRefused if is_secret else PublishFailed)(str(error)) from error
