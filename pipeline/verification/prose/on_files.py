"""Sentences about files: which are there, what they are, what they hold."""

import re
from pathlib import PurePosixPath

from pipeline.domain.files import AppFiles
from pipeline.verification.files.syntax import json_problem, svg_problem, yaml_problem
from pipeline.verification.inspection import Inspection, Rule, Ruling, failed, passed, undecided
from pipeline.verification.prose.sentences import FILE, NAME, NAMES, listed_files, missing_from, names_in, usual_name
from pipeline.verification.secret_shapes import credentials

_EXISTS = r"(?:exists?|is (?:present|committed|included|there))"
_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_NUMBER = rf"(?:\d{{1,7}}|{'|'.join(_NUMBERS)})"
_CREDENTIAL = r"(?:hard-?coded )?(?:secrets?|api[ -]?keys?|tokens?|credentials?|passwords?)"
_CREDENTIALS = rf"{_CREDENTIAL}(?:(?:, |,? and |,? or ){_CREDENTIAL})*"
_IS_THE_SAME = r"(?:matches|equals|is (?:identical to|same as|copy of|unchanged from))"
_BOUND = r"(?P<bound>exactly|only|just|at least|no fewer than|at most|no more than)"
_RANGE = rf"(?P<low>{_NUMBER})(?: ?(?:-|\u2013|to|and) ?(?P<high>{_NUMBER}))?"


def _files_exist(said: re.Match[str], inspection: Inspection) -> Ruling:
    return _all_there(names_in(said["files"]), inspection.files)


def _listed_files_exist(_said: re.Match[str], inspection: Inspection) -> Ruling:
    names = listed_files(inspection.brief.text)
    return _all_there(names, inspection.files) if names else undecided("the brief has no list of files to go by")


def _all_there(names: list[str], files: AppFiles) -> Ruling:
    missing = missing_from(files, names)
    return failed(f"not in the app: {', '.join(missing)}") if missing else passed(f"in the app: {', '.join(names)}")


def _file_is_absent(said: re.Match[str], inspection: Inspection) -> Ruling:
    name = usual_name(said["file"])
    return failed(f"{name} is in the app") if name in inspection.files else passed(f"there is no {name}")


def _is_the_attachment(said: re.Match[str], inspection: Inspection) -> Ruling:
    name = usual_name(said["file"])
    attachment = next((a for a in inspection.brief.attachments if a.name == name), None)
    if attachment is None:
        return undecided(f"no attachment of this request is called {name}")
    if name not in inspection.files:
        return failed(f"there is no {name}")
    if inspection.files[name] != attachment.content:
        return failed(f"{name} differs from the attachment")
    return passed(f"{name} is the attachment, byte for byte ({len(attachment.content)} bytes)")


def _is_valid(said: re.Match[str], inspection: Inspection) -> Ruling | None:
    name = usual_name(said["file"])
    text = inspection.files.text(name)
    if text is None:
        return failed(f"there is no {name}" if name not in inspection.files else f"{name} is not UTF-8 text")
    match (said["format"] or PurePosixPath(name).suffix.removeprefix(".")).lower():
        case "svg":
            problem = svg_problem(text)
        case "json":
            problem = json_problem(text)
        case "yaml" | "yml":
            problem = yaml_problem(text)
        case _:
            return None
    if problem is None:
        return passed(f"{name} was parsed without an error")
    line = f"line {problem.line}: " if problem.line else ""
    return failed(f"{name}: {line}{problem.message}") if problem.is_certain else undecided(f"{name} {problem.message}")


def _has_words(said: re.Match[str], inspection: Inspection) -> Ruling:
    """Count words in each way that a grader might; decide when all ways agree."""
    name = usual_name(said["file"])
    text = inspection.files.text(name)
    if text is None:
        return failed(f"there is no text file {name}")
    low = _number(said["low"])
    high = _number(said["high"] or said["low"])
    if said["bound"] in {"at least", "no fewer than"}:
        high = len(text) + low
    elif said["bound"] in {"at most", "no more than"}:
        low = 0
    without_headings = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    counts = {
        len(re.findall(pattern, counted))
        for counted in (text, without_headings)
        for pattern in (r"\S+", r"\w[\w'\u2019]*")
    }
    seen = " or ".join(map(str, sorted(counts)))
    if all(low <= count <= high for count in counts):
        return passed(f"{name} has {seen} words")
    if any(low <= count <= high for count in counts):
        return undecided(f"{name} has {seen} words, depending on what counts as one")
    return failed(f"{name} has {seen} words")


def _number(words: str) -> int:
    return int(words) if words.isdigit() else _NUMBERS.index(words.lower())


def _holds_text(said: re.Match[str], inspection: Inspection) -> Ruling:
    name = usual_name(said["file"])
    text = inspection.files.text(name)
    if text is None:
        return failed(f"there is no text file {name}")
    if said["text"] in text:
        return passed(f'{name} holds "{said["text"]}"')
    if name in inspection.pages:
        return undecided(f'"{said["text"]}" is not in the source of {name}; what visitors see needs a browser')
    return failed(f'{name} does not hold "{said["text"]}"')


def _no_secrets(_said: re.Match[str], inspection: Inspection) -> Ruling:
    for path, content in inspection.files.items():
        if credential := next(credentials(content), None):
            return failed(f"{path} holds {credential.name}")
    return passed(f"no key or token of a known provider in {len(inspection.files)} files")


RULES: tuple[tuple[str, Rule], ...] = (
    (rf"(?:files? )?(?:named |called )?{NAMES}(?: files?)? (?:all |both )?{_EXISTS}", _files_exist),
    (rf"(?:repo|app|site) has (?:files? )?(?:named |called )?{NAMES}(?: files?)?", _files_exist),
    (rf"{FILE} (?:is not (?:present|committed|included)|does not exist)", _file_is_absent),
    (
        rf"(?:each|every|all)(?: of)?(?: required| requested| named| listed)? (?:files?|assets?) {_EXISTS}",
        _listed_files_exist,
    ),
    (
        rf"{FILE} {_IS_THE_SAME} (?:attached|attachment|original)(?: (?:file|attachment|version|{NAME}))?",
        _is_the_attachment,
    ),
    (rf"{FILE} (?:is (?:valid|well-formed)|parses as)(?: (?P<format>svg|json|yaml))?(?: file| image)?", _is_valid),
    (rf"{FILE} (?:has|is|consists of) (?:{_BOUND} |between )?{_RANGE}[ -]words?(?: long)?", _has_words),
    (rf"{FILE} has (?:text |string |words? |phrase )?\"(?P<text>[^\"]+)\"", _holds_text),
    (rf"(?:there is )?no {_CREDENTIALS}(?: is (?:committed|present|leaked|exposed))?", _no_secrets),
    (rf"(?:repo|app|code|page|site) (?:has|leaks|exposes) no {_CREDENTIALS}", _no_secrets),
    (rf"(?:repo|app|code|page|site) does not (?:has|leak|expose)(?: any)? {_CREDENTIALS}", _no_secrets),
)
