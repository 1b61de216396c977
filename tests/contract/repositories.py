"""Site folders, looked at with the real git."""

import os
import subprocess
from pathlib import Path

from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Site
from pipeline.ports import Workspaces
from tests.builders import make_publication, make_site

SITE = make_site()
ALL_BYTES = bytes(range(256))
NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_OPTIONAL_LOCKS": "0"}


def git(folder: Path, *arguments: str, settings: dict[str, str] | None = None) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=folder,
        env=environment | (NO_SETTINGS if settings is None else settings),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def subjects(folder: Path) -> list[str]:
    return git(folder, "log", "--format=%s", "main").decode().split()


def outside_git(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != ".git"]


def files_on_disk(folder: Path) -> dict[str, bytes]:
    assert not [path for path in outside_git(folder) if path.is_symlink()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in outside_git(folder) if path.is_file()}


def assert_sound(folder: Path, files: AppFiles) -> None:
    """Git finds nothing to complain about, and repository, index and working tree hold ``files`` and no more."""
    assert git(folder, "fsck", "--strict", "--no-dangling") == b""
    assert git(folder, "status", "--porcelain", "--ignored") == b""
    assert git(folder, "symbolic-ref", "HEAD") == b"refs/heads/main\n"
    listed = git(folder, "ls-tree", "-r", "-z", "--name-only", "HEAD").decode().split("\0")[:-1]
    assert listed == sorted(files, key=str.encode)
    assert files_on_disk(folder) == dict(files)
    assert not [path for path in outside_git(folder) if path.is_dir() and not any(path.iterdir())]


async def published(workspaces: Workspaces, sha: str, site: Site = SITE) -> AppFiles:
    return await workspaces.published(
        make_site(folder=site.folder, publication=make_publication(commit_sha=sha), head=sha)
    )


def names_in(folder: Path | str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())
