"""Delimited text: delimiter, header, row count, columns and first rows."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from pipeline.generation.attachments.columns import describe_columns, is_number
from pipeline.generation.attachments.description import Description, counted
from pipeline.generation.tokens import Density

ROWS_SHOWN = 10
_DELIMITERS = {";": "semicolon", "\t": "tab", "|": "vertical bar", ",": "comma"}
_QUOTED = re.compile(r'"[^"]*"')
_PROBED = 80_000
_PROBED_LINES = 20
_MAX_SAMPLE = 100_000  # far more than any budget shows
_BATCH = 256  # rows turned into columns at a time: small enough to stay in the processor's cache
MAX_WIDTH = 1_000
TAB_SEPARATED = frozenset({"text/tab-separated-values", "text/tsv"})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal width, read column by column.

    Names are those of the header, or made up. Columns hold the values below it, as text, of the first MAX_WIDTH
    columns; missing ones are empty. So many rows are ``ragged``: had another width.
    """

    names: Sequence[str]
    has_header: bool
    columns: Sequence[Sequence[str]]
    rows: int
    ragged: int


def describe_table(text: str, media_type: str, remarks: Sequence[str], *, max_characters: int) -> Description | None:
    """Statistics and first rows, or None when ``text`` cannot be read as a table.

    At most about ``max_characters`` are read; when that is not all, the figures say of how many rows they are.
    """
    delimiter = find_delimiter(text, media_type)
    end = text.find("\n", max_characters) + 1
    read = text[:end] if end else text
    try:
        table = read_table(csv.reader(StringIO(read), delimiter=delimiter))
    except csv.Error:
        return None
    if not table:
        return None
    size = _size(table, text[end:] if end else "")
    kind = "; ".join([f"table, delimiter {_DELIMITERS[delimiter]}", *remarks, size])
    sample = _first_records(text, delimiter, ROWS_SHOWN + table.has_header)
    facts = "\n".join([kind, *table_facts(table)])
    return Description(media_type, facts, sample, Density.TABLE, is_partial=len(sample) < len(text))


def table_facts(table: Table) -> list[str]:
    """What can be said about a table, as lines."""
    header = "" if table.has_header else " (there is no header line)"
    ragged = [f"{table.ragged} rows have more or fewer cells than the first"] if table.ragged else []
    return [f"{counted(len(table.names), 'column')}{header}:", *describe_columns(table.names, table.columns), *ragged]


def read_table(records: Iterator[list[str]]) -> Table | None:
    """Read all of ``records``; None when there are none. Cells beyond MAX_WIDTH are left out."""
    first = next(filter(None, records), None)
    if not first:
        return None
    width = min(len(first), MAX_WIDTH)
    has_header = any(cell.strip() for cell in first) and not any(map(is_number, first[:width]))
    columns: list[list[str]] = [[] for _ in range(width)]
    rows = ragged = 0
    pending = [] if has_header else [first]
    while batch := [*pending, *islice(records, _BATCH)]:
        pending = []
        if set(map(len, batch)) != {width}:
            batch = [row for row in batch if row]
            ragged += sum(len(row) != len(first) for row in batch)
            batch = [(row + [""] * (width - len(row)))[:width] for row in batch]
        rows += len(batch)
        for column, values in zip(columns, zip(*batch, strict=True), strict=False):
            column.extend(values)
    names = first if has_header else [f"column {number}" for number in range(1, len(first) + 1)]
    return Table(names, has_header, columns, rows, ragged)


def find_delimiter(text: str, media_type: str) -> str:
    """The delimiter that stands equally often in each of the first lines, quoted parts apart; comma if none does.

    Comma comes last when several do, because it is also a decimal mark and common in prose. When none is quite
    regular, the one that is in most lines.
    """
    lines = [line for line in _QUOTED.sub("", text[:_PROBED]).split("\n")[:_PROBED_LINES] if line]
    order = sorted(_DELIMITERS, key=lambda delimiter: delimiter != "\t") if media_type in TAB_SEPARATED else _DELIMITERS
    scores = {delimiter: _regularity(lines, delimiter) for delimiter in order}
    best = max(scores, key=lambda delimiter: scores[delimiter])  # among equals, the first
    return best if scores[best] else ","


def _regularity(lines: Sequence[str], delimiter: str) -> float:
    """Which part of the lines has the most frequent number of delimiters; 0 if that number is none."""
    counts = Counter(line.count(delimiter) for line in lines)
    if not counts:
        return 0.0
    number, frequency = counts.most_common(1)[0]
    return frequency / len(lines) if number else 0.0


def _size(table: Table, unread: str) -> str:
    if not unread:
        return counted(table.rows, "row")
    rest = unread.count("\n") + (not unread.endswith("\n"))
    about = "about " if '"' in unread else ""  # a newline between quotes does not begin a row
    return f"{about}{table.rows + rest} rows, of which the first {table.rows} were read for these figures"


def _first_records(text: str, delimiter: str, count: int) -> str:
    """The first records as they stand in the file."""
    beginning = text[:_MAX_SAMPLE]
    reader = csv.reader(StringIO(beginning), delimiter=delimiter)
    for _ in islice(reader, count):
        pass
    return "".join(islice(StringIO(beginning), reader.line_num))
