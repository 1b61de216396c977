"""``PARAMS``: a caller's JSON values as a global variable of the app's Python entry file.

The values stand in the file as their JSON text in one string literal of ASCII characters, and ``json.loads`` reads them
there: true, null, big numbers and every character come out as JSON means them, on every Python, and no value is code.
"""

import ast
import io
import json
import math
import re
import tokenize
from collections.abc import Mapping

from pipeline.assembly.space.python import NotPython, assigns_name, read_python, reads_name
from pipeline.domain.errors import FieldProblem, InvalidInput

NAME = "PARAMS"
DEEPEST = 40
MAX_BYTES = 256 * 1024

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # Python's lines: form feeds and U+2028 end none


def parameters_json(parameters: Mapping[str, object]) -> str:
    """``parameters`` as JSON text in ASCII.

    Raises:
        InvalidInput: NaN or Infinity, deeper than DEEPEST, longer than MAX_BYTES, or no JSON values.
    """
    values = dict(parameters)
    if problem := _problem(values, 0):
        raise InvalidInput(FieldProblem("parameters", problem))
    try:
        text = json.dumps(values)
    except ValueError:
        raise InvalidInput(FieldProblem("parameters", "hold a number with too many digits")) from None
    if len(text) > MAX_BYTES:
        raise InvalidInput(FieldProblem("parameters", f"are longer than {MAX_BYTES} bytes as JSON"))
    return text


def _problem(value: object, depth: int) -> str | None:
    if depth > DEEPEST:
        return f"are nested deeper than {DEEPEST} levels"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return "have a key that is not a string"
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, (_problem(item, depth + 1) for item in value)), None)
    if isinstance(value, float) and not math.isfinite(value):
        return "hold a number that JSON does not have: NaN or Infinity"
    return None if value is None or isinstance(value, str | int | float) else "hold a value that JSON does not have"


def wants_parameters(tree: ast.Module) -> bool:
    """Whether the file reads ``PARAMS`` without giving it a value."""
    return reads_name(tree, NAME) and not assigns_name(tree, NAME)


def with_parameters(source: bytes, parameters: Mapping[str, object]) -> bytes:
    """Add ``PARAMS`` to a Python file, behind its docstring and its ``__future__`` imports.

    Encoding, byte order mark and line ends stay as they are.

    Raises:
        InvalidInput: as ``parameters_json``.
        NotPython: the file is not valid.
    """
    statements = ["import json as _json", f"{NAME} = _json.loads({parameters_json(parameters)!r})"]
    tree = read_python(source)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    try:
        text = source.decode(encoding)
        changed = _insert(text, tree, statements).encode(encoding)
        is_faithful = text.encode(encoding) == source
    except (UnicodeError, LookupError):
        is_faithful = False
    if not is_faithful:
        raise NotPython("is not text in the encoding that it names")
    read_python(changed)
    return changed


def _insert(text: str, tree: ast.Module, statements: list[str]) -> str:
    lines = _LINE.findall(text)
    newline = next((found[0] for line in lines if (found := re.search(r"\r\n|\r|\n", line))), "\n")
    block = newline.join(statements) + newline
    header = _header(tree)
    if header:
        end_line, end_column = header[-1].end_lineno or 1, header[-1].end_col_offset or 0
        # Columns count bytes of UTF-8, whatever the file is written in.
        last = lines[end_line - 1].encode()
        before, after = last[:end_column].decode(), last[end_column:].decode()
        if not _is_comment(after):  # more statements on the line
            lines[end_line - 1] = "; ".join([before, *statements]) + after
            return "".join(lines)
        return _between(lines[:end_line], newline + block, lines[end_line:], newline)
    # The tree does not say where a decorator's @ stands; before the first statement there are only comments.
    start = next((number for number, line in enumerate(lines) if not _is_comment(line)), len(lines))
    return _between(lines[:start], block + newline if tree.body else block, lines[start:], newline)


def _is_comment(text: str) -> bool:
    return text.lstrip()[:1] in {"", "#"}


def _between(before: list[str], block: str, after: list[str], newline: str) -> str:
    if before and not before[-1].endswith(("\r", "\n")):
        before = [*before, newline]
    return "".join([*before, block, *after])


def _header(tree: ast.Module) -> list[ast.stmt]:
    """Docstring and ``__future__`` imports, which must stay where they are."""
    header: list[ast.stmt] = []
    for statement in tree.body:
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) if not header:
                header.append(statement)
            case ast.ImportFrom(module="__future__", level=0):
                header.append(statement)
            case _:
                break
    return header
