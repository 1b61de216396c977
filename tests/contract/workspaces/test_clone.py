"""Cloning over git's own HTTP protocol, also when it is killed."""

import asyncio
import itertools
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed, WorkspaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files
from tests.contract import repositories
from tests.contract.repositories import FILES, KILLED, SITE, Origin, assert_sound, names_in, published, subjects
from tests.fakes.github import Answer, Drop, faults


def link_elsewhere(folder: Path, outside: Path) -> None:
    outside.mkdir()
    folder.parent.mkdir()
    folder.symlink_to(outside)


class TestClone:
    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> GitWorkspaces:
        return GitWorkspaces(tmp_path / "elsewhere")

    async def test_brings_history_and_files_as_they_were_committed(
        self, origin: Origin, elsewhere: GitWorkspaces, tmp_path: Path
    ) -> None:
        await origin.commit()
        sha = await origin.commit("two")
        await origin.push(sha)
        await origin.clone(elsewhere)
        assert await elsewhere.head(SITE.folder) == sha
        assert await published(elsewhere, sha) == FILES
        assert subjects(tmp_path / "elsewhere" / SITE.folder) == ["two", "one"]
        assert_sound(tmp_path / "elsewhere" / SITE.folder, FILES)
        assert names_in(tmp_path / "elsewhere" / ".cloning") == []
        revised = make_files({"index.html": "three"})
        third = await elsewhere.commit(replace(SITE, head=sha), revised, "three", NOW)
        await elsewhere.push(SITE.folder, third, origin.remote, 30)
        assert third == await origin.commit("three", revised)

    async def test_takes_the_place_of_an_older_history(
        self, origin: Origin, elsewhere: GitWorkspaces, folder: Path
    ) -> None:
        await origin.push(await origin.commit())
        await origin.clone(elsewhere)
        revised = make_files({"index.html": "two"})
        second = await elsewhere.commit(SITE, revised, "two", NOW)
        await elsewhere.push(SITE.folder, second, origin.remote, 30)
        site = replace(SITE, head=second)
        with pytest.raises(WorkspaceMissing):
            await origin.workspaces.published(site)
        await origin.clone()
        assert await origin.workspaces.published(site) == revised
        assert subjects(folder) == ["two", "one"]
        assert_sound(folder, revised)

    async def test_of_many_files_stays_readable(self, origin: Origin, elsewhere: GitWorkspaces) -> None:
        files = make_files({f"{number % 7}/{number}.txt": str(number) for number in range(300)})
        sha = await origin.commit(files=files)
        await origin.push(sha)
        await origin.clone(elsewhere)
        assert await published(elsewhere, sha) == files

    async def test_gives_hooks_filters_and_submodules_no_say(self, origin: Origin, folder: Path) -> None:
        files = {
            ".gitattributes": b"* filter=evil text eol=crlf\n",
            "hooks/post-checkout": b"#!/bin/sh\ntouch /tmp/x\n",
            "a.txt": b"one\n",
        }
        sha = origin.github.commit(origin.repository, files, "theirs")
        await origin.clone()
        assert await origin.workspaces.head(SITE.folder) == sha
        assert_sound(folder, AppFiles(files))
        assert not (folder / ".git/hooks").exists()

    async def test_refuses_what_no_app_may_hold(self, origin: Origin, folder: Path) -> None:
        origin.github.commit(origin.repository, {".gitmodules": b"x", "a.txt": b"one\n"}, "theirs")
        with pytest.raises(WorkspaceFailed):
            await origin.clone()
        assert names_in(folder.parent) == [".cloning"]

    @pytest.mark.parametrize("answer", [Drop(), faults.bad_gateway(), Answer(404), Answer(401)])
    async def test_that_fails_leaves_what_was_there(self, origin: Origin, folder: Path, answer: Answer | Drop) -> None:
        sha = await origin.commit()
        origin.answer_git_with(answer)
        with pytest.raises(PushFailed):
            await origin.clone()
        assert await origin.workspaces.head(SITE.folder) == sha
        assert_sound(folder, FILES)
        assert names_in(folder.parent) == [".cloning", SITE.folder]
        assert names_in(folder.parent / ".cloning") == []

    async def test_of_an_empty_repository_is_not_found(self, origin: Origin, folder: Path) -> None:
        with pytest.raises(PushFailed) as failure:
            await origin.clone()
        assert failure.value.problem is PushProblem.NOT_FOUND
        assert names_in(folder.parent) == [".cloning"]

    async def test_in_place_of_a_link_is_refused(self, origin: Origin, folder: Path, tmp_path: Path) -> None:
        link_elsewhere(folder, tmp_path / "outside")
        with pytest.raises(WorkspaceFailed, match="symbolic link"):
            await origin.clone()
        assert names_in(tmp_path / "outside") == []

    @pytest.mark.parametrize("name", ["", "..", ".pipeline", "a/b"])
    async def test_into_other_places_is_refused(self, origin: Origin, name: str) -> None:
        with pytest.raises(WorkspaceFailed, match="plain name"):
            await origin.workspaces.clone(name, origin.remote, 30)


def _clone_and_die(root: Path, remote: Remote, step: int) -> None:
    repositories.die_before_step(root, step)
    asyncio.run(GitWorkspaces(root).clone(SITE.folder, remote, 30))


class TestAfterAKill:
    @pytest.mark.parametrize("had_older_history", [False, True])
    def test_before_any_of_its_steps_a_clone_is_whole_or_not_there(
        self, tmp_path: Path, origin: Origin, processes: ForkServerContext, had_older_history: bool
    ) -> None:
        source = GitWorkspaces(tmp_path / "source")
        files = make_files({"a": "2", "b/c": "2"})
        first = asyncio.run(source.commit(SITE, make_files({"a": "1"}), "one", NOW))
        second = asyncio.run(source.commit(SITE, files, "two", NOW))
        asyncio.run(source.push(SITE.folder, second, origin.remote, 30))
        for step in itertools.count(1, 3):
            root = tmp_path / str(step)
            workspaces = GitWorkspaces(root)
            if had_older_history:
                asyncio.run(workspaces.commit(SITE, make_files({"a": "1"}), "one", NOW))
            code = repositories.exit_code(processes, _clone_and_die, root, origin.remote, step)
            assert code in {0, KILLED}
            head = asyncio.run(workspaces.head(SITE.folder))
            assert head in {None, first, second}
            if head:
                assert_sound(root / SITE.folder, files if head == second else make_files({"a": "1"}))
            asyncio.run(origin.clone(workspaces))
            assert_sound(root / SITE.folder, files)
            assert names_in(root / ".cloning") == []
            if code == 0:
                break
        assert step > 30
