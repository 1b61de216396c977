"""Repositories that others have published, read from a copy that is thrown away."""

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from git import Blob, Commit, GitCmdObjectDB, GitError, Repo, Tree
from git.exc import ODBError

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed
from pipeline.domain.files import MAX_FILES, AppFiles, path_collision, path_problem
from pipeline.domain.history import History
from pipeline.domain.publication import Remote
from pipeline.workspace.processes import environment_of, run_git
from pipeline.workspace.remotes import fetch_branch

MOST_COMMITS = 1_000
MOST_BYTES = 128 * 1024 * 1024  # of all files of all commits
LARGEST_FILE = 32 * 1024 * 1024

_INIT_SECONDS = 20.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HEAD = "refs/told/HEAD"
_REFSPECS = (f"+HEAD:{_HEAD}", "+refs/heads/*:refs/told/heads/*")

FindSecret = Callable[[bytes], str | None]
"""What secret a content holds, in words; None when it holds none."""


class PublishedRepositories:
    """The Repositories port, over git."""

    def __init__(self, find_secret: FindSecret) -> None:
        self._find_secret = find_secret

    async def read(self, url: str, commit_sha: str, seconds: float) -> History:
        """As the port says; nothing of the repository is checked out or run."""
        with tempfile.TemporaryDirectory(prefix="published-", ignore_cleanup_errors=True) as made:
            folder = Path(made)
            try:
                await run_git(folder, ["init", "--quiet", "--bare", "."], {}, _INIT_SECONDS)
            except (TimeoutError, FileNotFoundError) as error:
                raise WorkspaceFailed("the git command does not work on this machine: install git") from error
            try:
                await fetch_branch(folder, Remote(url), seconds, *_REFSPECS)
            except PushFailed as error:
                if error.problem in {PushProblem.NOT_FOUND, PushProblem.UNAUTHORIZED}:
                    raise PushFailed(f"there is none with a commit at {url}, or not everybody may read it") from error
                raise
            try:
                return await asyncio.to_thread(self._history, folder, commit_sha)
            except (GitError, ODBError, ValueError, OSError) as error:
                raise WorkspaceFailed(f"git cannot read what {url} gave ({type(error).__name__})") from error

    def _history(self, folder: Path, commit_sha: str) -> History:
        with Repo(folder, odbt=GitCmdObjectDB, expand_vars=False) as repo:
            repo.git.update_environment(**environment_of({"safe.directory": "*"}))
            commits = list(repo.iter_commits("--all", max_count=MOST_COMMITS + 1))
            asked = (
                next((c for c in commits if c.hexsha == commit_sha), None) if _COMMIT.fullmatch(commit_sha) else None
            )
            search = _Search(self._find_secret)
            secret = next(search.secrets(commits[:MOST_COMMITS]), None)
            return History(
                head=repo.commit(_HEAD).hexsha,
                began=min(commit.committed_datetime for commit in commits).astimezone(UTC),
                commits=len(commits),
                files=_files(asked.tree) if asked else None,
                secret=secret,
                is_complete=len(commits) <= MOST_COMMITS and not search.left_out,
            )


@dataclass
class _Search:
    """Looks at every file of a history once, up to a limit; what lies behind it is ``left_out``."""

    find: FindSecret
    left_out: int = 0
    _bytes: int = 0
    _seen: set[bytes] = field(default_factory=set)

    def secrets(self, commits: list[Commit]) -> Iterator[str]:
        for commit in commits:
            message = commit.message if isinstance(commit.message, bytes) else commit.message.encode(errors="replace")
            if found := self.find(message):
                yield f"the message of commit {commit.hexsha[:12]} holds {found}"
            for blob in self._new_blobs(commit.tree):
                self._bytes += blob.size
                if blob.size > LARGEST_FILE or self._bytes > MOST_BYTES:
                    self.left_out += 1
                elif found := self.find(blob.data_stream.read()):
                    yield f"{blob.path} of commit {commit.hexsha[:12]} holds {found}"

    def _new_blobs(self, tree: Tree) -> Iterator[Blob]:
        folders = [tree]
        while folders:
            for item in folders.pop():
                if item.binsha in self._seen:
                    continue
                self._seen.add(item.binsha)
                if isinstance(item, Tree):
                    folders.append(item)
                elif isinstance(item, Blob):
                    yield item


def _files(tree: Tree) -> AppFiles:
    """The plain files of a commit whose names an app may have, as far as they are not too many or too large."""
    blobs: dict[str, Blob] = {}
    size = 0
    for item in tree.traverse():
        is_plain = isinstance(item, Blob) and item.mode != Blob.link_mode and not path_problem(str(item.path))
        if isinstance(item, Blob) and is_plain and len(blobs) < MAX_FILES and size + item.size <= MOST_BYTES:
            blobs[str(item.path)] = item
            size += item.size
    while collision := path_collision(list(blobs)):
        del blobs[list(blobs)[collision[0]]]
    return AppFiles({path: blob.data_stream.read() for path, blob in blobs.items()})
