"""What is missing, damaged or cannot be written is told apart."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.errors import WorkspaceFailed, WorkspaceMissing
from pipeline.ports import Workspaces
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files, make_site
from tests.contract.repositories import ALL_BYTES, SITE, git, published, subjects


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
