"""Which file of an app a sentence means, and when it can be said that there is none."""

import json
import re
from pathlib import PurePosixPath
from typing import Any

from pipeline.domain.files import WORKFLOW_FILE
from pipeline.verification.files.workflows import made_in_ci
from pipeline.verification.inspection import Inspection, Ruling, failed, undecided
from pipeline.verification.prose.sentences import listed_files, usual_name

# Names with other endings are as often those of libraries, hosts, or of a value within a file.
_ARE_FILES = frozenset(
    [
        "html",
        "htm",
        "css",
        "json",
        "geojson",
        "csv",
        "tsv",
        "txt",
        "md",
        "svg",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "webp",
        "ico",
        "xml",
        "yaml",
        "yml",
        "py",
        "ipynb",
        "pdf",
        "xlsx",
        "toml",
        "lock",
        "webmanifest",
        "sh",
    ]
)
PATH = r"\"?[\w$-]+(?:\.[\w$-]+|\[\d+\])*\"?"
"""A key of a JSON file, or keys joined by full stops."""


def located(name: str, inspection: Inspection, *, is_named_as_file: bool = False) -> str | Ruling:
    """The path of the file that ``name`` means, or why there is none: failed when it is certain that it is lacking."""
    files, bare = inspection.files, usual_name(name)
    if bare in files:
        return bare
    others = [path for path in files if PurePosixPath(path).name == PurePosixPath(bare).name]
    if workflow := next((path for path in others if WORKFLOW_FILE.fullmatch(path) and "/" not in bare), None):
        return workflow
    if bare in made_in_ci(files):
        return undecided(f"{bare} is made in CI, by a workflow of the app")
    if others:
        return undecided(f"there is no {bare} in the root, but {others[0]}")
    is_file = is_named_as_file or bare in listed_files(inspection.brief.text) or bare in {"LICENSE", "Dockerfile"}
    if is_file or "/" in bare or PurePosixPath(bare).suffix[1:].lower() in _ARE_FILES:
        return failed(f"there is no {bare}")
    return undecided(f"whether {bare} is meant as a file is not certain; there is none of this name")


def text_of(name: str, inspection: Inspection) -> tuple[str, str] | Ruling:
    """Path and text of the file that ``name`` means; fails when it is no text."""
    path = located(name, inspection)
    if isinstance(path, Ruling):
        return path
    text = inspection.files.text(path)
    return failed(f"{path} is not UTF-8 text") if text is None else (path, text)


def json_of(name: str, inspection: Inspection) -> tuple[str, Any] | Ruling:
    """Path and document of the JSON file that ``name`` means."""
    found = text_of(name, inspection)
    if isinstance(found, Ruling):
        return found
    try:
        return found[0], json.loads(found[1])
    except (ValueError, RecursionError) as error:
        return failed(f"{found[0]} is not JSON: {error}")


class Nothing:
    """No value stands there."""


def value_at(document: Any, path: str) -> Any:
    """The value at ``path``; Nothing when there is none."""
    value: Any = document
    for key in re.findall(r"[^.\[\]\"]+", path):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return Nothing
    return value


def value_in(path: str, name: str, inspection: Inspection) -> str | Ruling:
    """What stands at ``path`` in a JSON file of the app, as it would be shown, or why there is nothing to compare."""
    found = json_of(name, inspection)
    if isinstance(found, Ruling):
        return found
    value = value_at(found[1], path)
    if (
        value is Nothing
        and isinstance(found[1], dict)
        and path.split(".", maxsplit=1)[0].lower() not in str(found[1]).lower()
    ):
        return failed(f"{found[0]} has no {path}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return undecided(f"there is no value {path} in {found[0]} that could be shown")
    return str(value)
