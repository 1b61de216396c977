"""What a service has published, judged as a visitor finds it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from pipeline.domain.address import NeighbourRule
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import NoAnswer, WorkspaceFailed
from pipeline.domain.files import WORKFLOW_FILE, AppFiles
from pipeline.domain.history import History
from pipeline.domain.verdict import Outcome
from pipeline.evaluation.results import Point, Told, lost, open_point, said, won
from pipeline.ports import Clock, Downloader, Verifier
from pipeline.ports.evaluation import Repositories

REPOSITORY = "repository can be read"
NEW = "repository is new"
SAME = "repository is that of round 1"
HEAD = "commit_sha is the head"
SECRETS = "no secret in the history"
PAGE = "page answers 200 and is this commit's"
LICENCE, README = Check("LICENSE is MIT"), Check("README.md is complete")
"""In the words of checks in prose: the same rules decide them."""

GIT_SECONDS = 120.0
PAGE_PAUSE_SECONDS = 2.0
ANSWER_SECONDS = 20.0
LARGEST_PAGE = 16 * 1024 * 1024
MOST_REDIRECTS = 4
CLOCKS_DIFFER = timedelta(minutes=5)

_OK, _REDIRECTS = 200, range(300, 400)


@dataclass(frozen=True, slots=True)
class Page:
    """What visitors get: where redirects have led to, and what was there. Without an address, the problem tells why."""

    address: str | None
    content: bytes
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Looks at what is published, as anybody can."""

    rule: NeighbourRule  # which addresses may be asked
    repositories: Repositories
    downloader: Downloader
    reading: Verifier  # judges files alone
    looking: Verifier  # judges files, and the published page in a browser
    is_served_as: Callable[[bytes, bytes], bool]  # whether a host serves just this file
    clock: Clock

    async def repository(
        self, told: Told, first: Told | None, taken: set[str], asked_at: datetime
    ) -> tuple[list[Point], AppFiles | None]:
        """Points of the repository, and the files at the commit, if that is there.

        ``first`` is what was told in round 1, if this is a later one; ``taken`` are the repositories of other briefs.
        """
        url = told.repo_url
        try:
            if problem := self._problem(url):
                raise WorkspaceFailed(f"{said(url) or 'nothing'} {problem}")  # noqa: TRY301 - told like all that git says
            history = await self.repositories.read(url, told.commit_sha, GIT_SECONDS)
        except WorkspaceFailed as error:
            reason = "the repository cannot be read"
            unread = [open_point(name, reason) for name in (SAME if first else NEW, HEAD, SECRETS)]
            return [lost(REPOSITORY, f"expected a public git repository: {said(str(error))}"), *unread], None
        seen = won(REPOSITORY, f"{_commits(history)} at {said(url)}")
        place = _is_same(url, first.repo_url) if first else _is_new(url, taken, history, asked_at)
        return [seen, place, _is_head(told.commit_sha, history), _has_no_secret(history)], history.files

    def _problem(self, url: str) -> str | None:
        if urlsplit(url).scheme == "file":
            return None if self.rule.is_here else "is a folder of the service's own machine"
        return self.rule.problem(url)

    async def page(self, told: Told, files: AppFiles | None, seconds: float) -> tuple[Point, Page]:
        """Look until the page is there and this commit's, for ``seconds`` at most."""
        ends, looks = self.clock.monotonic() + seconds, 0
        while True:
            looks += 1
            page = await self._page(told.pages_url, f"{told.commit_sha[:12]}-{looks}")
            point = self._judged(page, files)
            if point.outcome is not Outcome.FAIL or self.clock.monotonic() >= ends or not told.pages_url:
                return point, page
            await self.clock.sleep(PAGE_PAUSE_SECONDS)

    async def _page(self, url: str, mark: str) -> Page:
        for _ in range(MOST_REDIRECTS + 1):
            if problem := self.rule.problem(url):
                return Page(None, b"", f"pages_url {problem}")
            query = "" if urlsplit(url).query else f"?commit={mark}"  # so that no cache has the answer
            try:
                answer = await self.downloader.get(
                    url.partition("#")[0] + query, {}, seconds=ANSWER_SECONDS, max_bytes=LARGEST_PAGE
                )
            except NoAnswer as error:
                return Page(None, b"", str(error))
            if answer.status == _OK:
                return Page(url, answer.content)
            if answer.status not in _REDIRECTS or not answer.location:
                return Page(None, b"", f"HTTP {answer.status}")
            url = urljoin(url, answer.location).replace(query, "") if query else urljoin(url, answer.location)
        return Page(None, b"", f"more than {MOST_REDIRECTS} redirects")

    def _judged(self, page: Page, files: AppFiles | None) -> Point:
        if page.address is None:
            return lost(PAGE, f"expected HTTP 200 at pages_url, came: {page.problem}")
        index = files.get("index.html") if files else None
        if files is None:
            return open_point(PAGE, "it answers 200; the commit that it should be is not there to compare it with")
        if index is None or index.startswith(b"---"):
            return won(PAGE, "it answers 200; the commit has no index.html that is served as it is")
        if self.is_served_as(page.content, index):
            return won(PAGE, f"index.html is served as it is in the commit, {len(index)} bytes")
        if _is_built(files):
            return open_point(PAGE, "it answers 200; it is built from the commit, not served as it is")
        return lost(PAGE, f"expected index.html of the commit ({len(index)} bytes), came another page")

    async def checks(
        self, brief: Brief, told: Told, files: AppFiles | None, page: Page
    ) -> tuple[list[Point], bytes | None]:
        """LICENSE, README and every check of the brief; and a picture of the page."""
        asked = replace(brief, checks=(LICENCE, README, *brief.checks))
        shown = AppFiles({"index.html": page.content}) if files is None else files
        verifier = self.looking if page.address else self.reading
        seen = await verifier.verify(shown, asked, page.address or "https://app.invalid/")
        points = []
        for place, verdict in enumerate(seen.verdicts):
            point = Point(said(verdict.check.text), verdict.outcome, said(verdict.evidence), is_check=place > 1)
            if verdict.check.script is not None and page.address is None:
                point = replace(point, outcome=Outcome.FAIL, evidence=f"there is no page to run it on: {page.problem}")
            elif verdict.check.script is None and files is None:
                reason = f"the files of commit {said(told.commit_sha, 40)} cannot be read"
                point = replace(point, outcome=Outcome.NOT_VERIFIABLE, evidence=reason)
            points.append(point)
        return points, seen.picture


