"""A file of the app is an attachment as it came, or the CSV of an attached workbook."""

import re
from itertools import zip_longest

from pipeline.domain.brief import Attachment
from pipeline.verification.files.workbooks import sheet_rows
from pipeline.verification.inspection import Ruling, failed, passed, undecided
from pipeline.verification.problems import shown
from pipeline.verification.prose.files import located, rows_of, text_of
from pipeline.verification.prose.recognisers import Said, recognises
from pipeline.verification.prose.sentences import FILE, NAME, usual_name

_COPY = "identical to|same as|equal to|copy of|unchanged from|copied from|taken from"
_SAME = (
    rf"(matches|equals|is (exactly |byte-?for-?byte |bytewise )?({_COPY})|is exact copy of|has same (content|data|text"
    r"|bytes) as|is byte-?for-?byte copy of|has exact content of)"
)
_ORIGINAL = (
    rf"(attached |attachment |original |uploaded |provided )*((file )?(?P<original>{NAME})|attachment|file|version"
    r"|original|one)( attachment| file)?( as-is| exactly| byte[- ]for[- ]byte)?"
)
_AS_IS = r"is (committed|published|uploaded|attachment) (unchanged|as-is|as is)"
_BOOK = r"(attached )?\"?(?P<original>[\w.-]+\.xlsx)\"?"
_DATA = "data|rows|content|values"


@recognises(
    rf"{FILE} is (exactly )?(attached|attachment)( (?P<original>{NAME}))?",
    rf"(content of )?{FILE} {_SAME} (content of )?{_ORIGINAL}",
    rf"{FILE} ({_AS_IS}|is unchanged|has not been changed)",
)
def _is_the_attachment(said: Said) -> Ruling:
    name = usual_name(said["file"])
    attachment = _attachment(usual_name(said["original"]) if said["original"] else name, said)
    if attachment is None:
        return undecided(f"no attachment of this request is called {name}")
    path = located(name, said.inspection, is_named_as_file=True)
    if attachment.name.endswith(".xlsx") and name.endswith(".csv"):
        return _is_the_sheet(said)
    content, original = said.inspection.files[path], attachment.content
    sizes = f"{name} has {len(content)} bytes, the attachment has {len(original)}"
    if content == original:
        return passed(f"{name} is the attachment, byte for byte ({len(content)} bytes)")
    if content.split() == original.split() and content.strip() != original.strip():
        return undecided(f"{sizes}; they differ in white space alone")
    first = next((i for i, (a, b) in enumerate(zip(content, original, strict=False)) if a != b), None)
    return failed(f"{sizes}; they differ {'in length' if first is None else f'from byte {first + 1} on'}")


@recognises(
    rf"{FILE} (has|is) ({_DATA}|first sheet|CSV export|export) (of|from) {_BOOK}",
    (
        rf"{FILE} (is (correctly )?(converted|made|exported|derived|generated) from|{_SAME}"
        rf"|(matches|equals|has same) ({_DATA})( as| in| of)|is CSV (version )?(of|from)) {_BOOK}( as CSV)?"
    ),
    rf"{_BOOK} is (correctly )?(converted|exported) (to|as|into) {FILE}",
)
def _is_the_sheet(said: Said) -> Ruling:
    """Cell by cell; numbers by their value, so that a format of their own is no difference."""
    book_name = usual_name(said["original"])
    attached = _attachment(book_name, said)
    content = attached.content if attached else said.inspection.files.get(book_name)
    name, text = text_of(said)
    sheets = sheet_rows(content) if content else None
    if not sheets:
        return undecided(f"{book_name} could not be read as a workbook")
    rows = [row for row in rows_of(text) if any(row)]
    differ = undecided if len(sheets) > 1 else failed  # another sheet may be meant than the first
    for index, (left, right) in enumerate(zip(rows, sheets[0], strict=False), start=1):
        if any(_value(a) != _value(b) for a, b in zip_longest(left, right, fillvalue="")):
            return differ(f"row {index} of {name} is {shown(','.join(left))}, of {book_name} {shown(','.join(right))}")
    if len(rows) != len(sheets[0]):
        return differ(f"{name} has {len(rows)} rows, {book_name} has {len(sheets[0])}")
    return passed(f"{name} has the {len(rows)} rows of {book_name}, cell by cell")


def _attachment(name: str, said: Said) -> Attachment | None:
    return next((each for each in said.inspection.brief.attachments if each.name == name), None)


def _value(cell: str) -> object:
    bare = re.sub(r"[ T]00:00:00$", "", cell.strip())
    try:
        return bare if bare.lower() == "nan" else float(bare)
    except ValueError:
        return {"true": True, "false": False, "none": ""}.get(bare.lower(), bare)
