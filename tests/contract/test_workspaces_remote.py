"""The Workspaces port and repositories elsewhere: pushing and cloning over git's own HTTP protocol."""

import asyncio
import ctypes
import itertools
import multiprocessing
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Self

import pytest

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed, WorkspaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files, make_site
from tests.contract.repositories import ALL_BYTES, SITE, assert_sound, git, names_in, published, subjects
from tests.fakes.github import (
    Answer,
    Drop,
    FakeGitHub,
    Fault,
    Hang,
    PushRejected,
    Repository,
    bad_gateway,
    branch_protected,
    secret_found,
    workflow_scope_missing,
)

FILES = make_files({"index.html": "one\r\n", "a/b.bin": ALL_BYTES, ".gitattributes": "* text eol=crlf\n"})


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github") as github:
        yield github


@pytest.fixture
def repository(github: FakeGitHub) -> Repository:
    return github.create("octocat", "app")


@pytest.fixture
def remote(github: FakeGitHub, repository: Repository) -> Remote:
    return Remote(f"{github.url}/{repository.full_name}.git", github.token)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "generated_repos"


@pytest.fixture
def folder(root: Path) -> Path:
    return root / SITE.folder


@pytest.fixture
def workspaces(root: Path) -> GitWorkspaces:
    return GitWorkspaces(root)


def git_requests(github: FakeGitHub) -> list[str]:
    return [logged.method for logged in github.log]


