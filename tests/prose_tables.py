"""Tables of sentences: ``tests/data/prose`` has one for each kind, with an app on which they hold and one on which not.

``holds`` pass on the right app and fail on the wrong one; of ``other`` nothing is said on either. The value of a file
may be ``@repeat COUNT TEXT``, ``@mit`` or ``@token``. Attachments are as in the right app, a workbook is made here.
"""

import io
import tomllib
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook

from pipeline.assembly.licence import mit_licence
from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles
from tests.builders import make_brief, make_files

FOLDER = Path(__file__).parent / "data" / "prose"


@dataclass(frozen=True)
class Table:
    name: str
    brief: Brief
    right: AppFiles
    wrong: AppFiles
    holds: tuple[str, ...]
    other: tuple[str, ...]
    address: str = "https://octo.github.io/app/"


def read_table(path: Path) -> Table:
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    right, wrong = ({name: content_of(text) for name, text in told[which].items()} for which in ("right", "wrong"))
    attachments = tuple(
        Attachment(name, "", _workbook(right["data.csv"]) if name.endswith(".xlsx") else make_files(right)[name])
        for name in told.get("attachments", ())
    )
    holds, other = tuple(told["holds"]), tuple(told["other"])
    checks = tuple(Check.from_text(text) for text in (*holds, *other))
    brief = make_brief(text=told.get("brief", "Make a page."), checks=checks, attachments=attachments)
    return Table(path.stem, brief, make_files(right), make_files(wrong), holds, other)


def content_of(text: str) -> str:
    """The content that the value of a file stands for."""
    if text.startswith("@repeat "):
        _, count, word = text.split(" ", 2)
        return word * int(count)
    if text == "@mit":
        return mit_licence(2026, "The authors")
    return "hf_" + "".join(map(chr, range(ord("a"), ord("z") + 1))) + "ABCDEFGH" if text == "@token" else text


def _workbook(csv_text: str) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for line in csv_text.splitlines():
        cells = line.split(",")
        book.active.append([float(cell) if cell.replace(".", "").isdigit() else cell for cell in cells])  # type: ignore[union-attr]
    book.save(file)
    return file.getvalue()
