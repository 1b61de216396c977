"""A CSV file has rows and columns."""

import csv
import re
from io import StringIO

from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.problems import shown
from pipeline.verification.prose.files import text_of
from pipeline.verification.prose.sentences import FILE, RANGE, items, limits
from pipeline.verification.said import Said

_FILE = FILE.replace(r"\.[a-z][a-z0-9]{0,9}", r"\.[ct]sv")


def _rows(name: str, inspection: Inspection) -> tuple[str, list[list[str]]] | Ruling:
    found = text_of(name, inspection)
    if isinstance(found, Ruling):
        return found
    delimiter = "\t" if found[0].endswith(".tsv") else ","
    try:
        source = StringIO(found[1].removeprefix("\ufeff"), newline="")
        return found[0], [row for row in csv.reader(source, delimiter=delimiter) if row]
    except csv.Error as error:
        return failed(f"{found[0]} is not CSV: {error}")


def _has_columns(said: Said, inspection: Inspection) -> Ruling | None:
    found, wanted = _rows(said["file"], inspection), items(said["names"])
    if isinstance(found, Ruling):
        return found
    if wanted is None:
        return None
    wanted = [name for listed in wanted for name in listed.split(",")]
    name, rows = found
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = [column for column in wanted if column.strip() not in header]
    seen = f"the first row of {name} is {shown(', '.join(header)) or 'empty'}"
    if not missing:
        return passed(seen)
    if {column.strip().lower() for column in missing} <= {cell.lower() for cell in header}:
        return undecided(f"{seen}: upper and lower case differ")
    return failed(f"{seen}: there is no {', '.join(missing)}")


def _has_size(said: Said, inspection: Inspection) -> Ruling | None:
    found, allowed = _rows(said["file"], inspection), limits(said)
    if isinstance(found, Ruling):
        return found
    if allowed is None:
        return None
    name, rows = found
    if said["unit"].lower().startswith("column"):
        counts = {len(row) for row in rows[:1]}
    elif "data" in said["unit"] or "record" in said["unit"]:
        counts = {max(len(rows) - 1, 0)}
    else:
        counts = {max(len(rows) - 1, 0), len(rows)}  # the header may count as a row
    seen = f"{name} has {' or '.join(map(str, sorted(counts)))} {said['unit']}"
    fitting = [allowed[0] <= count <= allowed[1] for count in counts]
    if all(fitting):
        return passed(seen)
    return undecided(f"{seen}, with or without its header") if any(fitting) else failed(seen)


def _has_header(said: Said, inspection: Inspection) -> Ruling:
    found = _rows(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    name, rows = found
    first = rows[0] if rows else []
    seen = f"the first row of {name} is {shown(', '.join(first)) or 'empty'}"
    is_header = len(rows) > 1 and all(re.search(r"[^\W\d_]", cell) for cell in first)
    return passed(seen) if is_header else undecided(seen) if rows else failed(seen)


RULES: Rules = (
    (
        (
            rf"{_FILE} has (?:columns?|headers?|fields?|header row)(?: (?:named|called|with|of|for|columns))"
            rf"*:? (?P<names>.+)"
        ),
        _has_columns,
    ),
    (rf"{_FILE} has (?P<names>\"[^\"]+\"(?:(?:, and |, | and ).+)?) columns?", _has_columns),
    (
        (
            rf"{_FILE} has (?P<names>(?!\d|(?:one|two|three|four|five|six|seven|all|at|exactly) )\w+(?:(?:, "
            rf"and |, | and )\w+)*) columns?"
        ),
        _has_columns,
    ),
    (rf"(?:columns|header(?: row)?) of {_FILE} (?:is|equals) (?P<names>.+)", _has_columns),
    (rf"{_FILE} has {RANGE} (?P<unit>(?:data )?rows?|records?|columns?|(?:data )?rows of data)", _has_size),
    (rf"{_FILE} has header(?: row| line)?", _has_header),
)
