"""Git's processes: their end, and what the machine may not tell them."""

import asyncio
import ctypes
import os
import threading
from contextlib import suppress
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Self

import pytest

from pipeline.domain.errors import PushFailed, PushProblem
from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.contract.repositories import SITE, Origin, exit_code, names_in
from tests.fakes.github import Hang


def _is_running(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Watcher:
    """Collects the processes that talk to ``url`` while it is entered."""

    def __init__(self, url: str) -> None:
        self.found: set[int] = set()
        self._url = url.encode()
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_done.set()
        self._thread.join()

    async def all_ended(self) -> None:
        """Return once none of them runs any more."""
        async with asyncio.timeout(15):
            while any(map(_is_running, self.found)):
                await asyncio.sleep(0.01)

    def _look(self) -> None:
        while not self._is_done.wait(0.002):
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if self._url in (folder / "cmdline").read_bytes():
                        self.found.add(int(folder.name))


class TestTime:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_that_is_up_ends_git_and_its_children(self, origin: Origin, folder: Path, method: str) -> None:
        sha = await origin.commit()
        origin.answer_git_with(Hang(30), method)
        with Watcher(origin.github.url) as watcher, pytest.raises(PushFailed) as failure:
            await origin.push(sha, seconds=1)
        assert failure.value.problem is PushProblem.UNREACHABLE
        assert len(watcher.found) >= 2
        await watcher.all_ended()
        assert [name for name in names_in(folder / ".git") if name.endswith(".lock")] == []

    async def test_that_is_cut_short_by_cancelling_ends_git_too(self, origin: Origin) -> None:
        sha = await origin.commit()
        origin.answer_git_with(Hang(30))
        open_files = len(names_in("/proc/self/fd"))
        with Watcher(origin.github.url) as watcher:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await origin.push(sha)
            await watcher.all_ended()
        assert watcher.found
        assert len(names_in("/proc/self/fd")) <= open_files + 2


_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def _push_and_count_children(root: Path, remote: Remote, sha: str) -> None:
    """As in a container, where orphans become children of this process: exit with the number of those that are left."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with suppress(PushFailed):
        asyncio.run(GitWorkspaces(root).push(SITE.folder, sha, remote, 0.7))
    children = " ".join(task.read_text() for task in Path("/proc/self/task").glob("*/children"))
    os._exit(len(children.split()))


def test_a_push_that_was_stopped_leaves_no_zombies_to_the_first_process(
    origin: Origin, root: Path, processes: ForkServerContext
) -> None:
    sha = asyncio.run(origin.commit())
    origin.answer_git_with(Hang(30), "POST")
    assert exit_code(processes, _push_and_count_children, root, origin.remote, sha) == 0


class TestTheMachine:
    @pytest.fixture
    def home(self, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Of a user whose settings lead elsewhere, and whose passwords are wrong."""
        home = tmp_path / "home"
        home.mkdir()
        (home / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
        (home / ".gitconfig").write_text(f'[url "http://127.0.0.1:1/"]\n\tinsteadOf = {origin.github.url}/\n')
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("GIT_DIR", "/nowhere")
        monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'http.proxy'='http://127.0.0.1:1'")
        return home

    @pytest.mark.usefixtures("home")
    async def test_its_settings_and_passwords_have_no_say(self, origin: Origin, tmp_path: Path) -> None:
        sha = await origin.commit()
        await origin.push(sha)
        assert origin.repository.head() == sha
        with pytest.raises(PushFailed):
            await origin.workspaces.push(SITE.folder, sha, replace(origin.remote, token=None), 30)
        await origin.clone(GitWorkspaces(tmp_path / "other"))

    async def test_hooks_in_the_workspace_do_not_run(self, origin: Origin, folder: Path, tmp_path: Path) -> None:
        sha = await origin.commit()
        hooks = folder / ".git/hooks"
        hooks.mkdir()
        (hooks / "pre-push").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / "pre-push").chmod(0o755)
        await origin.push(sha)
        assert "ran" not in names_in(tmp_path)
