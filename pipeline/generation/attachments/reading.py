"""Which reader an attachment gets: its content decides, its name and claimed type only between kinds of text."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from pipeline.domain.brief import Attachment
from pipeline.domain.media_types import PICTURES, is_text_type, media_type_of, picture_type
from pipeline.generation.attachments.aside import read_aside
from pipeline.generation.attachments.decoding import Decoded, decode_text
from pipeline.generation.attachments.description import Description, Unreadable, counted
from pipeline.generation.attachments.images import describe_image
from pipeline.generation.attachments.json_shape import describe_json
from pipeline.generation.attachments.pdf import MEDIA_TYPE as PDF
from pipeline.generation.attachments.pdf import describe_pdf
from pipeline.generation.attachments.tables import TAB_SEPARATED, describe_table
from pipeline.generation.attachments.workbook import MEDIA_TYPE as WORKBOOK
from pipeline.generation.attachments.workbook import describe_workbook, is_workbook
from pipeline.generation.tokens import Density

# What all attachments of one kind together may cost to read: at 50 ms per MB of table and 25 ms per MB of JSON, a
# prompt takes a tenth of a second. Of larger tables the beginning is read; larger JSON is shown as text. Workbooks take
# longer, 5 to 10 µs per cell: all of a sheet is needed to make a CSV file of it.
MAX_TABLE_CHARACTERS = 1_000_000
MAX_JSON_CHARACTERS = 1_500_000
MAX_CELLS = 50_000
SMALL_TABLE_BYTES = 64 * 1024
"""Larger ones, PDF and workbooks are read in a process of their own."""
_PDF_HEADER_WITHIN = 1_024  # where readers look for it

_TABLES = frozenset({"text/csv", *TAB_SEPARATED})
_PROSE = frozenset({"text/markdown", "text/plain"})
_RECOGNISED = PICTURES | {PDF, WORKBOOK}
_ANYTHING = frozenset({"", "text/plain", "application/octet-stream"})


class Kind(StrEnum):
    """What reads it."""

    IMAGE = "image"
    PDF = "pdf"
    WORKBOOK = "workbook"
    ARCHIVE = "zip archive"
    TABLE = "table"
    JSON = "json"
    TEXT = "text"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Recognised:
    """An attachment whose kind is known, as far as its first bytes show; ``decoded`` if it is text."""

    attachment: Attachment
    kind: Kind
    media_type: str
    decoded: Decoded | None = None


def recognise(attachment: Attachment) -> Recognised:
    """Tell the kind of an attachment by its first bytes, and if it is text, by name, claim and first character."""
    binary = _recognise_binary(attachment)
    decoded = None if binary else decode_text(attachment.content)
    if binary:
        return Recognised(attachment, *binary)
    if decoded is None:
        is_pdf = b"%PDF-" in attachment.content[:_PDF_HEADER_WITHIN]
        kind, media_type = (
            (Kind.PDF, PDF) if is_pdf else (Kind.UNKNOWN, _claimed(attachment, "application/octet-stream"))
        )
        return Recognised(attachment, kind, media_type)
    media_type = _text_type(attachment)
    may_be_json = decoded.text.lstrip()[:1] in {"{", "["} and media_type in _TABLES | {"text/plain"}
    if media_type == "application/json" or media_type.endswith("+json") or may_be_json:
        return Recognised(attachment, Kind.JSON, media_type, decoded)
    return Recognised(attachment, Kind.TABLE if media_type in _TABLES else Kind.TEXT, media_type, decoded)


def _recognise_binary(attachment: Attachment) -> tuple[Kind, str] | None:
    content = attachment.content
    if media_type := picture_type(content):
        return Kind.IMAGE, media_type
    if content.startswith(b"%PDF-"):
        return Kind.PDF, PDF
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        is_sheet = is_workbook(content)
        return (Kind.WORKBOOK, WORKBOOK) if is_sheet else (Kind.ARCHIVE, _claimed(attachment, "application/zip"))
    return None


def _claimed(attachment: Attachment, otherwise: str) -> str:
    """The claimed type, unless it is one that would have been recognised if it were true."""
    claim = attachment.media_type
    return otherwise if claim in _RECOGNISED or is_text_type(claim) or not claim else claim


def _text_type(attachment: Attachment) -> str:
    by_name = media_type_of(attachment.name)
    claim = attachment.media_type
    is_text = is_text_type(claim)
    if is_text_type(by_name) and (not is_text or claim in _ANYTHING):
        return by_name
    return claim if is_text else "text/plain"


def read(item: Recognised, *, table_characters: int, json_characters: int, cells: int) -> Description:
    """All that can be said about an attachment. Never raises: what is broken is described as unreadable."""
    is_large_table = item.kind is Kind.TABLE and len(item.attachment.content) > SMALL_TABLE_BYTES
    limits = {"table_characters": table_characters, "json_characters": json_characters, "cells": cells}
    if item.kind not in {Kind.PDF, Kind.WORKBOOK} and not is_large_table:
        return read_here(item, **limits)
    try:
        return read_aside(item.attachment, **limits)
    except Unreadable as error:
        return _unreadable(item, str(error))


def read_here(item: Recognised, *, table_characters: int, json_characters: int, cells: int) -> Description:
    """The same, in this process whatever it is."""
    try:
        return _read(item, table_characters, json_characters, cells)
    except Unreadable as error:
        return _unreadable(item, str(error))
    except Exception as error:  # noqa: BLE001 - the libraries raise whatever a broken file makes them trip over
        return _unreadable(item, f"it is broken ({type(error).__name__})")


def _read(item: Recognised, table_characters: int, json_characters: int, cells: int) -> Description:
    content = item.attachment.content
    match item.kind:
        case Kind.IMAGE:
            return describe_image(content, item.media_type)
        case Kind.PDF:
            return describe_pdf(content)
        case Kind.WORKBOOK:
            return describe_workbook(content, max_cells=cells)
        case Kind.ARCHIVE | Kind.UNKNOWN:
            return _opaque(item)
    if not item.decoded:
        return _opaque(item)
    text, remarks = item.decoded.text, item.decoded.remarks
    description = None
    if item.kind is Kind.JSON and len(text) <= json_characters:
        description = describe_json(text, remarks)
    if not description and item.media_type in _TABLES:
        description = describe_table(text, item.media_type, remarks, max_characters=table_characters)
    return description or _describe_text(item.media_type, item.decoded)


def _describe_text(media_type: str, decoded: Decoded) -> Description:
    text = decoded.text
    lines = text.count("\n") + bool(text and not text.endswith("\n"))
    facts = "; ".join(["text", *decoded.remarks, counted(lines, "line")])
    density = Density.PROSE if media_type in _PROSE else Density.CODE
    if "json" in media_type:
        density = Density.JSON
    if media_type in _TABLES:
        density = Density.TABLE
    return Description(media_type, facts if text else "an empty file", text, density)


def _opaque(item: Recognised) -> Description:
    if not _RECOGNISED.isdisjoint({item.attachment.media_type, media_type_of(item.attachment.name)}):
        raise Unreadable("its content is not what its name or type says")
    facts = f"{item.kind}, not shown; {_digest(item.attachment.content)}"
    return Description(item.media_type, facts, is_partial=True)


def _unreadable(item: Recognised, reason: str) -> Description:
    facts = f"unreadable {item.kind}: {reason}; {_digest(item.attachment.content)}"
    return Description(item.media_type, facts, is_partial=True)


def _digest(content: bytes) -> str:
    return f"SHA-256 begins with {sha256(content).hexdigest()[:16]}"
