"""Changes to a repository on disk, each file in one step."""

import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Container, Mapping
from pathlib import Path, PurePosixPath

from pipeline.domain.errors import WorkspaceFailed
from pipeline.domain.files import AppFiles
from pipeline.workspace.objects import BRANCH, FILE_MODE, framed, index_of, object_id

_SKELETON = {
    "HEAD": f"ref: {BRANCH}\n",
    "config": "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n",
    # Outranks the app's own .gitattributes, so that a person's git sees the bytes as they are.
    "info/attributes": "* -text !eol !filter !ident !working-tree-encoding\n",
}


def make_repository(folder: Path) -> None:
    """Make ``folder`` a repository fit for writing, whatever state it was left in. WorkspaceFailed for a link."""
    git_folder = folder / ".git"
    refuse_links(folder)
    if (git_folder / "staging").exists():
        shutil.rmtree(git_folder / "staging")
    for name in ("objects", "refs/heads", "info", "staging"):
        (git_folder / name).mkdir(parents=True, exist_ok=True)
    for stale_lock in (*git_folder.glob("*.lock"), *(git_folder / "refs").rglob("*.lock")):
        stale_lock.unlink()
    for name, text in _SKELETON.items():
        if name != "config" or not (git_folder / name).exists():  # people may have added to the configuration
            _write(folder, git_folder / name, text.encode())


def refuse_links(folder: Path) -> None:
    """Raise WorkspaceFailed where the folder, or its repository, is a symbolic link."""
    for path in (folder, folder / ".git"):
        if path.is_symlink():
            raise WorkspaceFailed(f"{folder.name} is, or its .git is, a symbolic link: remove it and run the job again")


def store(folder: Path, kind: str, content: bytes) -> str:
    """Keep a loose object, also in the place of a damaged one, and return its sha."""
    sha = object_id(kind, content)
    compressed = zlib.compress(framed(kind, content), zlib.Z_BEST_SPEED)
    _write(folder, folder / ".git/objects" / sha[:2] / sha[2:], compressed)
    return sha


def store_tree(folder: Path, blobs: Mapping[str, str]) -> str:
    """Keep the trees for path -> sha of its blob, and return the sha of the topmost."""
    entries: list[tuple[str, str, str]] = []
    folders: dict[str, dict[str, str]] = {}
    for path, sha in blobs.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = sha
        else:
            entries.append((name, "100644", sha))
    entries += [(f"{name}/", "40000", store_tree(folder, inside)) for name, inside in folders.items()]
    entries.sort()  # with its slash: that is where git puts a folder
    content = b"".join(f"{mode} {name.rstrip('/')}\0".encode() + bytes.fromhex(sha) for name, mode, sha in entries)
    return store(folder, "tree", content)


def write_working_tree(folder: Path, files: AppFiles, blobs: Mapping[str, str]) -> None:
    """Make ``files`` all that lies in the folder, and note path -> sha of its blob in the index."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    _remove_strays(folder, "", files.keys(), folders)
    for path, content in files.items():
        _write(folder, folder / path, content)
    _write(folder, folder / ".git/index", index_of(blobs))


def move_branch(folder: Path, sha: str | None) -> None:
    """Make ``sha`` the newest commit; None leaves the branch without any."""
    branch = folder / ".git" / BRANCH
    if sha is None:
        branch.unlink(missing_ok=True)
    else:
        _write(folder, branch, f"{sha}\n".encode())


def _write(folder: Path, path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step. A link that stands there is replaced, never followed."""
    if _holds(path, content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder / ".git/staging")
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        staged.chmod(stat.S_IMODE(FILE_MODE))
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return status.st_mode == FILE_MODE and status.st_size == len(content) and path.read_bytes() == content


def _remove_strays(folder: Path, prefix: str, files: Container[str], folders: Container[str]) -> None:
    """Remove all below ``folder`` whose path is neither in ``files`` nor that of a real folder in ``folders``."""
    for entry in list(os.scandir(folder)):
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if path in folders:
                _remove_strays(folder / entry.name, f"{path}/", files, folders)
            elif path != ".git":
                shutil.rmtree(entry)
        elif path not in files:
            Path(entry).unlink()
