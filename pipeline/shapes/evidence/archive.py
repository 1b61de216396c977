"""The zip files of a job: its app, and the evidence about it. The same job gives the same bytes."""

import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pipeline.domain.errors import NotFound
from pipeline.domain.job import Job
from pipeline.domain.publication import slug
from pipeline.ports import Jobs
from pipeline.shapes.evidence.document import PICTURE, TRACE, Mask, evidence_of
from pipeline.shapes.evidence.report import as_html, as_junit

_REGULAR_FILE = 0o100644 << 16


def app_name(job: Job) -> str:
    """Of the file that holds the job's app."""
    return f"{slug(job.key.task)}.zip"


def evidence_name(job: Job) -> str:
    """Of the file that holds the evidence."""
    return f"{slug(job.key.task)}-evidence.zip"


async def app_archive(port: Jobs, job: Job) -> Iterator[bytes]:
    """The chosen app's files as they were made, piece by piece. Raises NotFound before there is an app."""
    files = await port.files(job.id)
    if files is None:
        raise NotFound("this job has no app yet: there is nothing to download before one was chosen")
    return _zipped(files.items(), job.received_at)


async def evidence_archive(port: Jobs, job: Job, own_address: str, secrets: tuple[str, ...]) -> Iterator[bytes]:
    """Page, JSON, JUnit, picture and trace, as far as the job has come; none of ``secrets`` is in them."""
    events, files = await port.events(job.id), await port.files(job.id)
    picture, trace = await port.screenshot(job.id), await port.trace(job.id)
    mask = Mask(secrets)
    evidence = evidence_of(job, events, files, own_address, mask)

    def entries() -> Iterator[tuple[str, bytes]]:
        yield "evidence.html", as_html(evidence, picture)
        yield "evidence.json", json.dumps(evidence, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        yield "evidence.xml", as_junit(evidence)
        if picture:
            yield PICTURE, picture
        if trace:
            yield TRACE, b"".join(_zipped(_masked_entries(trace, mask), job.received_at))

    return _zipped(entries(), job.received_at)


def _masked_entries(trace: bytes, mask: Mask) -> Iterator[tuple[str, bytes]]:
    with ZipFile(io.BytesIO(trace)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            try:
                yield name, mask.redact(content.decode()).encode()
            except UnicodeDecodeError:  # a picture or a font
                yield name, content


class _Pieces(io.RawIOBase):
    """Takes what is written until it is fetched; cannot seek, so that archives are written from front to back."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]
        self._written += piece
        return len(piece)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _zipped(entries: Iterable[tuple[str, bytes]], at: datetime) -> Iterator[bytes]:
    """One piece per entry, so that never more than one is held compressed."""
    pieces = _Pieces()
    with ZipFile(pieces, "w") as archive:
        for name, content in entries:
            entry = ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, _REGULAR_FILE
            archive.writestr(entry, content)
            yield pieces.take()
    yield pieces.take()
