"""Cloning over git's own HTTP protocol, also when it is killed."""

import asyncio
import itertools
import os
import sys
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed, WorkspaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files
from tests.contract.repositories import ALL_BYTES, SITE, assert_sound, names_in, published, subjects
from tests.fakes.github import Answer, Drop, FakeGitHub, Fault, Repository, bad_gateway

FILES = make_files({"index.html": "one\r\n", "a/b.bin": ALL_BYTES, ".gitattributes": "* text eol=crlf\n"})


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
