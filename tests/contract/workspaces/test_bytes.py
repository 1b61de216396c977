"""The bytes of an app come back over any history; neither its own files nor the machine's git have a say in them."""

import asyncio
import os
import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pipeline.domain.errors import InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.ports import Workspaces
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files
from tests.contract.repositories import ALL_BYTES, SITE, assert_sound, git, published


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


_PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a-b", "index.html", "é", ".x", "0"]), min_size=1, max_size=3).map(
    "/".join
)


def _app(files: dict[str, bytes]) -> AppFiles | None:
    try:
        return AppFiles(files)
    except InvalidInput:
        return None


_APPS = st.dictionaries(_PATHS, st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\n"]), max_size=6).map(_app)


class AnyHistory(RuleBasedStateMachine):
    """Whatever is committed, repeated, interfered with or packed in between: it all comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / SITE.folder
        self.workspaces: Workspaces = GitWorkspaces(self.root)
        self.history: list[tuple[str, AppFiles]] = []

    def teardown(self) -> None:
        if self.history:
            assert_sound(self.folder, self.history[-1][1])
            assert git(self.folder, "rev-list", "--reverse", "main").decode().split() == [s for s, _ in self.history]
        shutil.rmtree(self.root)

    @initialize(files=_APPS.filter(bool))
    def first(self, files: AppFiles) -> None:
        self.commit(files)

    @rule(files=_APPS.filter(lambda files: files is not None))
    def commit(self, files: AppFiles) -> None:
        number = len(self.history)
        at = NOW + timedelta(seconds=number)
        self.history.append((asyncio.run(self.workspaces.commit(SITE, files, f"round {number}", at)), files))

    @rule()
    def repeat(self) -> None:
        number = len(self.history) - 1
        sha, files = self.history[-1]
        at = NOW + timedelta(seconds=number)
        assert asyncio.run(self.workspaces.commit(SITE, files, f"round {number}", at)) == sha

    @rule(path=_PATHS, content=st.binary(max_size=5))
    def interfere(self, path: str, content: bytes) -> None:
        try:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(content)
        except OSError:  # there is a file where a folder is needed, or the other way about
            (self.folder / path.partition("/")[0]).rename(self.folder / "moved")
        self.repeat()

    @rule()
    def pack(self) -> None:
        git(self.folder, "repack", "-a", "-d", "-q")
        git(self.folder, "pack-refs", "--all")

    @rule(index=st.integers(min_value=0))
    def look_back(self, index: int) -> None:
        sha, files = self.history[index % len(self.history)]
        assert asyncio.run(published(self.workspaces, sha)) == files

    @rule(path=_PATHS)
    def look_at(self, path: str) -> None:
        files = self.history[-1][1]
        content = asyncio.run(self.workspaces.read(SITE.folder, path))
        assert content == files.get(path, files.get(f"{path}/index.html"))


AnyHistory.TestCase.settings = settings(max_examples=20, stateful_step_count=8, deadline=None)
test_any_history_comes_back_exactly = AnyHistory.TestCase
