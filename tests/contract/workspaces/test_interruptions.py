"""Commits that are interrupted, killed, or out of disk."""

import asyncio
import itertools
import random
import resource
import shutil
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from pipeline.domain.errors import WorkspaceFailed
from pipeline.domain.files import AppFiles
from pipeline.ports import Workspaces
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files
from tests.contract import repositories
from tests.contract.repositories import ALL_BYTES, KILLED, SITE, assert_sound, git, names_in, subjects


def _leave(path: str, content: bytes | None = b"") -> Callable[[Path], None]:
    """Somebody was killed who had just written ``content`` to ``path``, or was about to write there."""

    def interrupt(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            (folder / path).unlink()
        else:
            (folder / path).write_bytes(content)

    return interrupt


def _only(*names: str) -> Callable[[Path], None]:
    """The first commit was interrupted when these were all there was."""

    def interrupt(folder: Path) -> None:
        shutil.rmtree(folder)
        for name in names:
            (folder / name).mkdir(parents=True)

    return interrupt


def _damage_objects(folder: Path) -> None:
    for number, path in enumerate(sorted((folder / ".git/objects").glob("??/*"))):
        commit = git(folder, "cat-file", "-t", path.parent.name + path.name) == b"commit\n"
        path.chmod(0o644)
        path.write_bytes(b"" if commit or number % 2 else path.read_bytes()[:-10])


INTERRUPTED = {
    "index locked": _leave(".git/index.lock"),
    "head locked": _leave(".git/HEAD.lock", b"ref: refs/heads/main"),
    "branch locked": _leave(".git/refs/heads/main.lock"),
    "packed references locked": _leave(".git/packed-refs.lock"),
    "configuration locked": _leave(".git/config.lock"),
    "no HEAD": _leave(".git/HEAD", None),
    "empty HEAD": _leave(".git/HEAD", b""),
    "detached HEAD": _leave(".git/HEAD", b"0123456789012345678901234567890123456789\n"),
    "no branch": _leave(".git/refs/heads/main", None),
    "empty branch": _leave(".git/refs/heads/main", b""),
    "branch of a missing commit": _leave(".git/refs/heads/main", b"0123456789012345678901234567890123456789\n"),
    "no index": _leave(".git/index", None),
    "half an index": _leave(".git/index", b"DIRC\0\0\0\2\0\0\0\5"),
    "no configuration": _leave(".git/config", None),
    "no attributes": _leave(".git/info/attributes", None),
    "staged file": _leave(".git/staging/tmpabc", b"x"),
    "temporary file in the working tree": _leave("tmpabc", b"x"),
    "file half written": _leave("index.html", b"<!doc"),
    "file not written": _leave("index.html", None),
    "files and objects cut off": _damage_objects,
    "nothing": _only(),
    "empty folder": _only("."),
    "empty repository": _only(".git"),
    "half a repository": _only(".git/objects", ".git/refs"),
    "repository without a branch": _only(".git/objects", ".git/refs/heads", ".git/info"),
}


class TestAfterAnInterruption:
    @pytest.mark.parametrize("interrupt", INTERRUPTED.values(), ids=INTERRUPTED)
    async def test_the_same_call_gives_the_same_commit_and_clears_up(
        self, workspaces: Workspaces, folder: Path, interrupt: Callable[[Path], None]
    ) -> None:
        sha = await workspaces.commit(SITE, make_files(), "one", NOW)
        interrupt(folder)
        assert await workspaces.commit(SITE, make_files(), "one", NOW) == sha
        assert subjects(folder) == ["one"]
        assert_sound(folder, make_files())
        left = [path.name for path in (folder / ".git").rglob("*") if "lock" in path.name or "tmp" in path.name]
        assert left == []


_FIRST = {"index.html": "1", "a": "file", "b/c.txt": "1", "gone/x": "1"}
_SECOND = {"index.html": "2", "a/b.txt": "folder", "b": "file", "same": "1"}


def _commit_and_die(root: Path, files: dict[str, str], message: str, step: int) -> None:
    repositories.die_before_step(root, step)
    asyncio.run(GitWorkspaces(root).commit(SITE, make_files(files), message, NOW))


def _commit_for_ever(root: Path, started: Event) -> None:
    started.set()
    for number in itertools.count():
        asyncio.run(GitWorkspaces(root).commit(SITE, _numbered(number), f"round-{number}", NOW))


def _numbered(number: int) -> AppFiles:
    return make_files({f"{number % 3}/{n}.txt": f"{number} {n}" for n in range(12)})


def _commit_all(root: Path, rounds: list[tuple[str, dict[str, str]]]) -> str | None:
    workspaces = GitWorkspaces(root)
    shas = [asyncio.run(workspaces.commit(SITE, make_files(files), message, NOW)) for message, files in rounds]
    return shas[-1] if shas else None


def _everything_in(root: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


class TestAfterAKill:
    @pytest.mark.parametrize("rounds", [1, 2])
    def test_before_any_of_its_steps_a_commit_is_there_or_not_and_can_be_made_again(
        self, tmp_path: Path, processes: ForkServerContext, rounds: int
    ) -> None:
        *earlier, (message, last) = [("one", _FIRST), ("two", _SECOND)][:rounds]
        before = _commit_all(tmp_path / "expected", earlier)
        after = _commit_all(tmp_path / "expected", [(message, last)])
        assert_sound(tmp_path / "expected" / SITE.folder, make_files(last))
        expected = _everything_in(tmp_path / "expected")
        for step in itertools.count(1):
            root = tmp_path / str(step)
            _commit_all(root, earlier)
            code = repositories.exit_code(processes, _commit_and_die, root, last, message, step)
            assert code in {0, KILLED}
            assert asyncio.run(GitWorkspaces(root).head(SITE.folder)) in {before, after}
            assert _commit_all(root, [(message, last)]) == after
            assert _everything_in(root) == expected
            if code == 0:
                break
        assert step > 50

    def test_at_any_moment_the_rounds_before_are_whole_and_the_next_follows_them(
        self, root: Path, folder: Path, processes: ForkServerContext
    ) -> None:
        moments = random.Random(7)
        for _ in range(12):
            shutil.rmtree(root, ignore_errors=True)
            started = processes.Event()
            process = processes.Process(target=_commit_for_ever, args=(root, started))
            process.start()
            assert started.wait(30)
            time.sleep(moments.uniform(0, 0.1))
            process.kill()
            process.join(30)
            workspaces = GitWorkspaces(root)
            done = int(git(folder, "rev-list", "--count", "main")) if asyncio.run(workspaces.head(SITE.folder)) else 0
            asyncio.run(workspaces.commit(SITE, _numbered(done), f"round-{done}", NOW))
            assert subjects(folder) == [f"round-{number}" for number in range(done, -1, -1)]
            assert_sound(folder, _numbered(done))


def _commit_within(root: Path, largest_file: int, answers: "SimpleQueue[str]") -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    open_files = names_in("/proc/self/fd")
    try:
        asyncio.run(GitWorkspaces(root).commit(SITE, make_files({"a": "small", "b": ALL_BYTES * 99}), "two", NOW))
    except WorkspaceFailed as error:
        answers.put(str(error))
        assert names_in("/proc/self/fd") == open_files


class TestAFullDisk:
    @pytest.mark.parametrize("largest_file", [0, 10, 30, 60, 200, 300])
    def test_a_disk_that_takes_no_more_leaves_the_commit_before_in_force(
        self, root: Path, folder: Path, processes: ForkServerContext, largest_file: int
    ) -> None:
        workspaces = GitWorkspaces(root)
        sha = asyncio.run(workspaces.commit(SITE, make_files(), "one", NOW))
        answers = processes.SimpleQueue()
        assert repositories.exit_code(processes, _commit_within, root, largest_file, answers) == 0
        assert "larger than this process may write" in answers.get()
        assert asyncio.run(workspaces.head(SITE.folder)) == sha
        assert names_in(folder / ".git/staging") == []
        assert git(folder, "fsck", "--strict", "--no-dangling") == b""
        files = make_files({"a": "small", "b": ALL_BYTES * 99})
        asyncio.run(workspaces.commit(SITE, files, "two", NOW))
        assert subjects(folder) == ["two", "one"]
        assert_sound(folder, files)
