"""Pages of an app: their title, and ``window.PARAMS``, a caller's JSON values for those of a static Space.

``params.json`` holds the values, ``params.js`` makes them ``window.PARAMS``, and a script element that loads it is put
first in the head of the page that the Space opens with, so that every script after it finds them.
"""

import json
import re
from pathlib import PurePosixPath

from selectolax.lexbor import LexborHTMLParser

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles

JSON_FILE = "params.json"
SCRIPT_FILE = "params.js"

_LONGEST_READ = 1024 * 1024
_ATTRIBUTES = rb"(?:[\s/](?:[^>\"']|\"[^\"]*\"|'[^']*')*+)?"
_BEFORE_HEAD_CONTENT = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|<!--(?:(?!-->).)*+-->|<\?[^>]*>|<!doctype[^>]*>|<html" + _ATTRIBUTES + rb">)*+"
    rb"(?:<head" + _ATTRIBUTES + rb">)?",
    re.IGNORECASE | re.DOTALL,
)
_LOADED = re.compile(rb"<script[^>]*\bsrc\s*=\s*[\"']?(?:\./|(?:\.\./)+)?params\.js\b", re.IGNORECASE)


def page_title(files: AppFiles) -> str:
    """What the title of index.html says, on one line; empty without one, and when the page is too long to be read."""
    page = files.text("index.html") or ""
    element = LexborHTMLParser(page).css_first("title") if len(page) <= _LONGEST_READ else None
    return " ".join(element.text().split()) if element else ""


def with_page_parameters(files: AppFiles, entry: str | None, parameters_json: str) -> AppFiles:
    """Add both files, and the script element to the page ``entry``.

    Args:
        files: the app.
        entry: the page that the Space opens with; None = only the files.
        parameters_json: JSON text in ASCII.

    Raises:
        InvalidInput: the app has files of these names, or a page that is not UTF-8.
    """
    taken = {path.casefold() for path in files} & {JSON_FILE, SCRIPT_FILE}
    if taken:
        names = f"{JSON_FILE} and {SCRIPT_FILE}"
        raise InvalidInput(FieldProblem("files", f"the names {names} are needed for the parameters: choose others"))
    # A text that JSON.parse reads: in an object literal, a key __proto__ would mean something else.
    literal = json.dumps(parameters_json).replace("<", "\\u003c")
    script = f"window.PARAMS = JSON.parse({literal});\n"
    added = {JSON_FILE: f"{parameters_json}\n".encode(), SCRIPT_FILE: script.encode()}
    if entry is not None and entry in files:
        added[entry] = _with_script(files, entry)
    return files.with_files(added)


def _with_script(files: AppFiles, entry: str) -> bytes:
    page = files[entry]
    if files.text(entry) is None:
        raise InvalidInput(FieldProblem("files", f"{entry}: is not UTF-8 text"))
    if _LOADED.search(page):
        return page
    depth = len(PurePosixPath(entry).parts) - 1
    element = f'<script src="{"../" * depth}{SCRIPT_FILE}"></script>'.encode()
    start = _BEFORE_HEAD_CONTENT.match(page)
    position = start.end() if start else 0
    return page[:position] + element + page[position:]
