"""Sheets of an Excel workbook as rows of text."""

from datetime import date, datetime, time
from io import BytesIO
from zipfile import BadZipFile, ZipFile

MOST_CELLS = 50_000
_MOST_UNPACKED = 32 * 1024 * 1024


def sheet_rows(content: bytes) -> list[list[list[str]]] | None:
    """Each sheet's rows without empty ones; None for what is no workbook, or is larger than one that is compared."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
                return None
        workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        return None
    try:
        sheets = []
        left = MOST_CELLS
        for sheet in workbook.worksheets:
            rows = []
            for values in sheet.iter_rows(values_only=True):
                left -= len(values) or 1
                if left < 0:
                    return None
                rows.append([_text(value) for value in values])
            sheets.append([row for row in rows if any(row)])
        return [sheet for sheet in sheets if sheet]
    finally:
        workbook.close()


def _text(value: object) -> str:
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return "" if value is None else str(value)
