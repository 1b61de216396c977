"""Files are there, or are not; they parse as what they are, hold words, and are so long."""

import csv
import re
from pathlib import PurePosixPath

from pipeline.domain.verdict import Outcome
from pipeline.verification.files.syntax import json_problem, python_problem, svg_problem, xml_problem, yaml_problem
from pipeline.verification.files.workflows import made_in_ci
from pipeline.verification.inspection import Judgement, Ruling, failed, passed, undecided
from pipeline.verification.problems import Problem
from pipeline.verification.prose.files import counted, located, rows_of, text_of
from pipeline.verification.prose.recognisers import Said, Settled, Unclear, recognises
from pipeline.verification.prose.sentences import FILE, NAMES, RANGE, file_of, items, listed_files, names_in, usual_name

# Words in a file

_TAG = (
    r"(?P<tag>circle|ellipse|path|rect|line|polyline|polygon|text|g|defs|linearGradient|radialGradient|animate"
    r"|animateTransform|image|use)"
)
_DRAWING = file_of("svg|xml")
_BARE = r"(?P<bare>(words?|text|strings?|phrases?|names?|literal|keyword|term) )"
_OCCURS = r"(appears|occurs|is found|is present|is) in"


@recognises(rf"{_DRAWING} has (some |{RANGE} )?\"?<?{_TAG}s?>?\"?( elements?| tags?| shapes?)?")
def _has_tags(said: Said) -> Ruling:
    name, text = text_of(said)
    count = len(re.findall(rf"<{said['tag']}(?=[\s/>])", re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)))
    if said["low"] and count:
        return counted(said, f"{name}, <{said['tag']}>:", {count})
    return passed(f"{name} has {count} of <{said['tag']}>") if count else failed(f"{name} has no <{said['tag']}>")


@recognises(
    rf"{FILE} (source )?(has|(?P<mentions>mentions)|uses) (exact )?{_BARE}?(?P<words>.+)",
    rf"{_BARE}?(?P<words>.+?) {_OCCURS} {FILE}",
)
def _holds(said: Said) -> Ruling:
    name, text = text_of(said)
    wanted, plain = items(said["words"]), " ".join(text.split())
    if not ('"' in said["words"] or said["bare"] or (said["mentions"] and said["words"][0].isupper())):
        raise Unclear
    missing = [word for word in wanted if word not in text and " ".join(word.split()) not in plain]
    if not missing:
        return passed(f"{name} holds {', '.join(wanted)}")
    if alike := [word for word in missing if word.lower() in plain.lower()]:
        return undecided(f"{name} holds {', '.join(alike)} in other upper and lower case")
    are_code = all(re.search(r"[(<=/{]", word) for word in missing)
    if name in said.inspection.pages and "source" not in said.text and not are_code:
        return undecided(f"{', '.join(missing)}: not in the source of {name}; what visitors see needs a browser")
    return failed(f"{name} does not hold {', '.join(missing)}")


@recognises(rf"{FILE} (does not (has|mention|use) {_BARE}?(?P<words>.*\".+)|(has no|is free of) (?P<words>\"[^\"]+\"))")
def _does_not_hold(said: Said) -> Ruling:
    (name, text), unwanted = text_of(said), items(said["words"])
    there = [word for word in unwanted if word.lower() in text.lower()]
    if not there:
        return passed(f"{name} does not hold {', '.join(unwanted)}")
    seen = f"{name} holds {', '.join(there)}"
    return failed(seen) if all(word in text for word in there) else undecided(f"{seen} in other case")


# Files that are there

_THERE = (
    r"((is )?exists?"
    r"|is (present|committed|included|there|available|in place|added|published|created|provided|uploaded))"
)
_CALLED = r"(files? |workflow )?(named |called |at |both )*"
_ALL = r"(each|every|all)( of)?( (required|requested|named|listed|necessary|mentioned|above|these|nine|following))*"
_FOLDER = r"(?P<folder>[\w.-]+)( folder| directory)"
_CI = "(CI|github actions|workflow|CI workflow)"


@recognises(
    rf"{_CALLED}{NAMES}( files?| workflow)? (all |both )?{_THERE}( (in|at|under) (root|top level))?",
    rf"(repo|app|site) (has|with) (both )?{_CALLED}{NAMES}( files?| workflow)?",
    rf"there is {_CALLED}{NAMES}( file| workflow)?",
    rf"{_ALL} (files?|assets?) {_THERE}",
    rf"(repo|app|site) has {_ALL} (files?|assets?)",
)
def _exist(said: Said) -> Ruling:
    names = names_in(said["files"]) or listed_files(said.inspection.brief.text)
    if not names:
        return undecided("the brief has no list of files to go by")
    is_named_as_file = bool(said["files"]) and "file" in said.text.split('"')[0]
    lacking: dict[str, Ruling] = {}
    for name in names:
        try:
            located(name, said.inspection, is_named_as_file=is_named_as_file)
        except Settled as settled:
            lacking[name] = settled.ruling
    if certain := [name for name, ruling in lacking.items() if ruling.outcome is Outcome.FAIL]:
        return failed(f"not in the app: {', '.join(certain)}")
    return next(iter(lacking.values()), passed(f"in the app: {', '.join(names)}"))


