"""The Workspaces port on real repositories."""

import asyncio
import itertools
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.domain.errors import WorkspaceFailed, WorkspaceMissing
from pipeline.ports import Workspaces
from pipeline.workspace import AUTHOR_EMAIL, AUTHOR_NAME, GitWorkspaces
from tests.builders import NOW, make_files, make_site
from tests.contract.repositories import ALL_BYTES, SITE, assert_sound, git, names_in, outside_git, published, subjects

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "generated_repos"


@pytest.fixture
def folder(root: Path) -> Path:
    return root / SITE.folder


@pytest.fixture
def workspaces(root: Path) -> Workspaces:
    return GitWorkspaces(root)


class TestTheBytesOfTheApp:
    CONTENTS: ClassVar = {
        "crlf.txt": b"one\r\ntwo\r\n",
        "cr.txt": b"one\rtwo",
        "mixed.txt": b"one\r\ntwo\nthree\r",
        "binary.bin": ALL_BYTES * 40,
        "empty": b"",
        "utf16.txt": "hé\n".encode("utf-16"),
        "ident.txt": b"$Id$ and $Id: 1234 $\n",
        "large.bin": random.Random(1).randbytes(3_000_000),
        "repetitive.txt": b"a" * 5_000_000,
    }

    async def test_come_back_exactly_from_repository_and_working_tree(
        self, workspaces: Workspaces, folder: Path
    ) -> None:
        files = make_files(self.CONTENTS)
        sha = await workspaces.commit(SITE, files, "one", NOW)
        assert await published(workspaces, sha) == files
        for path, content in files.items():
            assert git(folder, "cat-file", "blob", f"HEAD:{path}") == content
            assert (folder / path).read_bytes() == content
            assert await workspaces.read(SITE.folder, path) == content
        assert_sound(folder, files)

    async def test_are_not_subject_to_the_apps_own_git_files(self, workspaces: Workspaces, folder: Path) -> None:
        files = make_files(
            {
                **self.CONTENTS,
                ".gitignore": "*\n!.gitignore\n",
                "docs/.gitignore": "*\n",
                "docs/kept.log": "kept\n",
                ".gitattributes": "* text=auto eol=crlf ident\n*.bin filter=lfs diff=lfs -text\n"
                "*.txt working-tree-encoding=UTF-16\nempty export-ignore\n",
                "docs/.gitattributes": "* text eol=lf\n",
            }
        )
        sha = await workspaces.commit(SITE, files, "one", NOW)
        assert await published(workspaces, sha) == files
        assert_sound(folder, files)

    async def test_look_unchanged_to_a_person_whose_git_converts_line_ends(
        self, workspaces: Workspaces, folder: Path, tmp_path: Path
    ) -> None:
        home = tmp_path / "home"
        home.mkdir()
        (home / ".gitconfig").write_text("[core]\n\tautocrlf = true\n\tsafecrlf = true\n\tattributesFile = ~/all\n")
        (home / "all").write_text("* text=auto eol=crlf\n")
        await workspaces.commit(SITE, make_files({"a.txt": "one\ntwo\n", "b.txt": "one\r\n"}), "one", NOW)
        assert git(folder, "status", "--porcelain", settings={"HOME": str(home)}) == b""

    @pytest.mark.parametrize(
        "paths",
        [
            ["a.txt", "a-b", "a0", "a/b.c", "a/b-c", "a/b/c", "a/b0"],
            ["a/b/c/d/e/f/g/h.txt", "a/b/z", "a.b/c"],
            ["e\u0301.txt", "f.txt"],  # in this order as they come, and the other way about in Unicode form NFC
            ["föhn/straße.txt", "日本/語.html", "emoji 😀.txt", "with space/and more.txt"],
            ["-rf", "--help", "$HOME", "a&b;c", "~user", "#x", "[a]", "{b}", "'quote'", "HEAD", "refs/heads/main"],
            ["n" * 240],
            ["/".join(["d"] * 119) + "/xy"],
            [".nojekyll", ".github/workflows/pages.yml", ".git-blame-ignore-revs", ".gitkeep", "sub/.gitkeep"],
        ],
    )
    async def test_stand_at_any_path_that_the_path_rule_allows(
        self, workspaces: Workspaces, folder: Path, paths: list[str]
    ) -> None:
        files = make_files(dict.fromkeys(paths, "x"))
        sha = await workspaces.commit(SITE, files, "one", NOW)
        assert await published(workspaces, sha) == files
        assert_sound(folder, files)

    async def test_may_be_none_at_all(self, workspaces: Workspaces, folder: Path) -> None:
        sha = await workspaces.commit(SITE, make_files({}), "one", NOW)
        assert await published(workspaces, sha) == make_files({})
        assert_sound(folder, make_files({}))


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


