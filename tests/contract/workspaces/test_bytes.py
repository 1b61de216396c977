"""The bytes of an app, which neither its own files nor the machine's git have a say in."""

import os
import random
from pathlib import Path
from typing import ClassVar

import pytest

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
