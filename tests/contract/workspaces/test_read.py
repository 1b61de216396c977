"""What readers of a folder get, whatever was planted in it, is missing or is damaged."""

import asyncio
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.domain.errors import WorkspaceFailed, WorkspaceMissing
from pipeline.ports import Workspaces
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files, make_site
from tests.contract import repositories
from tests.contract.repositories import SITE, assert_sound, git, names_in, outside_git, published


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
        assert repositories.subjects(folder) == ["one"]

    @pytest.mark.parametrize("keep", [0, 0.5])
    async def test_a_damaged_file_is_never_handed_out(self, workspaces: Workspaces, folder: Path, keep: float) -> None:
        sha = await workspaces.commit(SITE, make_files({"index.html": repositories.ALL_BYTES * 20}), "one", NOW)
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
