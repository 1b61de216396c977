"""Files that a page shows: what kind each is, and its columns or shape as far as the page has to know them."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SAMPLE_ROWS = 2_000
_NUMERIC_SHARE = 0.8
_DELIMITERS = (",", ";", "\t", "|")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+),\d+")
_OPTION_KEYS = ("options", "choices", "answers")
_CURRENCY_CODE = re.compile(r"[A-Z]{3}")

_EXTENSIONS = {
    "csv": "csv tsv",
    "json": "json geojson",
    "markdown": "md markdown",
    "image": "png jpg jpeg gif webp svg avif bmp ico",
    "text": "txt log py js ts css html htm xml yaml yml toml ini sql sh text",
}
_BY_EXTENSION = {extension: kind for kind, extensions in _EXTENSIONS.items() for extension in extensions.split()}
_BY_MEDIA_TYPE = {
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/json": "json",
    "text/markdown": "markdown",
    "text/plain": "text",
}


class Kind(StrEnum):
    """How the page opens a file."""

    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    TEXT = "text"
    IMAGE = "image"
    OTHER = "other"


class Shape(StrEnum):
    """What a JSON document holds."""

    NONE = ""
    RECORDS = "records"
    QUIZ = "quiz"
    RATES = "rates"
    PAIRS = "pairs"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a field of records.

    Attributes:
        name: as in the file.
        numeric: at least four in five filled cells are numbers.
        repeats: some value occurs more than once.
    """

    name: str
    numeric: bool
    repeats: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the page opens.

    Attributes:
        name: its path in the app; "" when only the page's address (?url=) names one.
        kind: how it is opened.
        shape: of a JSON document.
        at: the key that leads to the list or mapping inside it; "" when it is the document itself.
        columns: of a table or of records.
        title: the document's own title, or "".
    """

    name: str
    kind: Kind
    shape: Shape = Shape.NONE
    at: str = ""
    columns: tuple[Column, ...] = ()
    title: str = ""

    @property
    def is_view(self) -> bool:
        """Rows that can be summed, filtered, searched and sorted."""
        return self.kind is Kind.CSV or self.shape is Shape.RECORDS

    @property
    def is_text(self) -> bool:
        """A document to read."""
        return self.kind in {Kind.MARKDOWN, Kind.TEXT}


def read_source(name: str, media_type: str, content: bytes) -> Source:
    """Find out what ``content`` is. A malformed file keeps its kind: the page will say what is wrong with it."""
    extension = name.rpartition(".")[2].lower()
    kind = _BY_EXTENSION.get(extension) or _BY_MEDIA_TYPE.get(media_type)
    if kind is None:
        kind = "image" if media_type.startswith("image/") else "other"
    if kind == Kind.CSV:
        return Source(name, Kind.CSV, columns=_table_columns(decode(content)))
    if kind == Kind.JSON:
        return _json_source(name, content)
    return Source(name, Kind(kind))


def decode(content: bytes) -> str:
    """Text of a file from an unknown program: UTF-8 or UTF-16 with or without mark, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def number_of(value: object, *, decimal_comma: bool = False) -> float | None:
    """The number that a cell shows, or None; the same rule as the page's own ``numberOf``."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    text = re.sub(r"^\((.*)\)$", r"-\1", value.strip())
    text = re.sub(r"\s*[€%]$", "", re.sub(r"^(-?)\s*[$€£¥₹]\s*", r"\1", text))
    if decimal_comma and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return float(text) if text.isascii() and _NUMBER.fullmatch(text) else None


def delimiter_of(text: str) -> str:
    """The mark that the first line, quoted cells aside, holds most often; a comma when none does."""
    first_line = re.sub(r'"[^"]*"', "", text.split("\n", 1)[0])
    return max(_DELIMITERS, key=first_line.count)


def _table_columns(text: str) -> tuple[Column, ...]:
    delimiter = delimiter_of(text)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) > SAMPLE_ROWS:
                break
    except csv.Error:
        return ()
    if not rows:
        return ()
    names: list[str] = []
    for index, cell in enumerate(rows[0], start=1):
        name = cell.strip() or f"column {index}"
        names.append(f"{name} ({index})" if name in names else name)
    cells = [[row[index].strip() if index < len(row) else "" for row in rows[1:]] for index in range(len(names))]
    return tuple(
        _column(name, values, decimal_comma=delimiter == ";") for name, values in zip(names, cells, strict=True)
    )


def _column(name: str, values: Sequence[object], *, decimal_comma: bool = False) -> Column:
    filled = [value for value in values if value not in ("", None)]
    numbers = [value for value in filled if number_of(value, decimal_comma=decimal_comma) is not None]
    shown = [json.dumps(value, sort_keys=True, default=str) for value in filled]
    return Column(name, bool(numbers) and len(numbers) >= len(filled) * _NUMERIC_SHARE, len(set(shown)) < len(shown))


def _json_source(name: str, content: bytes) -> Source:
    try:
        value = json.loads(decode(content))
        shape, at = _shape(value)
        columns = _record_columns(value[at] if at else value) if shape is Shape.RECORDS else ()
    except (ValueError, RecursionError):
        return Source(name, Kind.JSON, Shape.TREE)
    title = value.get("title") if isinstance(value, dict) else ""
    return Source(name, Kind.JSON, shape, at, columns, title.strip() if isinstance(title, str) else "")


def _record_columns(records: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    sample = records[:SAMPLE_ROWS]
    keys = dict.fromkeys(key for record in sample for key in record)
    return tuple(_column(key, [record.get(key) for record in sample]) for key in keys)


def _shape(value: Any) -> tuple[Shape, str]:
    if isinstance(value, list):
        return _list_shape(value), ""
    if not isinstance(value, dict):
        return Shape.TREE, ""
    for key, inner in value.items():
        if isinstance(inner, list) and _list_shape(inner) is not Shape.TREE:
            return _list_shape(inner), key
        if isinstance(inner, dict) and _is_rates(inner):
            return Shape.RATES, key
    if _is_rates(value):
        return Shape.RATES, ""
    flat = value and all(not isinstance(inner, (dict, list)) for inner in value.values())
    return (Shape.PAIRS if flat else Shape.TREE), ""


def _list_shape(items: Iterable[Any]) -> Shape:
    items = list(items)
    if not items or not all(isinstance(item, dict) for item in items):
        return Shape.TREE
    if all(any(isinstance(item.get(key), list) for key in _OPTION_KEYS) for item in items):
        return Shape.QUIZ
    return Shape.RECORDS


def _is_rates(mapping: dict[str, Any]) -> bool:
    codes = [key for key, value in mapping.items() if _CURRENCY_CODE.fullmatch(key) and number_of(value) is not None]
    return bool(codes) and len(codes) == len(mapping)
