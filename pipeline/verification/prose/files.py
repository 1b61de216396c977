"""Which file of an app a sentence means, what stands in it, and when it can be said that there is none."""

import csv
import json
import re
from collections.abc import Collection, Sequence
from io import StringIO
from pathlib import PurePosixPath
from typing import Any

from pipeline.domain.documents import is_mit_licence
from pipeline.domain.files import WORKFLOW_FILE, AppFiles
from pipeline.domain.verdict import Outcome
from pipeline.verification.files.pages import Page
from pipeline.verification.files.workflows import made_in_ci
from pipeline.verification.inspection import Inspection, Ruling, failed, needs_server, passed, undecided
from pipeline.verification.prose.recognisers import Said, Settled
from pipeline.verification.prose.sentences import limits, listed_files, usual_name

# Names with other endings are as often those of libraries, hosts, or of a value within a file.
_ARE_FILES = re.compile(
    r"\.(html?|css|json|geojson|[ct]sv|txt|md|svg|png|jpe?g|gif|webp|ico|xml|ya?ml|py|ipynb|pdf|xlsx|toml|lock"
    r"|webmanifest|sh)"
)
PATH = r"\"?[\w$-]+(?:\.[\w$-]+|\[\d+\])*\"?"
"""A key of a JSON file, or keys joined by full stops."""


def located(name: str, inspection: Inspection, *, is_named_as_file: bool = False) -> str:
    """The path of the file that ``name`` means. Raises Settled when there is none: failed when that is certain."""
    files, bare = inspection.files, usual_name(name)
    if bare in files:
        return bare
    others = [path for path in files if PurePosixPath(path).name == PurePosixPath(bare).name]
    if workflow := next((path for path in others if WORKFLOW_FILE.fullmatch(path) and "/" not in bare), None):
        return workflow
    if bare in made_in_ci(files):
        raise Settled(undecided(f"{bare} is made in CI, by a workflow of the app"))
    if others:
        raise Settled(undecided(f"there is no {bare} in the root, but {others[0]}"))
    is_file = is_named_as_file or bare in listed_files(inspection.brief.text) or bare in {"LICENSE", "Dockerfile"}
    if is_file or "/" in bare or _ARE_FILES.fullmatch(PurePosixPath(bare).suffix.lower()):
        raise Settled(failed(f"there is no {bare}"))
    raise Settled(undecided(f"whether {bare} is meant as a file is not certain; there is none of this name"))


def still_page(inspection: Inspection) -> Page | None:
    """The first page when nothing changes it once it is open: what is read in it need not be asked.

    Raises Settled when there will be no page.
    """
    if needs_server(inspection.files):
        return None
    if "index.html" not in inspection.files:
        raise Settled(failed("there is no index.html"))
    return inspection.entry if inspection.entry and not inspection.entry.is_alive else None


def text_of(said: Said) -> tuple[str, str]:
    """Path and text of the file that is said. Raises Settled when there is none, or it is no text."""
    path = located(said["file"], said.inspection)
    text = said.inspection.files.text(path)
    if text is None:
        raise Settled(failed(f"{path} is not UTF-8 text"))
    return path, text


def rows_of(text: str, *, delimiter: str = ",", strict: bool = False) -> list[list[str]]:
    """The rows of CSV that are not empty. Raises csv.Error."""
    source = StringIO(text.removeprefix("\ufeff"), newline="")
    return [row for row in csv.reader(source, delimiter=delimiter, strict=strict) if row]


def json_of(said: Said) -> tuple[str, Any]:
    """Path and document of the JSON file that is said."""
    path, text = text_of(said)
    try:
        return path, json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Settled(failed(f"{path} is not JSON: {error}")) from None


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


def shown_value(said: Said) -> str:
    """What stands at the path that is said in a JSON file, as it would be shown. Raises Settled when nothing does."""
    (name, document), path = json_of(said), said["path"].strip('"')
    value, first = value_at(document, path), path.split(".", maxsplit=1)[0].lower()
    if value is Nothing and isinstance(document, dict) and first not in str(document).lower():
        raise Settled(failed(f"{name} has no {path}"))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Settled(undecided(f"there is no value {path} in {name} that could be shown"))
    return str(value)


def licence_problem(files: AppFiles) -> str | None:
    """Why the app is not under the MIT licence; None when it is."""
    text = files.text("LICENSE")
    if text is None:
        return "there is no LICENSE in the root that could be read"
    return None if is_mit_licence(text) else "LICENSE is not the text of the MIT licence"


def all_of(rulings: Sequence[Ruling]) -> Ruling:
    """One for all: the first that failed, or that is undecided; else passed with what was seen for each."""
    for outcome in (Outcome.FAIL, Outcome.NOT_VERIFIABLE):
        if told := next((ruling for ruling in rulings if ruling.outcome is outcome), None):
            return told
    return passed("; ".join(ruling.evidence for ruling in rulings))


def counted(said: Said, what: str, counts: Collection[int]) -> Ruling:
    """Whether so many were found as are asked for; ``counts`` may tell it in each way that a grader might count."""
    low, high = limits(said)
    seen = f"{what} {' or '.join(map(str, sorted(counts)))} {said['unit'] or 'items'}"
    fitting = [low <= count <= high for count in counts]
    if any(fitting) and not all(fitting):
        return undecided(f"{seen}, depending on what counts as one")
    return passed(seen) if all(fitting) else failed(seen)