class TestRead:
    FILES: ClassVar = {"index.html": "top", "a/index.html": "inner", "a/b.txt": "b", "föhn.txt": "ü", "empty/x": "x"}

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("", b"top"),
            ("index.html", b"top"),
            ("a", b"inner"),
            ("a/", b"inner"),
            ("a/b.txt", b"b"),
            ("fo\u0308hn.txt", "ü".encode()),
            ("empty", None),
            ("empty/", None),
            ("a/b.txt/", None),
            ("a/b.txt/c", None),
            ("A/b.txt", None),
            ("missing.html", None),
            ("/index.html", None),
            ("//", None),
            ("/", None),
            ("a//b.txt", None),
            ("a/../index.html", None),
            ("../index.html", None),
            (".", None),
            (".git/config", None),
            (".git/HEAD", None),
            ("index.html\0", None),
            ("a\\b.txt", None),
            ("\ud800", None),
            ("x" * 100_000, None),
        ],
    )
    async def test_finds_files_and_index_pages_and_nothing_else(
        self, workspaces: Workspaces, path: str, content: bytes | None
    ) -> None:
        await workspaces.commit(SITE, make_files(self.FILES), "one", NOW)
        assert await workspaces.read(SITE.folder, path) == content

    @pytest.mark.parametrize("name", ["unknown", "", ".", "..", ".pipeline", "/", "/etc", "x/y", "../x", "x\0", ".git"])
    async def test_knows_no_other_folders(self, workspaces: Workspaces, root: Path, name: str) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        shutil.copytree(root / SITE.folder, root / ".pipeline")
        shutil.copytree(root / SITE.folder / ".git", root / ".git")
        assert await workspaces.read(name, "") is None

    async def test_sees_the_commit_and_not_the_working_tree(self, workspaces: Workspaces, folder: Path) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        shutil.rmtree(folder / ".git/staging")
        for path in outside_git(folder):
            path.unlink()
        (folder / "new.txt").write_text("x")
        assert await workspaces.read(SITE.folder, "") == make_files()["index.html"]
        assert await workspaces.read(SITE.folder, "new.txt") is None

    async def test_gives_no_links_and_no_secrets_that_somebody_added_by_hand(
        self, workspaces: Workspaces, folder: Path
    ) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        (folder / ".env").write_text("KEY=1")
        (folder / "link.html").symlink_to("index.html")
        git(folder, "add", ".")
        git(folder, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "two")
        assert await workspaces.read(SITE.folder, "index.html") is not None
        assert await workspaces.read(SITE.folder, "link.html") is None
        assert await workspaces.read(SITE.folder, ".env") is None

    async def test_gives_nothing_before_the_first_commit(self, workspaces: Workspaces, folder: Path) -> None:
        for made in (".git", ".git/objects", ".git/refs/heads"):
            (folder / made).mkdir(parents=True)
            assert await workspaces.read(SITE.folder, "") is None
        (folder / ".git/HEAD").write_text("ref: refs/heads/main\n")
        assert await workspaces.read(SITE.folder, "") is None

    async def test_sees_whole_files_from_many_threads_while_commits_are_made(self, workspaces: Workspaces) -> None:
        apps = [make_files({f"f{n}.txt": f"{app} {n} " * 200 for n in range(8)}) for app in range(4)]
        allowed = [{app[path] for app in apps} for path in apps[0]]
        await workspaces.commit(SITE, apps[0], "0", NOW)
        done = asyncio.Event()

        async def look() -> int:
            for count in itertools.count():
                if done.is_set():
                    return count
                contents = [await workspaces.read(SITE.folder, path) for path in apps[0]]
                assert all(content in known for content, known in zip(contents, allowed, strict=True))
            raise AssertionError

        looks = [asyncio.create_task(look()) for _ in range(8)]
        for number in range(30):
            await workspaces.commit(SITE, apps[number % 4], str(number), NOW)
        done.set()
        assert min(await asyncio.gather(*looks)) > 0


