"""A file of the app is an attachment as it came, or the CSV of an attached workbook."""

import csv
import re
from io import StringIO

from pipeline.domain.brief import Attachment
from pipeline.verification.files.workbooks import sheet_rows
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.problems import shown
from pipeline.verification.prose.files import located, text_of
from pipeline.verification.prose.sentences import FILE, NAME, usual_name
from pipeline.verification.said import Said


def _attachment(name: str, inspection: Inspection) -> Attachment | None:
    return next((each for each in inspection.brief.attachments if each.name == name), None)


def _is_the_attachment(said: Said, inspection: Inspection) -> Ruling:
    name, original = usual_name(said["file"]), said["original"]
    attachment = _attachment(usual_name(original) if original else name, inspection)
    if attachment is None:
        return undecided(f"no attachment of this request is called {name}")
    path = located(name, inspection, is_named_as_file=True)
    if isinstance(path, Ruling):
        return path
    if attachment.name.endswith(".xlsx") and name.endswith(".csv"):
        return _is_the_sheet(said, inspection)
    content = inspection.files[path]
    if content == attachment.content:
        return passed(f"{name} is the attachment, byte for byte ({len(content)} bytes)")
    if content.split() == attachment.content.split():
        return (
            undecided(f"{name} has the words of the attachment with other white space")
            if content.strip() != attachment.content.strip()
            else failed(
                f"{name} differs from the attachment in white space at its ends: {len(content)} bytes, and "
                f"{len(attachment.content)} attached"
            )
        )
    first = next((i for i, (a, b) in enumerate(zip(content, attachment.content, strict=False)) if a != b), None)
    place = f"from byte {first + 1} on" if first is not None else "in length"
    return failed(
        f"{name} ({len(content)} bytes) differs from the attachment ({len(attachment.content)} bytes) {place}"
    )


def _is_the_sheet(said: Said, inspection: Inspection) -> Ruling:
    """Cell by cell; numbers by their value, so that a format of their own is no difference."""
    book_name = usual_name(said["original"])
    attached = _attachment(book_name, inspection)
    content = attached.content if attached else inspection.files.get(book_name)
    found = text_of(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    sheets = sheet_rows(content) if content else None
    if not sheets:
        return undecided(f"{book_name} could not be read as a workbook")
    name, text = found
    rows = [row for row in csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")) if any(row)]
    for index, (left, right) in enumerate(zip(rows, sheets[0], strict=False), start=1):
        if not _same_row(left, right):
            if len(sheets) > 1:
                return undecided(f"{name} is not the first of {len(sheets)} sheets of {book_name}")
            return failed(
                f"row {index} of {name} is {shown(','.join(left))}, that of {book_name} {shown(','.join(right))}"
            )
    if len(rows) != len(sheets[0]):
        outcome = undecided if len(sheets) > 1 else failed
        return outcome(f"{name} has {len(rows)} rows, {book_name} has {len(sheets[0])}")
    return passed(f"{name} has the {len(rows)} rows of {book_name}, cell by cell")


def _same_row(left: list[str], right: list[str]) -> bool:
    width = max(len(left), len(right))
    pairs = zip(left + [""] * (width - len(left)), right + [""] * (width - len(right)), strict=True)
    return all(a.strip() == b.strip() or _value(a) == _value(b) for a, b in pairs)


def _value(cell: str) -> object:
    bare = re.sub(r"[ T]00:00:00$", "", cell.strip())
    try:
        return float(bare)
    except ValueError:
        return {"true": True, "false": False, "nan": "", "none": ""}.get(bare.lower(), bare)


_SAME = (
    r"(?:matches|equals|is (?:exactly |byte-?for-?byte |bytewise )?(?:identical to|same as|equal to"
    r"|copy of|unchanged from|copied from|taken from)"
    r"|is exact copy of|has same (?:content|data|text|bytes) as|is byte-?for-?byte copy of|has exact content of)"
)
_ORIGINAL = (
    rf"(?:attached |attachment |original |uploaded |provided )*(?:(?:file )?(?P<original>{NAME})"
    rf"|attachment|file|version|original|one)(?: attachment| file)?(?: as-is| exactly| byte[- ]for[- "
    rf"]byte)?"
)
_ORIGINAL_NEEDED = (
    rf"(?:attached |attachment |original |uploaded |provided )+(?:(?:file )?(?P<original>{NAME})"
    rf"|attachment|file|version|original|one)?(?: attachment| file)?(?: as-is| exactly| byte[- "
    rf"]for[- ]byte)?"
)
RULES: Rules = (
    (rf"{FILE} is (?:exactly )?(?:attached|attachment)(?: (?P<original>{NAME}))?", _is_the_attachment),
    (rf"{FILE} is (?:committed|published) (?:unchanged|as-is|as is)", _is_the_attachment),
    (rf"(?:content of )?{FILE} {_SAME} (?:content of )?{_ORIGINAL}", _is_the_attachment),
    (
        (
            rf"{FILE} (?:is unchanged|has not been changed|is uploaded as-is|is attachment as-is|is "
            rf"published as-is|is uploaded unchanged)"
        ),
        _is_the_attachment,
    ),
    (
        (
            rf"{FILE} (?:has|is) (?:data|rows|content|values|first sheet|CSV export|export) (?:of|from) "
            rf"(?:attached )?(?P<original>[\w.-]+\.xlsx)"
        ),
        _is_the_sheet,
    ),
    (
        (
            rf"{FILE} (?:is (?:correctly )?(?:converted|made|exported|derived|generated) from|{_SAME}"
            rf"|(?:matches|equals|has same) (?:data|rows|values|content)(?: as| in| of)|is CSV (?:version )"
            rf"?(?:of|from)) (?:attached )?\"?(?P<original>[\w.-]+\.xlsx)\"?(?: as CSV)?"
        ),
        _is_the_sheet,
    ),
    (
        (
            rf"(?:attached )?\"?(?P<original>[\w.-]+\.xlsx)\"? is (?:correctly )?(?:converted|exported) (?:to"
            rf"|as|into) {FILE}"
        ),
        _is_the_sheet,
    ),
)