@recognises(
    rf"{FILE} is not( in repo| (present|committed|included|there|checked in|in|tracked)( (to|by) (git|repo))?)?",
    rf"{FILE} does not exist",
    rf"(there is no|(repo|app|site) does not has) (file )?(named |called )?{FILE}",
)
def _is_absent(said: Said) -> Ruling:
    name = usual_name(said["file"])
    return failed(f"{name} is in the app") if name in said.inspection.files else passed(f"there is no {name}")


@recognises(
    rf"{FILE} is (not committed (but|and) (is )?)?(generated|created|made|built|produced) (in|by|during) {_CI}",
    rf"{_CI} (generates|creates|makes|builds|produces) {FILE}",
)
def _is_made_in_ci(said: Said) -> Ruling:
    name, files = usual_name(said["file"]), said.inspection.files
    if name in files:
        return failed(f"{name} is in the app: no workflow makes it")
    if name in made_in_ci(files):
        return passed(f"a workflow of the app makes {name}, and it is not committed")
    return undecided(f"no command that plainly writes {name} was found in a workflow of the app")


@recognises(rf"(repo has |there is ){_FOLDER}", rf"{_FOLDER} exists")
def _folder_is_there(said: Said) -> Ruling:
    folder = said["folder"]
    found = next((path for path in said.inspection.files if path.startswith(f"{folder}/")), None)
    return passed(f"{found} is in it") if found else failed(f"there is nothing in a folder {folder}")


# Files that parse


def csv_problem(text: str) -> Problem | None:
    """Rows of one width, at least one; quotes that are closed."""
    try:
        widths = {len(row) for row in rows_of(text, strict=True)}
    except csv.Error as error:
        return Problem(f"is not CSV: {error}")
    if len(widths) > 1:
        return Problem(f"has rows of {', '.join(map(str, sorted(widths)))} fields")
    return None if widths else Problem("is empty")


_PARSERS = {
    "svg": svg_problem, "json": json_problem, "yaml": yaml_problem, "yml": yaml_problem, "xml": xml_problem,
    "csv": csv_problem, "py": python_problem, "python": python_problem,
}  # fmt: skip
_KINDS = r"(?P<format>svg|json|yaml|xml|csv|python)"
_REST = r"( (file|image|document|data|syntax|code|content|graphic|markup))*"
_VALID = r"(syntactically )?(valid|well-formed|pars[e]?able)"


@recognises(
    rf"{FILE} is {_VALID}( {_KINDS})?{_REST}",
    rf"{FILE} has {_VALID} {_KINDS}{_REST}",
    rf"{FILE} (parses|loads|is parsed|is read) as (valid )?{_KINDS}{_REST}",
    rf"{FILE} (can be parsed|parses)( without errors?)?",
    rf"{_KINDS}( file)? {FILE} (is (valid|well-formed)|parses)",
    rf"(repo|app) has valid {_KINDS}? ?{FILE}",
)
def _is_valid(said: Said) -> Judgement:
    name, text = text_of(said)
    parser = _PARSERS.get((said["format"] or PurePosixPath(name).suffix.removeprefix(".")).lower())
    if parser is None:
        raise Unclear
    if (problem := parser(text)) is None:
        return passed(f"{name} was parsed without an error")
    line = f"line {problem.line}: " if problem.line else ""
    return (failed if problem.is_certain else undecided)(f"{name}: {line}{problem.message}")


# How long files are

_UNIT = r"(?P<unit>words?|lines?|paragraphs?|characters?)"
_LONG = rf"{RANGE}[ -]{_UNIT}( long| in length| of text| in total| story| short story)?"
_WORDS = (r"\S+", r"\w[\w'\u2019]*", r"\w[\w'\u2019-]*")


@recognises(
    rf"{FILE} (has|is|consists of|comprises|with) (story of |text of )?{_LONG}",
    rf"(length|word count|number of (words|lines)) of {FILE} is {RANGE}( (?P<unit>words?|lines?))",
    rf"(story|text|poem|essay|content)? ?in {FILE} (has|is) {_LONG}",
    rf"{FILE} (has )?(?P<unit>word|line) count is {RANGE}( words| lines)?",
)
def _has_length(said: Said) -> Ruling:
    """In each way that a grader might count."""
    (name, text), unit = text_of(said), said["unit"].lower()
    both = (text, re.sub(r"^#.*$", "", text, flags=re.MULTILINE))  # with and without headings
    lines = text.splitlines()
    counts = {
        "word": {len(re.findall(way, each)) for each in both for way in _WORDS},
        "line": {len(lines), sum(bool(line.strip()) for line in lines)},
        "paragraph": {len(re.findall(r"(?:\S.*\n?)+", each)) for each in both},
        "character": {len(text), len(text.strip()), len(text.encode())},
    }
    return counted(said, f"{name} has", counts[unit.removesuffix("s")])


@recognises(rf"{FILE} (is not|has non-?|is non-?) ?empty( content)?")
def _is_not_empty(said: Said) -> Ruling:
    name, text = text_of(said)
    return passed(f"{name} has {len(text.strip())} characters") if text.strip() else failed(f"{name} is empty")
