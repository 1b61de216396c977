"""Commits: what they say, what they keep, and repositories that were packed meanwhile."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.ports import Workspaces
from pipeline.workspace import AUTHOR_EMAIL, AUTHOR_NAME, GitWorkspaces
from tests.builders import NOW, make_files, make_site
from tests.contract.repositories import ALL_BYTES, SITE, assert_sound, git, names_in, published, subjects

LATER = NOW + timedelta(hours=1)


class TestCommit:
    async def test_names_author_time_message_and_branch(self, workspaces: Workspaces, folder: Path) -> None:
        at = datetime(2026, 3, 1, 14, 30, 15, 999_999, tzinfo=UTC)
        sha = await workspaces.commit(SITE, make_files(), "Build\n\nJob: 1\n", at)
        raw = git(folder, "cat-file", "commit", "main").decode()
        who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {int(at.timestamp())} +0000"
        assert raw.split("\n", 1)[1] == f"author {who}\ncommitter {who}\n\nBuild\n\nJob: 1\n"
        assert git(folder, "rev-parse", "HEAD").decode().strip() == sha

    @pytest.mark.parametrize(
        "message", ["", "\n\n", "nul \0 byte", "lone \ud800 surrogate", "tree 0\nparent 0\n\nx", "grüße"]
    )
    async def test_is_valid_whatever_the_message(self, workspaces: Workspaces, folder: Path, message: str) -> None:
        sha = await workspaces.commit(SITE, make_files(), message, NOW)
        assert await workspaces.commit(SITE, make_files(), message, NOW) == sha
        assert_sound(folder, make_files())

    async def test_is_the_same_wherever_and_in_whatever_time_zone_it_is_made(self, tmp_path: Path) -> None:
        at = NOW.astimezone()
        shas = [
            await GitWorkspaces(tmp_path / name).commit(SITE, make_files(), "one", moment)
            for name, moment in [("a", NOW), ("b", at)]
        ]
        assert shas[0] == shas[1]

    async def test_is_kept_when_the_same_call_comes_again(self, workspaces: Workspaces, folder: Path) -> None:
        first = await workspaces.commit(SITE, make_files(), "one", NOW)
        second = await workspaces.commit(SITE, make_files({"index.html": "2"}), "two", LATER)
        assert await workspaces.commit(SITE, make_files({"index.html": "2"}), "two", LATER) == second
        assert git(folder, "rev-list", "main").decode().split() == [second, first]

    @pytest.mark.parametrize(("message", "at"), [("two", NOW), ("one", LATER), ("two", LATER)])
    async def test_is_a_new_one_for_another_round_even_of_the_same_files(
        self, workspaces: Workspaces, folder: Path, message: str, at: datetime
    ) -> None:
        first = await workspaces.commit(SITE, make_files(), "one", NOW)
        second = await workspaces.commit(SITE, make_files(), message, at)
        assert git(folder, "rev-list", "main").decode().split() == [second, first]

    async def test_keeps_the_history_and_every_round_can_be_read(self, workspaces: Workspaces, folder: Path) -> None:
        rounds = [make_files({"index.html": str(number), f"{number}.txt": "x"}) for number in range(4)]
        shas = [await workspaces.commit(SITE, files, f"round-{n}", NOW) for n, files in enumerate(rounds)]
        assert subjects(folder) == ["round-3", "round-2", "round-1", "round-0"]
        assert [await published(workspaces, sha) for sha in shas] == rounds
        assert await workspaces.read(SITE.folder, "index.html") == b"3"
        assert_sound(folder, rounds[-1])

    async def test_removes_what_the_app_no_longer_has(self, workspaces: Workspaces, folder: Path) -> None:
        await workspaces.commit(SITE, make_files({"index.html": "1", "a/b/c.txt": "1", "a/d.txt": "1"}), "one", NOW)
        files = make_files({"index.html": "2"})
        await workspaces.commit(SITE, files, "two", NOW)
        assert names_in(folder) == [".git", "index.html"]
        assert_sound(folder, files)

    async def test_turns_files_into_folders_and_back(self, workspaces: Workspaces, folder: Path) -> None:
        for number, paths in enumerate([["x"], ["x/x"], ["x/x/x", "x/y"], ["x/x", "x/y/z"], ["x"]]):
            files = make_files(dict.fromkeys(paths, str(number)))
            await workspaces.commit(SITE, files, f"round-{number}", NOW)
            assert_sound(folder, files)

    async def test_clears_what_others_left_in_the_working_tree(self, workspaces: Workspaces, folder: Path) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        (folder / "index.html").write_text("edited")
        (folder / "README.md").chmod(0o755)
        (folder / "notes.txt").write_text("mine")
        (folder / "empty/of/all").mkdir(parents=True)
        (folder / "sub/.git").mkdir(parents=True)
        (folder / "sub/.git/config").write_text("[core]\n")
        os.mkfifo(folder / "pipe")
        await workspaces.commit(SITE, make_files(), "one", NOW)
        assert names_in(folder) == [".git", "README.md", "index.html"]
        assert_sound(folder, make_files())

    async def test_leaves_files_that_did_not_change_alone(self, workspaces: Workspaces, folder: Path) -> None:
        await workspaces.commit(SITE, make_files({"a": "1", "b": "1"}), "one", NOW)
        before = [(folder / name).stat().st_ino for name in "ab"]
        await workspaces.commit(SITE, make_files({"a": "1", "b": "2"}), "two", NOW)
        after = [(folder / name).stat().st_ino for name in "ab"]
        assert (before[0] == after[0], before[1] == after[1]) == (True, False)

    async def test_goes_on_after_somebody_changed_branch_and_configuration(
        self, workspaces: Workspaces, folder: Path
    ) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        git(folder, "checkout", "-q", "-b", "other")
        git(folder, "remote", "add", "origin", "https://git.example/x")
        await workspaces.commit(SITE, make_files({"a": "1"}), "two", NOW)
        assert subjects(folder) == ["two", "one"]
        assert git(folder, "remote", "get-url", "origin") == b"https://git.example/x\n"
        assert_sound(folder, make_files({"a": "1"}))

    async def test_of_sixteen_sites_at_once_mixes_nothing_up(self, workspaces: Workspaces, root: Path) -> None:
        sites = [make_site(nonce=f"n{number}") for number in range(16)]
        apps = [make_files({f"f{n}.txt": f"{site.folder} {n}" for n in range(10)}) for site in sites]
        for round_ in ("one", "two"):
            shas = await asyncio.gather(
                *(workspaces.commit(site, files, round_, NOW) for site, files in zip(sites, apps, strict=True))
            )
        assert len(set(shas)) == 16
        for site, files, sha in zip(sites, apps, shas, strict=True):
            assert await published(workspaces, sha, site) == files
            assert subjects(root / site.folder) == ["two", "one"]
            assert_sound(root / site.folder, files)


def names_of_children() -> list[str]:
    children = " ".join(task.read_text() for task in Path("/proc/self/task").glob("*/children"))
    return [Path(f"/proc/{pid}/comm").read_text().strip() for pid in children.split()]


class TestPackedRepositories:
    """``git gc`` moves everything into packs, and a clone begins with them."""

    async def test_are_read_and_continued(self, workspaces: Workspaces, folder: Path) -> None:
        one, two = make_files({"index.html": "1", "a/b": "1"}), make_files({"index.html": "2", "a/b": ALL_BYTES})
        first = await workspaces.commit(SITE, one, "one", NOW)
        second = await workspaces.commit(SITE, two, "two", NOW)
        git(folder, "gc", "-q", "--prune=now")
        assert names_in(folder / ".git/objects") == ["info", "pack"]
        assert await workspaces.read(SITE.folder, "a/b") == ALL_BYTES
        assert await published(workspaces, first) == one
        assert await workspaces.commit(SITE, two, "two", NOW) == second
        await workspaces.commit(SITE, one, "three", NOW)
        assert subjects(folder) == ["three", "two", "one"]
        assert_sound(folder, one)

    async def test_leave_no_process_and_no_open_file_behind(self, workspaces: Workspaces, folder: Path) -> None:
        sha = await workspaces.commit(SITE, make_files(), "one", NOW)
        git(folder, "gc", "-q", "--prune=now")
        await published(workspaces, sha)
        before = names_in("/proc/self/fd")
        for _ in range(5):
            await workspaces.read(SITE.folder, "")
            await published(workspaces, sha)
        assert names_in("/proc/self/fd") == before
        assert "git" not in names_of_children()