class TestLinks:
    """Whatever is planted in a folder, nothing outside it is read or written."""

    @pytest.fixture
    def outside(self, tmp_path: Path) -> Iterator[Path]:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "index.html").write_text("precious")
        yield outside
        assert {path.name: path.read_text() for path in outside.iterdir()} == {"index.html": "precious"}

    async def test_in_place_of_files_and_folders_are_replaced(
        self, workspaces: Workspaces, folder: Path, outside: Path
    ) -> None:
        files = make_files({"index.html": "precious", "a/index.html": "mine", "b/c/index.html": "mine"})
        await workspaces.commit(SITE, files, "one", NOW)
        for name in ("a", "b"):
            shutil.rmtree(folder / name)
        (folder / "index.html").unlink()
        (folder / "index.html").symlink_to(outside / "index.html")
        (folder / "a").symlink_to(outside)
        (folder / "b").mkdir()
        (folder / "b/c").symlink_to(outside)
        (folder / "stray").symlink_to(outside)
        (folder / "dangling").symlink_to(outside / "nothing")
        await workspaces.commit(SITE, files, "two", NOW)
        assert_sound(folder, files)

    async def test_that_share_the_file_are_replaced(self, workspaces: Workspaces, folder: Path, outside: Path) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        (folder / "index.html").unlink()
        os.link(outside / "index.html", folder / "index.html")
        await workspaces.commit(SITE, make_files(), "one", NOW)
        assert_sound(folder, make_files())

    async def test_in_place_of_gits_own_files_are_replaced(
        self, workspaces: Workspaces, folder: Path, outside: Path
    ) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        for name in ("HEAD", "index", "info/attributes", "refs/heads/main"):
            (folder / ".git" / name).unlink()
            (folder / ".git" / name).symlink_to(outside / "index.html")
        (folder / ".git/index.lock").symlink_to(outside / "index.html")
        await workspaces.commit(SITE, make_files(), "one", NOW)
        assert_sound(folder, make_files())

    @pytest.mark.parametrize("name", ["", ".git"])
    async def test_in_place_of_the_folder_or_the_repository_are_refused(
        self, workspaces: Workspaces, folder: Path, tmp_path: Path, name: str
    ) -> None:
        sha = await workspaces.commit(SITE, make_files(), "one", NOW)
        (folder / name).rename(tmp_path / "elsewhere")
        (folder / name).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(WorkspaceFailed, match="symbolic link"):
            await workspaces.commit(SITE, make_files({"a": "1"}), "two", NOW)
        with pytest.raises(WorkspaceFailed, match="not on this machine"):
            await published(workspaces, sha)
        assert await workspaces.read(SITE.folder, "") is None
        assert git(tmp_path / "elsewhere", "rev-parse", "main").decode().strip() == sha

    @pytest.mark.parametrize(
        "name", ["", ".", "..", ".pipeline", ".git", "/etc", "a/b", "../x", "a\\b", "a\0b", "x" * 300]
    )
    async def test_and_names_that_lead_elsewhere_are_no_folders(
        self, workspaces: Workspaces, tmp_path: Path, name: str
    ) -> None:
        with pytest.raises(WorkspaceFailed, match="plain name"):
            await workspaces.commit(replace(SITE, folder=name), make_files(), "one", NOW)
        assert names_in(tmp_path) == []


