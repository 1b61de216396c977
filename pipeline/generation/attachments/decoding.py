"""Bytes to text, whatever editor or spreadsheet they come from."""

import codecs
import re
from dataclasses import dataclass

_PROBED = 8 * 1024
# UTF-32 before UTF-16: its mark begins with the other's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16 little-endian with a byte order mark"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16 big-endian with a byte order mark"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text without byte order mark, whose lines end in a newline alone.

    Remarks are what a program that reads the file has to know, such as its encoding; there are none on plain UTF-8.
    """

    text: str
    remarks: tuple[str, ...]


def decode_text(content: bytes) -> Decoded | None:
    """``content`` as text, or None when it is not text.

    Tried in this order: byte order mark, UTF-8, Windows-1252, ISO 8859-1. The last two fit any bytes, so they are
    tried only when there are no control characters.
    """
    for mark, codec, name in _MARKS:
        if content.startswith(mark):
            try:
                return _decoded(content.decode(codec), name)
            except UnicodeDecodeError:
                break
    if b"\0" in content[:_PROBED]:
        return None
    try:
        return _decoded(content.decode(), "")
    except UnicodeDecodeError:
        if _CONTROL.search(content):
            return None
    try:
        return _decoded(content.decode("cp1252"), "Windows-1252, not UTF-8")
    except UnicodeDecodeError:
        return _decoded(content.decode("latin-1"), "ISO 8859-1, not UTF-8")


def _decoded(text: str, encoding: str) -> Decoded:
    remarks = [f"encoding: {encoding}"] if encoding else []
    if "\r" in text:
        if "\r\n" in text:
            remarks.append("line ends: CRLF")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, tuple(remarks))
