"""A Space's git repository: commits, trees and the oids that git would give."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from tests.fakes.hub.card import KNOWN
from tests.fakes.hub.exchange import refusal

_LARGE = KNOWN["large-files"].split()
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in _LARGE).encode()


def now() -> str:
    """In the Hub's notation."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def git_oid(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class StoredFile:
    """A file of a commit; with ``is_lfs`` git itself holds only a pointer to it."""

    content: bytes
    is_lfs: bool = False

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def pointer(self) -> bytes:
        """What git holds of an LFS file (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
        lines = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n"
        return lines.encode()

    @cached_property
    def blob_oid(self) -> str:
        """Of what git holds."""
        return git_oid("blob", self.pointer if self.is_lfs else self.content)

    @property
    def upload_oid(self) -> str:
        """What a client compares its own file with."""
        return self.sha256 if self.is_lfs else self.blob_oid

    def entry(self, path: str) -> dict[str, Any]:
        entry = {"type": "file", "oid": self.blob_oid, "size": len(self.content), "path": path}
        if self.is_lfs:
            entry["lfs"] = {"oid": self.sha256, "size": len(self.content), "pointerSize": len(self.pointer)}
        return entry

    def sibling(self, path: str, *, with_blobs: bool) -> dict[str, Any]:
        if not with_blobs:
            return {"rfilename": path}
        entry = self.entry(path)
        lfs = {"lfs": {**entry["lfs"], "sha256": self.sha256}} if self.is_lfs else {}
        return {"rfilename": path, "blobId": self.blob_oid, "size": len(self.content), **lfs}


class Commit(NamedTuple):
    """A commit as tests look at it."""

    oid: str
    summary: str
    parent: str | None


class Repository:
    """One branch, ``main``.

    Attributes:
        commits: the oldest first.
        changed_at: by the last commit.
    """

    def __init__(self, files: Mapping[str, StoredFile], summary: str = "initial commit") -> None:
        self.commits: list[Commit] = []
        self.changed_at = now()
        self._trees: dict[str, dict[str, StoredFile]] = {}
        self.commit(files, summary)

    @property
    def head(self) -> str:
        return self.commits[-1].oid

    def commit(self, files: Mapping[str, StoredFile], summary: str) -> str:
        """Make ``files`` the whole content; return the oid."""
        parent = self.commits[-1].oid if self.commits else None
        listing = "\n".join(f"{file.blob_oid} {path}" for path, file in sorted(files.items()))
        oid = git_oid("commit", f"{parent} {len(self.commits)} {now()} {summary}\n{listing}".encode())
        self._trees[oid] = dict(sorted(files.items()))
        self.changed_at = now()
        self.commits.append(Commit(oid, summary, parent))
        return oid

    def resolve(self, revision: str) -> str:
        """The oid that ``revision`` names. Raises Refused."""
        if revision in {"main", "refs/heads/main", "HEAD"}:
            return self.head
        found = [oid for oid in self._trees if len(revision) >= 7 and oid.startswith(revision)]
        if len(found) != 1:
            raise refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found[0]

    def files(self, revision: str = "main") -> dict[str, StoredFile]:
        """The whole content at ``revision``. Raises Refused."""
        return dict(self._trees[self.resolve(revision)])

    def file(self, path: str, revision: str) -> StoredFile:
        """One file. Raises Refused."""
        found = self.files(revision).get(path)
        if found is None:
            raise refusal(404, "Entry not found", "EntryNotFound")
        return found


def tree_entries(files: Mapping[str, StoredFile], folder: str = "", *, recursive: bool) -> list[dict[str, Any]]:
    """Files and folders below ``folder`` as the API lists them. Raises Refused when there is no such folder."""
    prefix = f"{folder}/" if folder else ""
    below = {path: file for path, file in files.items() if path.startswith(prefix)}
    if folder and not below:
        raise refusal(404, f"{folder} does not exist", "EntryNotFound")
    entries = [file.entry(path) for path, file in below.items() if recursive or "/" not in path.removeprefix(prefix)]
    folders = {parent for path in below for parent in _parents(path) if parent.startswith(prefix)}
    entries += [folder_entry(name, files) for name in folders if recursive or "/" not in name.removeprefix(prefix)]
    return sorted(entries, key=lambda entry: str(entry["path"]))


def folder_entry(name: str, files: Mapping[str, StoredFile]) -> dict[str, Any]:
    inside = "\n".join(f"{file.blob_oid} {path}" for path, file in files.items() if path.startswith(f"{name}/"))
    return {"type": "directory", "oid": git_oid("tree", inside.encode()), "size": 0, "path": name}


def is_folder(name: str, files: Iterable[str]) -> bool:
    return any(path.startswith(f"{name}/") for path in files)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
