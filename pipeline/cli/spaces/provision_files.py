"""Lists of Spaces as files: YAML with the fields of POST /spaces/provision, or CSV with a Space on each line."""

import csv
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from pipeline.cli.sources import read_source
from pipeline.cli.spaces.folder import kind_of, read_folder
from pipeline.cli.spaces.inputs import LONGEST_FILE
from pipeline.domain.errors import FieldProblem, InvalidFile, InvalidInput
from pipeline.domain.space import AppTemplate

FILE = "FILE"
SETTING_COLUMNS = {"secret": "secrets", "variable": "variables"}
_WORDS = {**dict.fromkeys(("true", "yes", "1"), True), **dict.fromkeys(("false", "no", "0"), False)}
PLAIN_COLUMNS: dict[str, tuple[Callable[[str], object], str]] = {
    "name": (str, ""),
    "hardware": (str, ""),
    "sleep_time": (int, "must be a whole number"),
    "private": (lambda word: _WORDS[word.lower()], "must be true or false"),
}
"""By heading: what its cells mean, and the rule for them."""

_FIRST_LINE = 2  # below the headings


def read_list(source: str) -> dict[str, Any]:
    """A .yaml, .yml, .json or .csv file as a document with the fields of the request.

    Raises:
        InvalidInput: it cannot be read, or is not of its kind; names lines and columns, and never what stands there.
    """
    readers = {**dict.fromkeys((".yaml", ".yml", ".json"), _from_yaml), ".csv": _from_csv}  # JSON is YAML
    content, kind = read_source(FILE, Path(source), LONGEST_FILE), Path(source).suffix.lower()
    if kind not in readers:
        raise InvalidFile(source, FieldProblem(FILE, "must be a .yaml or .csv file"))
    try:
        return readers[kind](content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidFile(source, FieldProblem(FILE, "is not UTF-8")) from None
    except InvalidInput as error:
        raise InvalidFile(source, *error.problems) from error


def read_template(value: str) -> str | AppTemplate:
    """A folder of this machine as an app, anything else as the id of a Space. Raises InvalidInput."""
    if not Path(value).is_dir():
        return value
    files = read_folder(Path(value)).files
    return AppTemplate(files, kind_of(files))


def with_secrets(document: dict[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The same, with ``secrets`` for every Space that does not set them itself."""

    def completed(space: Any) -> Any:
        own = space.get("secrets") or {} if isinstance(space, dict) else None
        return {**space, "secrets": {**secrets, **own}} if isinstance(own, dict) else space

    spaces = document.get("spaces")
    is_list = secrets and isinstance(spaces, list)
    return {**document, "spaces": [completed(space) for space in spaces or ()]} if is_list else document


def _from_yaml(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidInput(FieldProblem(FILE, f"is not valid YAML{where}")) from None
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise InvalidInput(FieldProblem(FILE, "must be a mapping with template and spaces"))
    return document


def _from_csv(text: str) -> dict[str, Any]:
    try:
        headings, *rows = list(csv.reader(StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error:
        raise InvalidInput(FieldProblem(FILE, "is not valid CSV: a quote is not closed, perhaps")) from None
    columns = [heading.strip() for heading in headings]
    problems = _heading_problems(columns)
    spaces: list[dict[str, Any]] = []
    for line, row in enumerate(rows, _FIRST_LINE):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(columns):
            problems.append(FieldProblem(FILE, f"line {line} has more cells than there are headings"))
        space, wrong = _space(dict(zip(columns, row, strict=False)))
        problems += [FieldProblem(FILE, f"line {line}, {problem}") for problem in wrong]
        spaces.append(space)
    if problems:
        raise InvalidInput(*problems)
    return {"spaces": spaces}


def _heading_problems(columns: list[str]) -> list[FieldProblem]:
    known = "name, hardware, sleep_time, private, secret:KEY or variable:KEY"
    problems = [
        FieldProblem(FILE, f"heading {number} must be one of {known}")
        for number, column in enumerate(columns, 1)
        if column not in PLAIN_COLUMNS and column.partition(":")[0] not in SETTING_COLUMNS
    ]
    if "name" not in columns:
        problems.append(FieldProblem(FILE, "has no column name"))
    if len(set(columns)) < len(columns):
        problems.append(FieldProblem(FILE, "has two columns of one heading"))
    return problems


def _space(cells: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The request's fields for one Space, and what is wrong with its cells. An empty cell sets nothing."""
    space: dict[str, Any] = {"secrets": {}, "variables": {}}
    problems = []
    for column, cell in cells.items():
        kind, _, key = column.partition(":")
        if kind in SETTING_COLUMNS and cell.strip():
            space[SETTING_COLUMNS[kind]][key] = cell
        elif column in PLAIN_COLUMNS and cell.strip():
            read, rule = PLAIN_COLUMNS[column]
            try:
                space[column] = read(cell.strip())
            except (ValueError, KeyError):
                problems.append(f"column {column}: {rule}")
    return space, problems