def unjudged(brief: Brief, reason: str) -> list[Point]:
    """The checks of a round that has told nothing of what it published."""
    return [replace(open_point(said(check.text), reason), is_check=True) for check in brief.checks]


def repository_key(url: str) -> str:
    """The same for all ways of writing a repository's address."""
    return url.lower().rstrip("/").removesuffix(".git")


def _is_same(url: str, first: str) -> Point:
    if repository_key(url) == repository_key(first):
        return won(SAME, said(url))
    return lost(SAME, f"expected {said(first)}, came {said(url)}")


def _is_new(url: str, taken: set[str], history: History, asked_at: datetime) -> Point:
    if repository_key(url) in taken:
        return lost(NEW, f"expected a repository of its own, came {said(url)}, which was told for another brief")
    if history.began < asked_at - CLOCKS_DIFFER:
        return lost(NEW, f"its first commit is of {history.began:%Y-%m-%d %H:%M} UTC, before the request was sent")
    return won(NEW, f"its first commit is of {history.began:%Y-%m-%d %H:%M} UTC")


def _is_head(commit_sha: str, history: History) -> Point:
    if commit_sha == history.head:
        return won(HEAD, commit_sha)
    where = "in no branch of it" if history.files is None else "in the history"
    return lost(HEAD, f"expected the head {history.head}, came {said(commit_sha, 60) or 'nothing'}, which is {where}")


def _has_no_secret(history: History) -> Point:
    if history.secret:
        return lost(SECRETS, said(history.secret))
    if not history.is_complete:
        return open_point(SECRETS, "none in what was read; the history is too large to be read to its end")
    return won(SECRETS, f"none in {_commits(history)}")


def _commits(history: History) -> str:
    return f"{history.commits} commit{'s' * (history.commits != 1)}"


def _is_built(files: AppFiles) -> bool:
    """Whether visitors get what a workflow or a program makes of the files."""
    is_program = "app.py" in files or "Dockerfile" in files
    return is_program or any(
        WORKFLOW_FILE.fullmatch(path) and b"pages" in content.lower() for path, content in files.items()
    )
