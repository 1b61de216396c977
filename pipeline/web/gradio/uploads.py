"""Files that callers send ahead of a call, and files made for them: each for its owner alone, and for a while.

A file lies in its owner's folder under a random name; the name that people gave it is told along in its path
(``<random>/<name>``) but never reaches the file system.
"""

import asyncio
import base64
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from unicodedata import normalize

from pipeline.domain.errors import Busy, FieldProblem, InvalidInput, NotFound, Unavailable
from pipeline.domain.files import path_problem
from pipeline.domain.media_types import media_type_of
from pipeline.web.places import Places

LIFETIME_SECONDS = 3600
MOST_FILES_PER_OWNER = 200
MOST_FILES = 1_000
MOST_AT_ONCE = 4
"""Requests whose files are received at the same time: they pass through temporary files of their own."""
REQUESTS_KEPT = 4
"""How many times the largest request one owner's files may take up."""
OWNERS_KEPT = 4
"""How many owners may do so at once."""
RETRY_AFTER_SECONDS = 60
FILE_TYPE = "gradio.FileData"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_OWNER = re.compile(r"[a-z0-9-]{1,80}")
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much is kept, in bytes."""

    file: int  # of one file
    request: int  # of all files of one request, or of one call


@dataclass(frozen=True, slots=True)
class Upload:
    """One file."""

    path: str  # what callers name it by: <random>/<name>
    file: Path  # where it lies

    @property
    def name(self) -> str:
        """As its sender called it."""
        return self.path.partition("/")[2]


class Uploads:
    """The folder of uploads; it is made when the first file comes, and nothing else lives in it."""

    def __init__(self, folder: Path, limits: UploadLimits, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._places = Places("too many uploads at once", MOST_AT_ONCE, MOST_AT_ONCE, retry_after_seconds=1)

    def receiving(self) -> AbstractContextManager[None]:
        """Hold one of the places for requests that bring files. Raises Busy when there is none left."""
        return self._places.take("uploads")

    async def put(self, owner: str, name: str, content: BinaryIO) -> Upload:
        """Keep a copy of what is left to read in ``content``.

        Raises:
            InvalidInput: it is too large.
            Busy: the owner, or all owners together, keep too much; old files make room by themselves.
            Unavailable: the disk cannot be written.
        """
        return await asyncio.to_thread(self._put, owner, name, content)

    def find(self, owner: str, path: str) -> Upload:
        """The file that ``path`` names. Raises NotFound for a foreign, expired or made-up one."""
        token, _, name = path.partition("/")
        if _TOKEN.fullmatch(token) and safe_name(name) == name and _OWNER.fullmatch(owner):
            file = self._folder / owner / token
            if file.is_file() and not self._is_old(file):
                return Upload(path, file)
        raise NotFound("no such file: it was not uploaded here by you, or its time is over")

    async def resolve(self, value: Any, owner: str) -> Any:
        """``value``, JSON, with each uploaded file in it replaced by ``{"name", "url"}``, the url a data URI.

        Raises:
            InvalidInput: it names a file that is no upload of ``owner``, or together they are too large.
            Unavailable: the disk cannot be read.
        """
        try:
            return await asyncio.to_thread(self._resolve, value, owner)
        except OSError as error:
            raise Unavailable(f"an uploaded file cannot be read: {error.strerror}") from error

    def _put(self, owner: str, name: str, content: BinaryIO) -> Upload:
        if not _OWNER.fullmatch(owner):
            raise ValueError("an owner's key must be fit for a folder's name")
        upload = Upload(f"{(token := secrets.token_urlsafe(24))}/{safe_name(name)}", self._folder / owner / token)
        try:
            with self._lock:  # so that two requests cannot both take the last place
                self._make_room(upload.file.parent)
                upload.file.parent.mkdir(parents=True, exist_ok=True)
                self._copy(content, upload.file)
        except OSError as error:
            upload.file.unlink(missing_ok=True)
            raise Unavailable(f"the file cannot be kept: {error.strerror}") from error
        return upload

    def _copy(self, content: BinaryIO, file: Path) -> None:
        written = 0
        with file.open("xb") as target:
            while piece := content.read(_PIECE):
                written += len(piece)
                if written > self._limits.file:
                    break
                target.write(piece)
        if written > self._limits.file:
            file.unlink()
            raise InvalidInput(FieldProblem("files", f"has a file of more than {self._limits.file} bytes"))

    def _make_room(self, own_folder: Path) -> None:
        """Delete what is old; Busy when there is still too much for one more file."""
        for file in list(self._folder.glob("*/*")):
            if self._is_old(file):
                file.unlink(missing_ok=True)
        kept = {file: file.stat().st_size for file in self._folder.glob("*/*")}
        own = [size for file, size in kept.items() if file.parent == own_folder]
        most_of_owner = REQUESTS_KEPT * self._limits.request
        if (
            len(own) >= MOST_FILES_PER_OWNER
            or len(kept) >= MOST_FILES
            or sum(own) + self._limits.file > most_of_owner
            or sum(kept.values()) + self._limits.file > OWNERS_KEPT * most_of_owner
        ):
            raise Busy("too many uploaded files are kept", retry_after_seconds=RETRY_AFTER_SECONDS)

    def _is_old(self, file: Path) -> bool:
        try:
            return self._now() - file.stat().st_mtime > LIFETIME_SECONDS
        except FileNotFoundError:
            return True

    def _resolve(self, value: Any, owner: str) -> Any:
        left = self._limits.request

        def resolved(value: Any, field: str) -> Any:
            nonlocal left
            if isinstance(value, list):
                return [resolved(item, f"{field}[{index}]") for index, item in enumerate(value)]
            if not isinstance(value, dict):
                return value
            if not is_file_data(value):
                return {name: resolved(item, field or name) for name, item in value.items()}
            upload = self._find_named(value, owner, field)
            content = upload.file.read_bytes()
            left -= len(content)
            if left < 0:
                raise InvalidInput(FieldProblem(field, f"brings all files to more than {self._limits.request} bytes"))
            return {"name": _name_of(value, upload), "url": _data_uri(upload.name, content)}

        return resolved(value, "")

    def _find_named(self, data: dict[str, Any], owner: str, field: str) -> Upload:
        path, url = data.get("path"), data.get("url")
        try:
            upload = self.find(owner, path if isinstance(path, str) else "")
        except NotFound as error:
            raise InvalidInput(FieldProblem(field, f"is {error}")) from None
        if url is not None and not (isinstance(url, str) and url.endswith(f"/gradio_api/file={path}")):
            raise InvalidInput(FieldProblem(field, "has a url: upload the file and send its path alone"))
        return upload


def is_file_data(value: dict[str, Any]) -> bool:
    """Whether ``value`` is what Gradio's clients send for a file."""
    meta = value.get("meta")
    return isinstance(meta, dict) and meta.get("_type") == FILE_TYPE


def file_data(upload: Upload, size: int, url: str) -> dict[str, Any]:
    """What Gradio's clients take for a file to download."""
    return {
        "path": upload.path,
        "url": url,
        "orig_name": upload.name,
        "size": size,
        "mime_type": media_type_of(upload.name),
        "meta": {"_type": FILE_TYPE},
    }


def safe_name(name: str) -> str:
    """The last part of ``name``, which may be any path of the sender's machine; ``file`` when it breaks our rule."""
    last = normalize("NFC", re.split(r"[/\\]", name)[-1])
    return "file" if path_problem(last) else last


def _name_of(data: dict[str, Any], upload: Upload) -> str:
    given = data.get("orig_name")
    return safe_name(given) if isinstance(given, str) and given else upload.name


def _data_uri(name: str, content: bytes) -> str:
    return f"data:{media_type_of(name)};base64,{base64.b64encode(content).decode()}"
