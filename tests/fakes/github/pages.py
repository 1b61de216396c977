"""GitHub Pages: builds, what they publish, and what visitors see.

Nothing runs in the background: how far a build has got follows from the time that has passed since it began. GitHub
does not say how a superseded or a refused build looks in its builds API; here both are ``errored`` and say why.
"""

import mimetypes
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Literal

from tests.fakes.github.exchange import SITE_PREFIX, Answer, Request

BuildStatus = Literal["queued", "building", "built", "errored"]
BuildType = Literal["legacy", "workflow"]

QUEUED_SHARE = 1 / 3  # of a build's time, before it begins
SUPERSEDED = "The page build was superseded by a newer one."
_DEPLOYS_PAGES = re.compile(rb"uses:\s*['\"]?actions/deploy-pages\b")
_IS_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_FRONT_MATTER = re.compile(rb"---[ \t]*\r?\n")
_LIQUID_TAG = re.compile(rb"\{%-?\s*(\w+)")
_LIQUID_TAGS = frozenset(
    b"assign break capture case comment continue cycle decrement else elsif endcapture endcase endcomment endfor "
    b"endhighlight endif endraw endtablerow endunless for highlight if include include_relative increment link "
    b"post_url raw seo tablerow unless when".split()
)
_NOT_FOUND = "<!DOCTYPE html><html><head><title>Site not found &middot; GitHub Pages</title></head></html>"


@dataclass
class Build:
    """One build of a site.

    Attributes:
        files: that it publishes.
        seconds: from its beginning to its end.
        stale_seconds: from its end until visitors see it.
        error: why it fails, or None.
        began: on the monotonic clock.
        superseded_after: seconds after its beginning when a newer build took its place, or None.
    """

    id: int
    commit: str
    files: Mapping[str, bytes]
    seconds: float = 0.0
    stale_seconds: float = 0.0
    error: str | None = None
    began: float = field(default_factory=time.monotonic)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    superseded_after: float | None = None

    @property
    def age(self) -> float:
        return time.monotonic() - self.began

    @property
    def status(self) -> BuildStatus:
        if self.superseded_after is not None:
            return "errored"
        if self.age < self.seconds:
            return "queued" if self.age < self.seconds * QUEUED_SHARE else "building"
        return "errored" if self.error else "built"

    @property
    def message(self) -> str | None:
        if self.status != "errored":
            return None
        return self.error if self.superseded_after is None else SUPERSEDED

    @property
    def is_served(self) -> bool:
        return self.status == "built" and self.age >= self.seconds + self.stale_seconds

    @property
    def duration(self) -> int:
        """Milliseconds so far."""
        end = self.seconds if self.superseded_after is None else self.superseded_after
        return int(min(self.age, end) * 1000)

    @property
    def updated_at(self) -> datetime:
        """When its status changed last, more or less."""
        return self.created_at + timedelta(milliseconds=self.duration)


@dataclass
class PagesSite:
    """The site of a repository.

    Attributes:
        build_type: ``legacy`` = GitHub builds the branch, ``workflow`` = the repository's own Actions do.
        path: ``/`` or ``/docs``.
        seen: the branch's head when the newest build was looked for.
        history: builds in order; for a workflow site, its deployments.
    """

    build_type: BuildType = "legacy"
    branch: str = "main"
    path: str = "/"
    seen: str | None = None
    history: list[Build] = field(default_factory=list)

    @property
    def builds(self) -> list[tuple[str, BuildStatus]]:
        """Commit and status, oldest first."""
        return [(build.commit, build.status) for build in self.history]

    @property
    def latest(self) -> Build | None:
        return self.history[-1] if self.history else None

    @property
    def served(self) -> Mapping[str, bytes] | None:
        """The files that visitors see, or None before there are any."""
        return next((build.files for build in reversed(self.history) if build.is_served), None)

    def add(self, build: Build) -> None:
        """Begin a build; one that is still under way gives way to it."""
        if self.latest and self.latest.status in {"queued", "building"}:
            self.latest.superseded_after = self.latest.age
        self.history.append(build)


def deploys_pages(files: Mapping[str, bytes]) -> bool:
    return any(_IS_WORKFLOW.fullmatch(path) and _DEPLOYS_PAGES.search(content) for path, content in files.items())


def published(files: Mapping[str, bytes], path: str, *, jekyll: bool) -> tuple[dict[str, bytes], str | None]:
    """What a build makes of a tree: the files it publishes, and why it fails or None.

    Jekyll copies files, as far as it matters here: Markdown is not turned into pages.
    With ``jekyll``, a source without ``.nojekyll`` goes through it.
    """
    root = path.strip("/")
    prefix = f"{root}/" if root else ""
    source = {name.removeprefix(prefix): content for name, content in files.items() if name.startswith(prefix)}
    if not jekyll or ".nojekyll" in source:
        return source, None
    problem = next(filter(None, (_liquid_problem(name, content) for name, content in source.items())), None)
    return {name: content for name, content in source.items() if _is_kept_by_jekyll(name)}, problem


def _is_kept_by_jekyll(path: str) -> bool:
    return not any(part.startswith(("_", ".", "#")) or part.endswith("~") for part in PurePosixPath(path).parts)


def _liquid_problem(path: str, content: bytes) -> str | None:
    """Liquid is read in files with front matter and, on GitHub, in all Markdown; other files are copied as they are."""
    if not (path.lower().endswith((".md", ".markdown")) or _FRONT_MATTER.match(content)):
        return None
    unknown = next((tag for tag in _LIQUID_TAG.findall(content) if tag not in _LIQUID_TAGS), None)
    return f"Liquid syntax error in {path}: Unknown tag '{unknown.decode()}'" if unknown else None


def visit(request: Request, owner: str, name: str, site: PagesSite | None) -> Answer:
    """What a visitor gets; ``/pages/OWNER/NAME`` is the site's root."""
    files = site.served if site else None
    if request.method not in {"GET", "HEAD"}:
        return Answer(405, text="405 Not Allowed")
    if files is None:
        return _page(404, _NOT_FOUND.encode(), "text/html; charset=utf-8")
    root = f"{SITE_PREFIX}{owner}/{name}"
    path = request.path[len(root) :]
    if not path.startswith("/"):
        return Answer(301, headers={"Location": f"{root}/"})
    path = path[1:]
    if path and not path.endswith("/") and path not in files and f"{path}/index.html" in files:
        return Answer(301, headers={"Location": f"{root}/{path}/"})
    candidates = [f"{path}index.html"] if path.endswith("/") or not path else [path, f"{path}.html"]
    for candidate in candidates:
        if candidate in files:
            return _page(200, files[candidate], media_type(candidate))
    return _page(404, files.get("404.html", b"<h1>404</h1><p>File not found</p>"), "text/html; charset=utf-8")


def media_type(path: str) -> str:
    """As GitHub Pages names it, by the suffix."""
    guessed = mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_text = guessed.startswith("text/") or guessed in {"application/javascript", "application/json"}
    return f"{guessed}; charset=utf-8" if is_text else guessed


def _page(status: int, content: bytes, kind: str) -> Answer:
    headers = {
        "Content-Type": kind,
        "Cache-Control": "max-age=600",
        "ETag": f'"{sha256(content).hexdigest()[:16]}"',
        "Access-Control-Allow-Origin": "*",
    }
    return Answer(status, headers=headers, content=content)
