"""Excel workbooks: each sheet as a table, and as a CSV file that can be placed in the app."""

import csv
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO, StringIO
from zipfile import ZipFile

from pipeline.generation.attachments.description import DerivedFile, Description, Unreadable, counted
from pipeline.generation.attachments.tables import ROWS_SHOWN, read_table, table_facts
from pipeline.generation.tokens import Density

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_SHEETS = 20
_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_UNPACKED_APART_FROM_SHEETS = 8 * 1024 * 1024
_MAX_DIRECTORY = 64 * 1024  # of the zip file: about 700 entries
_END_OF_DIRECTORY = b"PK\x05\x06"
_PROLOG = 1_024


@dataclass(frozen=True, slots=True)
class _Sheet:
    title: str
    rows: list[list[str]]
    is_whole: bool


def is_workbook(content: bytes) -> bool:
    """Whether a zip file holds what every Excel workbook has."""
    return b"xl/workbook.xml" in content


def describe_workbook(content: bytes, *, max_cells: int) -> Description:
    """Each sheet's columns, figures and first rows, and a CSV file of each sheet that was read to its end.

    At most ``max_cells`` cells are read in all. Formulas appear as the values stored with them. Raises Unreadable for
    what is no workbook, or unpacks to more than is sensible, and whatever openpyxl raises for a broken one.
    """
    _check_archive(content)
    sheets = _read_sheets(content, max_cells)
    facts = [f"Excel workbook, {counted(len(sheets), 'sheet')}"]
    samples = []
    for sheet in sheets:
        table = read_table(iter(sheet.rows))
        size = counted(table.rows, "row") if table else "empty"
        part = "" if sheet.is_whole else "; too large: only its beginning was read, and there is no CSV file of it"
        facts += [f"sheet {sheet.title!r}: {size}{part}", *(table_facts(table) if table else [])]
        if table:
            samples.append(f"{sheet.title}:\n{_csv(sheet.rows[: ROWS_SHOWN + table.has_header])}")
    whole = [sheet for sheet in sheets if sheet.is_whole and sheet.rows]
    only_one = sum(bool(sheet.rows) for sheet in sheets) == 1
    derived = tuple(DerivedFile("" if only_one else sheet.title, _csv(sheet.rows).encode()) for sheet in whole)
    is_partial = any(len(sheet.rows) > ROWS_SHOWN or not sheet.is_whole for sheet in sheets)
    return Description(
        MEDIA_TYPE, "\n".join(facts), "\n".join(samples), Density.TABLE, is_partial=is_partial, derived=derived
    )


def _check_archive(content: bytes) -> None:
    """Judge the archive by its directory before anything is unpacked.

    The sizes there can be trusted so far: zipfile reads no more of an entry than its directory entry says.
    """
    end = content.rfind(_END_OF_DIRECTORY)
    if end < 0 or len(content) < end + 22:
        raise Unreadable("it is cut off")
    directory_size = struct.unpack_from("<L", content, end + 12)[0]
    if directory_size > _MAX_DIRECTORY or content[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise Unreadable("it has too many parts")
    with ZipFile(BytesIO(content)) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        apart = sum(entry.file_size for entry in entries if not entry.filename.startswith("xl/worksheets/"))
        if unpacked > _MAX_UNPACKED or apart > _MAX_UNPACKED_APART_FROM_SHEETS:
            raise Unreadable("it unpacks to more than a workbook of this kind should")
        for entry in entries:
            if entry.filename.endswith((".xml", ".rels")):
                with archive.open(entry) as part:
                    # ECMA-376 forbids them; they are how XML is made to explode
                    if b"<!DOCTYPE" in part.read(_PROLOG).replace(b"\0", b""):
                        raise Unreadable("it holds a document type declaration")


def _read_sheets(content: bytes, max_cells: int) -> list[_Sheet]:
    from openpyxl import load_workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = []
        readable = [sheet for sheet in workbook.worksheets if isinstance(sheet, ReadOnlyWorksheet)]
        for worksheet in readable[:_MAX_SHEETS]:
            worksheet.reset_dimensions()  # what a sheet says of its own size is often wrong
            rows, cells, is_whole = _read_rows(worksheet.iter_rows(values_only=True), max_cells)
            max_cells -= cells
            sheets.append(_Sheet(worksheet.title, rows, is_whole))
        return sheets
    finally:
        workbook.close()


def _read_rows(source: Iterator[Sequence[object]], max_cells: int) -> tuple[list[list[str]], int, bool]:
    rows: list[list[str]] = []
    cells = 0
    for values in source:
        cells += max(1, len(values))
        if cells > max_cells:
            return _trimmed(rows), max_cells, False
        rows.append([_cell_text(value) for value in values])
    return _trimmed(rows), cells, True


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Without empty rows at the end and empty columns on the right, all rows equally wide."""
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((number for row in rows for number, cell in enumerate(row, start=1) if cell), default=0)
    return [(row + [""] * (width - len(row)))[:width] for row in rows]


def _cell_text(value: object) -> str:
    """As it would be written in CSV: ISO dates, TRUE and FALSE, numbers without any format."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact so far
        return str(int(value))
    return str(value)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
