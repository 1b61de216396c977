"""What the fake GitHub remembers: accounts, repositories, sites, limits."""

import itertools
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.github.bare import BareRepository
from tests.fakes.github.pages import Build, BuildType, PagesSite, deploys_pages, published

MAIN = "main"
HOUR = 3600
HOURLY_REQUESTS = 5000
TOO_MANY_BUILDS = "The page build was not started: this site has used up its builds for this hour."


@dataclass
class GitHubSettings:
    """How GitHub behaves; may be changed at any time.

    Attributes:
        build_seconds: from the beginning of a Pages build to its end.
        visibility_seconds: a repository just created answers 404 for so long, to REST and to git.
        stale_seconds: visitors see the old build for so long after the new one is ``built``; 404 when it is the first.
        latency_seconds: before every answer.
        builds_per_hour: of one site; further ones fail. None = no limit.
        permissions: None = a classic token that may do everything; else what a fine-grained one was given, as GitHub's
            headers spell it: ``administration=write``, ``contents=write``, ``pages=write``, ``workflows=write``;
            ``=write`` includes ``=read``, and ``metadata=read`` is always given.
    """

    build_seconds: float = 0.0
    visibility_seconds: float = 0.0
    stale_seconds: float = 0.0
    latency_seconds: float = 0.0
    builds_per_hour: int | None = None
    permissions: set[str] | None = None

    def is_granted(self, permission: str) -> bool:
        if self.permissions is None or permission == "metadata=read":
            return True
        return permission in self.permissions or permission.replace("=read", "=write") in self.permissions


@dataclass(frozen=True)
class Account:
    """A user or an organisation."""

    login: str
    id: int
    is_organization: bool = False


@dataclass(frozen=True)
class PlannedFailure:
    """The next build fails; if ``is_cached``, every further build of the same commit as well."""

    message: str
    is_cached: bool


@dataclass(eq=False)
class Repository:
    """A repository, for the API and for tests to look at; ``pages`` is None while Pages is off."""

    id: int
    owner: Account
    name: str
    git: BareRepository
    description: str | None = None
    homepage: str | None = None
    private: bool = False
    has_issues: bool = True
    has_projects: bool = True
    has_wiki: bool = True
    topics: list[str] = field(default_factory=list)
    pages: PagesSite | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pushed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    visible_from: float = 0.0
    cached_failures: dict[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def is_visible(self) -> bool:
        """Whether the time is over in which GitHub does not find what was just created."""
        return time.monotonic() >= self.visible_from

    def head(self, branch: str = MAIN) -> str | None:
        return self.git.head(branch)

    def commits(self) -> list[tuple[str, str]]:
        """Sha and message, newest first; empty when nothing was pushed."""
        return [(commit.sha, commit.message) for commit in self.git.commits(MAIN)]

    def files(self) -> dict[str, bytes]:
        """The files at the head; empty when nothing was pushed."""
        head = self.head()
        return self.git.files(head) if head else {}


class GitHubState:
    """All of it. Every change happens under ``lock``."""

    def __init__(self, folder: Path, login: str, organizations: tuple[str, ...]) -> None:
        self.folder = folder
        self.settings = GitHubSettings()
        self.lock = threading.RLock()
        self.user = Account(login, 1)
        self._ids = itertools.count(1000)
        self._accounts = {login.lower(): self.user}
        self._repositories: dict[tuple[str, str], Repository] = {}
        self._planned_failure: PlannedFailure | None = None
        self._used = 0
        self._reset = int(time.time()) + HOUR
        for organization in organizations:
            self._accounts[organization.lower()] = Account(organization, next(self._ids), is_organization=True)
        self._writable = set(self._accounts)

    def account(self, login: str) -> Account | None:
        """By its name, whatever the case of its letters."""
        return self._accounts.get(login.lower())

    def may_write(self, owner: Account) -> bool:
        return owner.login.lower() in self._writable

    def repository(self, owner: str, name: str) -> Repository | None:
        """By its name, whatever the case of its letters."""
        return self._repositories.get((owner.lower(), name.lower()))

    def repositories(self) -> list[Repository]:
        """All, oldest first."""
        return list(self._repositories.values())

    def create(self, owner: str, name: str) -> Repository:
        """Make an empty repository, and its owner when there is none of that name."""
        with self.lock:
            account = self._accounts.setdefault(owner.lower(), Account(owner, next(self._ids)))
            git = BareRepository(self.folder / account.login / f"{name}.git")
            git.create()
            repository = Repository(next(self._ids), account, name, git)
            repository.visible_from = time.monotonic() + self.settings.visibility_seconds
            self._repositories[owner.lower(), name.lower()] = repository
            return repository

    def rename(self, repository: Repository, name: str) -> None:
        with self.lock:
            self._forget(repository)
            folder = repository.git.folder.rename(repository.git.folder.with_name(f"{name}.git"))
            repository.name, repository.git = name, BareRepository(folder)
            self._repositories[repository.owner.login.lower(), name.lower()] = repository

    def delete(self, repository: Repository) -> None:
        with self.lock:
            self._forget(repository)
            shutil.rmtree(repository.git.folder)

    def plan_failure(self, failure: PlannedFailure) -> None:
        with self.lock:
            self._planned_failure = failure

    def pushed(self, repository: Repository) -> None:
        with self.lock:
            repository.pushed_at = repository.updated_at = datetime.now(UTC)
            pages = repository.pages
            if pages and repository.head(pages.branch) != pages.seen:
                self.build(repository)

    def enable_pages(self, repository: Repository, build_type: BuildType, branch: str, path: str) -> None:
        with self.lock:
            repository.pages = PagesSite(build_type, branch, path)
            self.build(repository)

    def build(self, repository: Repository) -> Build | None:
        """Begin a build of the branch's head. None when there is none, or when no workflow deploys it.

        A workflow is taken to reach its deployment after Pages was turned on, as it does at GitHub, where it starts
        seconds after the push.
        """
        pages = repository.pages
        head = repository.head(pages.branch) if pages else None
        if pages is None or head is None:
            return None
        pages.seen = head
        files = repository.git.files(head)
        if pages.build_type == "workflow" and not deploys_pages(files):
            return None
        uses_jekyll = pages.build_type == "legacy"
        content, problem = published(files, pages.path, jekyll=uses_jekyll)
        error = self._build_failure(repository, head) or problem
        times = self.settings.build_seconds, self.settings.stale_seconds
        build = Build(next(self._ids), head, content, *times, error)
        pages.add(build)
        return build

    def _forget(self, repository: Repository) -> None:
        del self._repositories[repository.owner.login.lower(), repository.name.lower()]

    def _build_failure(self, repository: Repository, commit: str) -> str | None:
        limit = self.settings.builds_per_hour
        pages = repository.pages
        if pages and limit is not None and sum(build.age < HOUR for build in pages.history) >= limit:
            return TOO_MANY_BUILDS
        planned, self._planned_failure = self._planned_failure, None
        if planned and planned.is_cached:
            repository.cached_failures[commit] = planned.message
        return planned.message if planned else repository.cached_failures.get(commit)

    def count_request(self) -> None:
        with self.lock:
            self._used += 1

    def rate(self) -> Mapping[str, int]:
        """The hour's requests: limit, remaining, reset (seconds since 1970), used."""
        remaining = max(0, HOURLY_REQUESTS - self._used)
        return {"limit": HOURLY_REQUESTS, "remaining": remaining, "reset": self._reset, "used": self._used}
