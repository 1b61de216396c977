"""A file parses as what it is."""

import csv
from io import StringIO
from pathlib import PurePosixPath

from pipeline.verification.files.syntax import (
    json_problem,
    python_problem,
    svg_problem,
    xml_problem,
    yaml_problem,
)  # fmt: skip
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.problems import Problem
from pipeline.verification.prose.files import text_of
from pipeline.verification.prose.sentences import FILE
from pipeline.verification.said import Said


def csv_problem(text: str) -> Problem | None:
    """Rows of one width, at least one; quotes that are closed."""
    try:
        rows = [row for row in csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if row]
    except csv.Error as error:
        return Problem(f"is not CSV: {error}")
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        return Problem(f"has rows of {', '.join(map(str, sorted(widths)))} fields")
    return None if rows else Problem("is empty")


_PARSERS = {
    "svg": svg_problem, "json": json_problem, "yaml": yaml_problem, "yml": yaml_problem, "xml": xml_problem,
    "csv": csv_problem, "py": python_problem, "python": python_problem,
}  # fmt: skip


def _is_valid(said: Said, inspection: Inspection) -> Ruling | None:
    found = text_of(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    name, text = found
    parser = _PARSERS.get((said["format"] or PurePosixPath(name).suffix.removeprefix(".")).lower())
    if parser is None:
        return None
    problem = parser(text)
    if problem is None:
        return passed(f"{name} was parsed without an error")
    line = f"line {problem.line}: " if problem.line else ""
    return failed(f"{name}: {line}{problem.message}") if problem.is_certain else undecided(f"{name} {problem.message}")


_KINDS = r"(?P<format>svg|json|yaml|xml|csv|python)"
_REST = r"(?: (?:file|image|document|data|syntax|code|content|graphic|markup))*"
RULES: Rules = (
    (rf"{FILE} is (?:syntactically )?(?:valid|well-formed|pars[e]?able)(?: {_KINDS})?{_REST}", _is_valid),
    (rf"{FILE} has (?:syntactically )?(?:valid|well-formed) {_KINDS}{_REST}", _is_valid),
    (rf"{FILE} (?:parses|loads|is parsed|is read) as (?:valid )?{_KINDS}{_REST}", _is_valid),
    (rf"{FILE} (?:can be parsed|parses)(?P<format>)(?: without errors?)?", _is_valid),
    (rf"(?P<format>svg|json|yaml|xml|csv)(?: file)? {FILE} (?:is (?:valid|well-formed)|parses)", _is_valid),
    (rf"(?:repo|app) has valid {_KINDS}? ?{FILE}", _is_valid),
)
