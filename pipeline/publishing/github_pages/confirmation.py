"""Seeing a commit go live on GitHub Pages."""

from pipeline.domain.errors import BuildFailed, NotLive
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication
from pipeline.ports import Clock, Progress
from pipeline.publishing.github_pages.api import GitHubApi
from pipeline.publishing.github_pages.repositories import head_of, repository_of
from pipeline.publishing.github_pages.sites import (
    BUILD_STATUSES,
    FAILED_DEPLOYMENTS,
    WORKFLOW,
    Build,
    build_type_of,
    deployment_status,
    latest_build,
    request_build,
)
from pipeline.publishing.served import ServedApp, texts_on_pages

FIRST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 0.25, 2.0, 1.2
"""Between two visits of the page, in seconds: they cost no request to the API."""

FIRST_REST, LONGEST_REST, REST_GROWTH = 2.0, 15.0, 1.5
"""Between two questions to the API."""

NO_BUILD_SECONDS = 60.0
"""When no build of the commit has been seen for so long, one is asked for: a build may be lost in a crowd of pushes.
From then on, what visitors are served counts alone."""

SAME_FAILURE_LOOKS = 5
"""How often the old failure may be seen again after a new build was asked for, before it counts as the new one's."""


class Watch:
    """Growing pauses between visits, and longer ones between questions, until ``seconds`` are up.

    ``progress`` is told whenever something else is seen.
    """

    def __init__(self, clock: Clock, seconds: float, progress: Progress) -> None:
        self._clock = clock
        self._progress = progress
        self._began = clock.monotonic()
        self._seconds = seconds
        self._pause = FIRST_PAUSE
        self._rest, self._next_question = FIRST_REST, 0.0
        self._seen = ""

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return self._clock.monotonic() - self._began

    def may_ask(self) -> bool:
        """Whether it is time to put a question to the API; then the next one is not for a while."""
        if self.passed < self._next_question:
            return False
        self._next_question = self.passed + self._rest
        self._rest = min(self._rest * REST_GROWTH, LONGEST_REST)
        return True

    async def pause(self, seen: str) -> None:
        """Wait before the next visit. Raises NotLive, with what was ``seen`` last, when the time is up."""
        left = self._seconds - self.passed
        if left <= 0:
            raise NotLive(f"after {self.passed:.0f} s visitors are not served this commit: {seen}")
        if seen != self._seen:
            self._progress(seen)
            self._seen = seen
        await self._clock.sleep(min(self._pause, left))
        self._pause = min(self._pause * PAUSE_GROWTH, LONGEST_PAUSE)


class Confirmation:
    """That one publication, which consists of ``files``, has gone live."""

    def __init__(self, api: GitHubApi, watch: Watch, publication: Publication, files: AppFiles) -> None:
        self._api = api
        self._app = ServedApp(publication.pages_url, publication.commit_sha)
        self._watch = watch
        self._sha = publication.commit_sha
        self._full_name = repository_of(publication).full_name
        self._files = files
        self._left = texts_on_pages(files)  # that visitors have not been seen to get yet
        self._can_compare = bool(self._left)

    async def wait(self) -> int:
        """Return the number of files that were compared, once visitors are served the commit.

        Raises:
            BuildFailed: GitHub could not build it, also when asked again.
            NotLive: it was not served in time, or is no longer the branch's head.
            PublishFailed: GitHub does not tell.
        """
        count = len(self._left.keys() - {""} or self._files)
        if build_type_of(self._files) == WORKFLOW:
            await self._wait_for_deployment()
        else:
            await self._wait_for_build()
            await self._wait_for_pages()
        await self._require_head()
        return count

    async def _wait_for_build(self) -> None:
        """Until the commit is built, or visitors get it: what they got before was something else, or nobody tells."""
        failed: Build | None = None
        foreign, word = "", ""
        looks_at_failure = 0
        has_asked = was_other = False
        while True:
            is_served = await self._is_served()
            if is_served and was_other:
                return
            was_other |= not is_served
            if not self._watch.may_ask():
                await self._watch.pause(word)
                continue
            build = await latest_build(self._api, self._full_name)
            ours = build if build and build.commit == self._sha else None
            if ours and ours.status == "built":
                return
            if ours and ours.status == "errored":
                looks_at_failure += 1
                if failed and (ours != failed or looks_at_failure > SAME_FAILURE_LOOKS):
                    raise BuildFailed(f"GitHub Pages could not build the site: {ours.error or 'no reason given'}")
                failed = ours
            if build and not ours and build.identity != foreign:
                await self._require_head()
                foreign = build.identity
            is_overdue = not ours and self._watch.passed > NO_BUILD_SECONDS
            if (failed or is_overdue) and not has_asked:
                await request_build(self._api, self._full_name)
                has_asked = True
            is_untold = build is None or build.status not in BUILD_STATUSES
            if is_served and (is_untold or is_overdue):
                return
            word = f"Pages build: {ours.status}" if ours else "no Pages build of this commit yet"
            await self._watch.pause(word)

    async def _wait_for_pages(self) -> None:
        while problem := await self._app.first_problem(self._left):
            await self._watch.pause(f"built, but visitors do not get it yet: {problem.text}")

    async def _wait_for_deployment(self) -> None:
        """A workflow may publish what it made of the files: then GitHub's word on this commit counts."""
        status = None
        while True:
            if self._watch.may_ask():
                status = await deployment_status(self._api, self._full_name, self._sha)
            if status in FAILED_DEPLOYMENTS:
                raise BuildFailed(f"the workflow's deployment to Pages ended as {status}")
            if status == "succeed" and await self._app.answers():
                return
            problem = await self._app.first_problem(self._left)
            if self._can_compare and not problem:
                return
            word = status or (problem.text if problem else "no word yet")
            await self._watch.pause(f"waiting for the workflow to deploy: {word}")

    async def _is_served(self) -> bool:
        return self._can_compare and await self._app.first_problem(self._left) is None

    async def _require_head(self) -> None:
        """Where GitHub does not tell the branch, the push counts, which it has acknowledged."""
        head = await head_of(self._api, self._full_name)
        if head not in {None, self._sha}:
            raise NotLive(f"the repository has moved on to commit {head}")