class TestPush:
    async def test_makes_the_commit_the_head_with_two_requests(
        self, workspaces: GitWorkspaces, github: FakeGitHub, repository: Repository, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert git_requests(github) == ["GET", "POST"]
        assert repository.head() == sha
        assert repository.files() == dict(FILES)

    async def test_of_what_is_there_already_only_looks(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert git_requests(github) == ["GET", "POST", "GET"]

    async def test_of_a_later_round_keeps_the_history(
        self, workspaces: GitWorkspaces, repository: Repository, remote: Remote
    ) -> None:
        for message in ("one", "two"):
            sha = await workspaces.commit(SITE, FILES, message, NOW)
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert [message.strip() for _, message in repository.commits()] == ["two", "one"]

    async def test_works_from_packs(
        self, workspaces: GitWorkspaces, repository: Repository, remote: Remote, folder: Path
    ) -> None:
        sha = await workspaces.commit(SITE, make_files({"big.bin": os.urandom(3_000_000)}), "one", NOW)
        git(folder, "gc", "-q")
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert repository.head() == sha

    async def test_of_a_commit_that_is_not_here_says_so(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        with pytest.raises(WorkspaceMissing):
            await workspaces.push(SITE.folder, "0" * 40, remote, 30)
        await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(WorkspaceMissing):
            await workspaces.push(SITE.folder, "0" * 40, remote, 30)
        assert github.log == []

    async def test_of_sixteen_at_once_mixes_nothing_up(self, workspaces: GitWorkspaces, github: FakeGitHub) -> None:
        sites = [make_site(nonce=f"n{number}") for number in range(16)]
        repositories = [github.create("octocat", site.folder) for site in sites]

        async def push(number: int) -> str:
            site = sites[number]
            sha = await workspaces.commit(site, make_files({"a": str(number)}), "one", NOW)
            await workspaces.push(site.folder, sha, Remote(f"{github.url}/octocat/{site.folder}.git", github.token), 60)
            return sha

        shas = await asyncio.gather(*map(push, range(16)))
        assert [repository.head() for repository in repositories] == shas


class TestPushProblems:
    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (Drop(), PushProblem.UNREACHABLE),
            (bad_gateway(), PushProblem.UNREACHABLE),
            (Answer(429), PushProblem.UNREACHABLE),
            (Answer(200, text="<html>Sign in</html>"), PushProblem.UNREACHABLE),
            (Answer(401), PushProblem.UNAUTHORIZED),
            (Answer(403), PushProblem.UNAUTHORIZED),
            (Answer(404), PushProblem.NOT_FOUND),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_of_http_are_told_apart(
        self, workspaces: GitWorkspaces, github: FakeGitHub, answer: Answer | Drop, problem: PushProblem, method: str
    ) -> None:
        remote = Remote(f"{github.url}/{github.create('octocat', 'app').full_name}.git", github.token)
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        github.add_fault(Fault(kind="git", method=method, answer=answer, times=None))
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert failure.value.problem is problem

    @pytest.mark.parametrize("answer", [secret_found(), workflow_scope_missing(), branch_protected()])
    async def test_of_the_remotes_rules_are_refusals_and_take_the_commit_back(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, folder: Path, answer: PushRejected
    ) -> None:
        first = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, first, remote, 30)
        refused = await workspaces.commit(SITE, make_files({"a": "x"}), "refused", NOW)
        github.add_fault(Fault(kind="git", method="POST", answer=answer, times=None))
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, refused, remote, 30)
        assert failure.value.problem is PushProblem.REFUSED
        assert await workspaces.head(SITE.folder) == first
        assert await workspaces.commit(SITE, make_files({"a": "x"}), "refused", NOW) == refused
        assert subjects(folder) == ["refused", "one"]

    async def test_of_another_history_are_never_solved_by_force(
        self, workspaces: GitWorkspaces, github: FakeGitHub, repository: Repository, remote: Remote
    ) -> None:
        theirs = github.commit(repository, {"a": b"theirs"}, "theirs")
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed, match="not overwritten") as failure:
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert failure.value.problem is PushProblem.NOT_FAST_FORWARD
        assert repository.head() == theirs

    @pytest.mark.parametrize("token", [None, "ghp_wrong1234567890"])
    async def test_of_the_token_never_show_it(
        self, workspaces: GitWorkspaces, remote: Remote, token: str | None
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, replace(remote, token=token), 30)
        assert failure.value.problem is PushProblem.UNAUTHORIZED
        assert "ghp_" not in f"{failure.value!r} {failure.value.__cause__!r}"

    async def test_are_told_without_the_token_even_if_the_remote_says_it(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        lines = (f"your token {github.token}\x1b[31m\x07 is", "x" * 5000)
        github.add_fault(Fault(kind="git", method="POST", answer=PushRejected("no", lines)))
        with pytest.raises(PushFailed, match="your token") as failure:
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert github.token not in str(failure.value)
        assert str(failure.value).isprintable()
        assert len(str(failure.value)) < 1000

    async def test_of_nobody_listening_are_unreachable(self, workspaces: GitWorkspaces) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, Remote("http://127.0.0.1:1/a/b.git"), 30)
        assert failure.value.problem is PushProblem.UNREACHABLE

    @pytest.mark.parametrize("url", ["/srv/x.git", "file:///srv/x.git", "ext::sh -c true", "ssh://127.0.0.1/x"])
    async def test_of_other_protocols_are_refused_by_git(self, workspaces: GitWorkspaces, url: str) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed):
            await workspaces.push(SITE.folder, sha, Remote(url), 5)

    async def test_of_redirects_send_the_token_nowhere_else(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, tmp_path: Path
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with FakeGitHub(tmp_path / "elsewhere") as elsewhere:
            target = f"{elsewhere.url}/octocat/app.git/info/refs?service=git-receive-pack"
            github.add_fault(Fault(kind="git", answer=Answer(302, headers={"Location": target}), times=None))
            with pytest.raises(PushFailed) as failure:
                await workspaces.push(SITE.folder, sha, remote, 30)
            assert failure.value.problem is PushProblem.NOT_FOUND
            assert elsewhere.log == []

    async def test_of_a_machine_without_git_are_told(
        self, workspaces: GitWorkspaces, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "env").symlink_to(shutil.which("env") or "/usr/bin/env")
        monkeypatch.setenv("PATH", str(programs))
        with pytest.raises(WorkspaceFailed, match="install git"):
            await workspaces.push(SITE.folder, sha, remote, 30)


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
    async def test_that_is_up_ends_git_and_its_children(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, folder: Path, method: str
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        github.add_fault(Fault(kind="git", method=method, answer=Hang(30), times=None))
        with Watcher(github.url) as watcher, pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, remote, 1)
        assert failure.value.problem is PushProblem.UNREACHABLE
        assert len(watcher.found) >= 2
        await watcher.all_ended()
        assert [name for name in names_in(folder / ".git") if name.endswith(".lock")] == []

    async def test_that_is_cut_short_by_cancelling_ends_git_too(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        github.add_fault(Fault(kind="git", answer=Hang(30), times=None))
        open_files = len(names_in("/proc/self/fd"))
        with Watcher(github.url) as watcher:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await workspaces.push(SITE.folder, sha, remote, 30)
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
    workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, root: Path, processes: ForkServerContext
) -> None:
    sha = asyncio.run(workspaces.commit(SITE, FILES, "one", NOW))
    github.add_fault(Fault(kind="git", method="POST", answer=Hang(30), times=None))
    process = processes.Process(target=_push_and_count_children, args=(root, remote, sha))
    process.start()
    process.join(30)
    assert process.exitcode == 0


def link_elsewhere(folder: Path, outside: Path) -> None:
    outside.mkdir()
    folder.parent.mkdir()
    folder.symlink_to(outside)


class TestClone:
    async def test_brings_history_and_files_as_they_were_committed(
        self, workspaces: GitWorkspaces, remote: Remote, tmp_path: Path
    ) -> None:
        for message in ("one", "two"):
            sha = await workspaces.commit(SITE, FILES, message, NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        elsewhere = GitWorkspaces(tmp_path / "elsewhere")
        await elsewhere.clone(SITE.folder, remote, 30)
        assert await elsewhere.head(SITE.folder) == sha
        assert await published(elsewhere, sha) == FILES
        assert subjects(tmp_path / "elsewhere" / SITE.folder) == ["two", "one"]
        assert_sound(tmp_path / "elsewhere" / SITE.folder, FILES)
        assert names_in(tmp_path / "elsewhere" / ".cloning") == []
        revised = make_files({"index.html": "three"})
        third = await elsewhere.commit(replace(SITE, head=sha), revised, "three", NOW)
        await elsewhere.push(SITE.folder, third, remote, 30)
        assert third == await workspaces.commit(SITE, revised, "three", NOW)

    async def test_takes_the_place_of_an_older_history(
        self, workspaces: GitWorkspaces, remote: Remote, tmp_path: Path, folder: Path
    ) -> None:
        first = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, first, remote, 30)
        elsewhere = GitWorkspaces(tmp_path / "elsewhere")
        await elsewhere.clone(SITE.folder, remote, 30)
        revised = make_files({"index.html": "two"})
        second = await elsewhere.commit(SITE, revised, "two", NOW)
        await elsewhere.push(SITE.folder, second, remote, 30)
        site = replace(SITE, head=second)
        with pytest.raises(WorkspaceMissing):
            await workspaces.published(site)
        await workspaces.clone(SITE.folder, remote, 30)
        assert await workspaces.published(site) == revised
        assert subjects(folder) == ["two", "one"]
        assert_sound(folder, revised)

    async def test_of_many_files_stays_readable(
        self, workspaces: GitWorkspaces, remote: Remote, tmp_path: Path
    ) -> None:
        files = make_files({f"{number % 7}/{number}.txt": str(number) for number in range(300)})
        sha = await workspaces.commit(SITE, files, "one", NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        elsewhere = GitWorkspaces(tmp_path / "elsewhere")
        await elsewhere.clone(SITE.folder, remote, 30)
        assert await published(elsewhere, sha) == files

    async def test_gives_hooks_filters_and_submodules_no_say(
        self, workspaces: GitWorkspaces, github: FakeGitHub, repository: Repository, remote: Remote, folder: Path
    ) -> None:
        files = {
            ".gitattributes": b"* filter=evil text eol=crlf\n",
            "hooks/post-checkout": b"#!/bin/sh\ntouch /tmp/x\n",
            "a.txt": b"one\n",
        }
        sha = github.commit(repository, files, "theirs")
        await workspaces.clone(SITE.folder, remote, 30)
        assert await workspaces.head(SITE.folder) == sha
        assert_sound(folder, AppFiles(files))
        assert not (folder / ".git/hooks").exists()

    async def test_refuses_what_no_app_may_hold(
        self, workspaces: GitWorkspaces, github: FakeGitHub, repository: Repository, remote: Remote, folder: Path
    ) -> None:
        github.commit(repository, {".gitmodules": b"x", "a.txt": b"one\n"}, "theirs")
        with pytest.raises(WorkspaceFailed):
            await workspaces.clone(SITE.folder, remote, 30)
        assert names_in(folder.parent) == [".cloning"]

    @pytest.mark.parametrize("answer", [Drop(), bad_gateway(), Answer(404), Answer(401)])
    async def test_that_fails_leaves_what_was_there(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, folder: Path, answer: Answer | Drop
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        github.add_fault(Fault(kind="git", answer=answer, times=None))
        with pytest.raises(PushFailed):
            await workspaces.clone(SITE.folder, remote, 30)
        assert await workspaces.head(SITE.folder) == sha
        assert_sound(folder, FILES)
        assert names_in(folder.parent) == [".cloning", SITE.folder]
        assert names_in(folder.parent / ".cloning") == []

    async def test_of_an_empty_repository_is_not_found(
        self, workspaces: GitWorkspaces, remote: Remote, folder: Path
    ) -> None:
        with pytest.raises(PushFailed) as failure:
            await workspaces.clone(SITE.folder, remote, 30)
        assert failure.value.problem is PushProblem.NOT_FOUND
        assert names_in(folder.parent) == [".cloning"]

    async def test_in_place_of_a_link_is_refused(
        self, workspaces: GitWorkspaces, remote: Remote, folder: Path, tmp_path: Path
    ) -> None:
        link_elsewhere(folder, tmp_path / "outside")
        with pytest.raises(WorkspaceFailed, match="symbolic link"):
            await workspaces.clone(SITE.folder, remote, 30)
        assert names_in(tmp_path / "outside") == []

    @pytest.mark.parametrize("name", ["", "..", ".pipeline", "a/b"])
    async def test_into_other_places_is_refused(self, workspaces: GitWorkspaces, remote: Remote, name: str) -> None:
        with pytest.raises(WorkspaceFailed, match="plain name"):
            await workspaces.clone(name, remote, 30)


_CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree", "tempfile.mkstemp"}
_KILLED = 137


def _clone_and_die(root: Path, remote: Remote, step: int) -> None:
    """Clone, but end the process just before it touches the disk for the ``step``-th time."""
    steps = itertools.count(1)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _CHANGES and str(root) in str(arguments) and next(steps) == step:
            os._exit(_KILLED)

    sys.addaudithook(hook)
    asyncio.run(GitWorkspaces(root).clone(SITE.folder, remote, 30))


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    return processes


class TestAfterAKill:
    @pytest.mark.parametrize("had_older_history", [False, True])
    def test_before_any_of_its_steps_a_clone_is_whole_or_not_there(
        self, tmp_path: Path, remote: Remote, processes: ForkServerContext, had_older_history: bool
    ) -> None:
        source = GitWorkspaces(tmp_path / "source")
        files = make_files({"a": "2", "b/c": "2"})
        first = asyncio.run(source.commit(SITE, make_files({"a": "1"}), "one", NOW))
        second = asyncio.run(source.commit(SITE, files, "two", NOW))
        asyncio.run(source.push(SITE.folder, second, remote, 30))
        for step in itertools.count(1, 3):
            root = tmp_path / str(step)
            workspaces = GitWorkspaces(root)
            if had_older_history:
                asyncio.run(workspaces.commit(SITE, make_files({"a": "1"}), "one", NOW))
            process = processes.Process(target=_clone_and_die, args=(root, remote, step))
            process.start()
            process.join(30)
            assert process.exitcode in {0, _KILLED}
            head = asyncio.run(workspaces.head(SITE.folder))
            assert head in {None, first, second}
            if head:
                assert_sound(root / SITE.folder, files if head == second else make_files({"a": "1"}))
            asyncio.run(workspaces.clone(SITE.folder, remote, 30))
            assert_sound(root / SITE.folder, files)
            assert names_in(root / ".cloning") == []
            if process.exitcode == 0:
                break
        assert step > 30


class TestTheMachine:
    @pytest.fixture
    def home(self, github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Of a user whose settings lead elsewhere, and whose passwords are wrong."""
        home = tmp_path / "home"
        home.mkdir()
        (home / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
        (home / ".gitconfig").write_text(f'[url "http://127.0.0.1:1/"]\n\tinsteadOf = {github.url}/\n')
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("GIT_DIR", "/nowhere")
        monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'http.proxy'='http://127.0.0.1:1'")
        return home

    @pytest.mark.usefixtures("home")
    async def test_its_settings_and_passwords_have_no_say(
        self, workspaces: GitWorkspaces, repository: Repository, remote: Remote, tmp_path: Path
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert repository.head() == sha
        with pytest.raises(PushFailed):
            await workspaces.push(SITE.folder, sha, replace(remote, token=None), 30)
        await GitWorkspaces(tmp_path / "other").clone(SITE.folder, remote, 30)

    async def test_hooks_in_the_workspace_do_not_run(
        self, workspaces: GitWorkspaces, remote: Remote, folder: Path, tmp_path: Path
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        hooks = folder / ".git/hooks"
        hooks.mkdir()
        (hooks / "pre-push").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / "pre-push").chmod(0o755)
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert "ran" not in names_in(tmp_path)
