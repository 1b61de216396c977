"""What models put around the text of a whole file, or make of it: fences, elements, CDATA, entities, edit markers."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape

from pipeline.generation.reply.fences import find_fences, path_in
from pipeline.generation.reply.operations import EditBlock, FileWrite, Operation

MARKUP = (".html", ".htm", ".xhtml", ".svg", ".xml", ".vue", ".svelte")
MARKDOWN = (".md", ".markdown", ".mdx")
_PAGE = re.compile(r"\s*(?:<!doctype|<html|<\?xml)", re.IGNORECASE)
_FENCED = re.compile(r"\s*(`{3,}|~{3,})([^\n`]*)\n(.*^)[ \t]*\1\s*\Z", re.DOTALL | re.MULTILINE)
_CDATA = re.compile(r"\s*<!\[CDATA\[[ \t]*\n?(.*)\]\]>\s*\Z", re.DOTALL)
_ELEMENT = re.compile(r"\s*<([A-Za-z][\w.-]*)>[ \t]*\n?(.*)</\1>\s*\Z", re.DOTALL)
_BLOCK = re.compile(
    r"^[<-]{5,9} ?SEARCH>?[ \t]*\r?\n(.*?)^[>+]{5,9} ?REPLACE[ \t]*\r?(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_OPENING = re.compile(r"<{5,9}(?: |SEARCH)|-{5,9} ?SEARCH")
_DIVIDER = re.compile(r"={5,9}\s*")
_CLOSING = re.compile(r">{5,9}(?: |REPLACE)|\+{5,9} ?REPLACE")
_DIFF = re.compile(r"\s*(?:diff --git |--- |\*\*\* Begin Patch|@@ )")
_HUNK = re.compile(r"^@@", re.MULTILINE)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#\d+|#x[\da-f]+|[a-z]+\d*);", re.IGNORECASE)
_ESCAPED_MARKUP = re.compile(r"\s*&lt;[!?a-z]", re.IGNORECASE)
_ESCAPED_CODE = re.compile(r"=&gt;|&amp;&amp;|&lt;/")


def unwrapped(path: str, text: str) -> str:
    """``text`` without a code fence, CDATA section or foreign element that holds the whole file.

    Markdown may begin and end with a fence or an element of its own.
    """
    is_markdown = path.lower().endswith(MARKDOWN)
    if (fenced := _FENCED.match(text)) and (not is_markdown or _is_document(fenced, text)):
        return fenced[3]
    if cdata := _CDATA.match(text):
        return cdata[1]
    if string := _of_string(path, text.strip()):
        return string
    element = None if is_markdown else _ELEMENT.match(text)
    if element and (_PAGE.match(element[2]) or not path.lower().endswith(MARKUP)) and element[1].lower() != "html":
        return element[2]
    return text


def _of_string(path: str, line: str) -> str | None:
    """The text of a file that came as one line, a string of JSON with or without its quotes."""
    is_quoted = line.startswith('"')
    if "\n" in line or "\\n" not in line or not (is_quoted or path.lower().endswith(MARKUP)):
        return None
    try:
        text = json.loads(line if is_quoted else f'"{line}"')
    except ValueError:
        return None
    return text if isinstance(text, str) else None


def _is_document(fenced: re.Match[str], text: str) -> bool:
    """Whether the fence says that it holds Markdown, or holds a heading and ends with the file."""
    language = fenced[2].strip().lower()
    is_alone = len(find_fences(text.strip())) == 1
    return language in {"md", "markdown"} or (not language and is_alone and fenced[3].lstrip().startswith("# "))


def blocks_in(path: str, text: str) -> tuple[EditBlock, ...]:
    """The SEARCH/REPLACE blocks of which ``text`` consists, apart from a line that names the file; else none."""
    rest = _BLOCK.sub("", text).strip()
    if rest and path_in(rest) != path:
        return ()
    return tuple(EditBlock(found[1]) for found in _BLOCK.finditer(text))


def holds_markers(text: str) -> bool:
    """Whether ``text`` is a diff, or lines of it are the markers of an edit or a merge conflict."""
    if _DIFF.match(text) and _HUNK.search(text):
        return True
    opened = divided = False
    for line in text.split("\n"):
        if _OPENING.match(line):
            opened, divided = True, False
        elif opened and _DIVIDER.fullmatch(line):
            divided = True
        elif divided and _CLOSING.match(line):
            return True
    return False


def are_escaped(operations: Sequence[Operation]) -> bool:
    """Whether a file among ``operations`` is escaped from its first to its last character."""
    for operation in operations:
        if isinstance(operation, FileWrite) and not operation.path.lower().endswith(MARKDOWN):
            is_markup = operation.path.lower().endswith(MARKUP)
            signs = _ESCAPED_MARKUP.match(operation.text) if is_markup else _ESCAPED_CODE.search(operation.text)
            if signs and is_escaped(operation.text):
                return True
    return False


def unescaped(operation: Operation) -> Operation:
    """``operation`` as it was before somebody escaped it, where nothing speaks against that."""
    if isinstance(operation, FileWrite) and is_escaped(operation.text):
        return replace(operation, text=unescape(operation.text))
    return operation


def is_escaped(text: str) -> bool:
    """Whether all signs of markup in ``text`` are entities, and at least one is there."""
    return "&" in text and not {"<", ">"} & set(text) and text.count("&") == len(_ENTITY.findall(text))