class TestFailures:
    async def test_an_app_that_was_never_published_cannot_be_read_as_such(self, workspaces: Workspaces) -> None:
        with pytest.raises(WorkspaceFailed, match="nothing was published"):
            await workspaces.published(SITE)

    @pytest.mark.parametrize("sha", ["0" * 40, "../../x"])
    async def test_a_published_commit_that_is_not_here_is_told_apart(self, workspaces: Workspaces, sha: str) -> None:
        for _ in ("without a folder", "with one"):
            with pytest.raises(WorkspaceMissing):
                await published(workspaces, sha)
            await workspaces.commit(SITE, make_files(), "one", NOW)

    async def test_a_revision_is_not_begun_anew_when_the_history_is_gone(self, workspaces: Workspaces) -> None:
        sha = await workspaces.commit(make_site(nonce="other"), make_files(), "one", NOW)
        lost = make_site(head=sha)
        with pytest.raises(WorkspaceMissing):
            await workspaces.commit(lost, make_files(), "two", NOW)
        assert await workspaces.read(lost.folder, "") is None

    async def test_a_revision_does_not_follow_a_commit_older_than_the_published_one(
        self, workspaces: Workspaces, folder: Path
    ) -> None:
        await workspaces.commit(SITE, make_files(), "one", NOW)
        elsewhere = await workspaces.commit(make_site(nonce="other"), make_files({"a": "2"}), "two", NOW)
        with pytest.raises(WorkspaceMissing):
            await workspaces.commit(replace(SITE, head=elsewhere), make_files({"a": "3"}), "three", NOW)
        assert subjects(folder) == ["one"]

    @pytest.mark.parametrize("keep", [0, 0.5])
    async def test_a_damaged_file_is_never_handed_out(self, workspaces: Workspaces, folder: Path, keep: float) -> None:
        sha = await workspaces.commit(SITE, make_files({"index.html": ALL_BYTES * 20}), "one", NOW)
        blob = git(folder, "rev-parse", "HEAD:index.html").decode().strip()
        path = folder / ".git/objects" / blob[:2] / blob[2:]
        path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
        with pytest.raises(WorkspaceFailed, match="damaged"):
            await workspaces.read(SITE.folder, "")
        with pytest.raises(WorkspaceFailed, match="damaged"):
            await published(workspaces, sha)

    async def test_a_damaged_head_is_told_and_not_overwritten(self, workspaces: Workspaces, folder: Path) -> None:
        sha = await workspaces.commit(SITE, make_files(), "one", NOW)
        path = folder / ".git/objects" / sha[:2] / sha[2:]
        path.write_bytes(path.read_bytes()[:60])
        with pytest.raises(WorkspaceFailed, match="damaged"):
            await workspaces.read(SITE.folder, "")
        with pytest.raises(WorkspaceFailed, match="damaged"):
            await workspaces.commit(SITE, make_files(), "two", NOW)

    async def test_a_root_that_cannot_be_written_is_explained_without_absolute_paths(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        for root, advice in [
            (tmp_path / "file", "Not a directory"),
            (Path("/sys/kernel"), "permission denied|read-only"),
        ]:
            with pytest.raises(WorkspaceFailed, match=advice) as failure:
                await GitWorkspaces(root).commit(SITE, make_files(), "one", NOW)
            assert str(root) not in str(failure.value)


class TestTheMachinesOwnGit:
    async def test_has_no_say_with_its_hooks_settings_and_variables(
        self, root: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = await GitWorkspaces(tmp_path / "plain").commit(SITE, make_files(), "grüße", NOW)
        hooks, home = tmp_path / "hooks", tmp_path / "home"
        for made in (hooks, home):
            made.mkdir()
        for name in ("pre-commit", "post-commit", "reference-transaction", "post-index-change", "commit-msg"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
            (hooks / name).chmod(0o755)
        (home / ".gitconfig").write_text(
            f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[i18n]\n\tcommitEncoding = latin1\n"
            "[init]\n\tdefaultBranch = trunk\n[user]\n\tname = x\n[commit]\n\tgpgSign = true\n"
        )
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Mallory")
        monkeypatch.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "plain" / SITE.folder / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other-index"))
        workspaces = GitWorkspaces(root)
        assert await workspaces.commit(SITE, make_files(), "grüße", NOW) == plain
        git(folder, "gc", "-q", "--prune=now")
        assert await published(workspaces, plain) == make_files()
        assert not (tmp_path / "hooked").exists()
        assert_sound(folder, make_files())

    async def test_does_not_mind_a_folder_of_another_user(self, workspaces: Workspaces, folder: Path) -> None:
        sha = await workspaces.commit(SITE, make_files(), "one", NOW)
        git(folder, "gc", "-q", "--prune=now")
        try:
            for path in (folder, folder / ".git"):
                os.chown(path, 65534, 65534)
        except PermissionError:
            pytest.skip("only root can give a folder away")
        assert await published(workspaces, sha) == make_files()
