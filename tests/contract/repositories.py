"""Site folders, looked at with the real git, and where they are pushed to."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Remote, Site
from pipeline.ports import Workspaces
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files, make_publication, make_site
from tests.fakes.github import FakeGitHub, Fault, Repository

SITE = make_site()
ALL_BYTES = bytes(range(256))
FILES = make_files({"index.html": "one\r\n", "a/b.bin": ALL_BYTES, ".gitattributes": "* text eol=crlf\n"})
KILLED = 137
CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree", "tempfile.mkstemp"}
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


@dataclass(frozen=True)
class Origin:
    """Workspaces beside the repository on a fake GitHub that their site is pushed to."""

    workspaces: GitWorkspaces
    github: FakeGitHub
    repository: Repository
    remote: Remote

    async def commit(self, message: str = "one", files: AppFiles = FILES) -> str:
        return await self.workspaces.commit(SITE, files, message, NOW)

    async def push(self, sha: str, seconds: float = 30) -> None:
        await self.workspaces.push(SITE.folder, sha, self.remote, seconds)

    async def clone(self, workspaces: GitWorkspaces | None = None) -> None:
        await (workspaces or self.workspaces).clone(SITE.folder, self.remote, 30)

    def answer_git_with(self, answer: object, method: str = "*") -> None:
        """From now on."""
        self.github.add_fault(Fault(kind="git", method=method, answer=answer, times=None))


def die_before_step(root: Path, step: int) -> None:
    """End this process, with nothing tidied up, just before it touches the disk for the ``step``-th time."""
    steps = itertools.count(1)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in CHANGES and str(root) in str(arguments) and next(steps) == step:
            os._exit(KILLED)

    sys.addaudithook(hook)


def exit_code(processes: ForkServerContext, target: Callable[..., object], *arguments: object) -> int | None:
    """Of ``target`` in a process of its own."""
    process = processes.Process(target=target, args=arguments)
    process.start()
    process.join(30)
    return process.exitcode
