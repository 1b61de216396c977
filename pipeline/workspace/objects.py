"""Git's own formats: objects, their names, and the index."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha1
from io import BytesIO

from git import BaseIndexEntry, IndexEntry
from git.index.fun import write_cache

AUTHOR_NAME = "code-to-deployment"
AUTHOR_EMAIL = "code-to-deployment@localhost"
BRANCH = "refs/heads/main"
FILE_MODE = 0o100644


def framed(kind: str, content: bytes) -> bytes:
    """An object as it is hashed and stored; ``kind`` is ``blob``, ``tree`` or ``commit``."""
    return f"{kind} {len(content)}\0".encode() + content


def object_id(kind: str, content: bytes) -> str:
    """The object's name: a SHA-1 as 40 hex digits."""
    return sha1(framed(kind, content), usedforsecurity=False).hexdigest()


def commit_text(tree: str, parents: Iterable[str], message: str, at: datetime) -> bytes:
    """The content of a commit of ``tree``, made by us ``at`` that second; the same wherever it is made."""
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {int(at.timestamp())} +0000"
    header = [f"tree {tree}", *(f"parent {sha}" for sha in parents), f"author {who}", f"committer {who}"]
    text = message.replace("\0", "").strip()
    return "\n".join([*header, "", text, ""]).encode(errors="replace")


def index_of(blobs: Mapping[str, str]) -> bytes:
    """The index for path -> sha of its blob. It says nothing of the files' times, so git compares their contents."""
    entries = [BaseIndexEntry((FILE_MODE, bytes.fromhex(blobs[path]), 0, path)) for path in sorted(blobs)]
    stream = BytesIO()
    write_cache([IndexEntry.from_base(entry) for entry in entries], stream)
    return stream.getvalue()
