"""Requirements files of pip: lines that pip refuses, and imports that no requirement brings.

The format is that of pip's reference; requirements themselves are read by ``packaging``, as pip does it.
"""

import posixpath
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.findings import MOST_OF_A_KIND
from pipeline.verification.files.package_names import COMES_WITH, OTHER_PACKAGES_OF_MODULE, PACKAGE_OF_MODULE
from pipeline.verification.files.python_code import Import
from pipeline.verification.files.quoting import shown

LONGEST = 64 * 1024  # characters that are read
LONGEST_LINE = 2000
MOST_LINES = 1000
REQUIREMENTS = "requirements.txt"

_FILE_NAME = re.compile(r"(?:.*/)?(?:pre-)?requirements[\w.-]*\.txt")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTION = re.compile(r"(?P<short>-[A-Za-z])\s*(?P<its>.*)|(?P<long>--[a-z-]+)(?:[ =]\s*(?P<own>.*))?")
_OPTIONS = re.compile(
    r"-[rceif]|--(?:requirement|constraint|editable|(?:extra-)?index[-]url|find-links|no-index|no-binary|only-binary"
    r"|pre|prefer-binary|require-hashes|trusted-host|use-feature)"
)
_FILE_OPTIONS = frozenset({"-r", "--requirement", "-c", "--constraint"})
_PER_REQUIREMENT = re.compile(r"\s--(?:hash|config-settings?|global-option)\b.*$")
_PLACE = re.compile(r"(?:git|hg|svn|bzr)\+|(?:https?|file|ftp)://", re.IGNORECASE)
_LOCAL = re.compile(r"\.{0,2}/\S*|\.|\S+\.(?:whl|zip|tar\.gz|tar\.bz2)")


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """What a requirements file says.

    Attributes:
        requirements: with the line of each.
        references: paths that -r and -c name, relative to the root of the app, with the line of each.
        local_paths: packages that the app itself holds, likewise.
        bad_lines: what pip would not understand: message and line.
        has_others: whether it names packages in ways that do not say what they bring.
    """

    requirements: tuple[tuple[Requirement, int], ...]
    references: tuple[tuple[str, int], ...]
    local_paths: tuple[tuple[str, int], ...]
    bad_lines: tuple[tuple[str, int], ...]
    has_others: bool


def is_requirements_file(path: str) -> bool:
    """Whether a file is one by its name."""
    return _FILE_NAME.fullmatch(path) is not None


def read_requirements(path: str, text: str) -> RequirementsFile:
    """Parse the file ``path``; of a very long one, only the beginning."""
    requirements: list[tuple[Requirement, int]] = []
    references: list[tuple[str, int]] = []
    local_paths: list[tuple[str, int]] = []
    bad_lines: list[tuple[str, int]] = []
    has_others = len(text) > LONGEST or text.count("\n") > MOST_LINES
    folder = posixpath.dirname(path)
    for line, number in islice(_logical_lines(text[:LONGEST]), MOST_LINES):
        option = _OPTION.fullmatch(line) if line.startswith("-") else None
        if option:
            name, value = option["short"] or option["long"], option["its"] or option["own"] or ""
            if not _OPTIONS.fullmatch(name):
                bad_lines.append((f"{name[:40]} is no option of a requirements file", number))
            elif name in _FILE_OPTIONS and not _PLACE.match(value) and "$" not in value:
                references.append((posixpath.normpath(posixpath.join(folder, value)), number))
            has_others = has_others or name not in {"--pre", "--prefer-binary", *_FILE_OPTIONS}
        elif _PLACE.match(line) or "${" in line:
            has_others = True
        elif _LOCAL.fullmatch(line.partition(";")[0].partition("[")[0].strip()):
            has_others = True
            local_paths.append((posixpath.normpath(posixpath.join(folder, line.partition(";")[0].strip())), number))
        else:
            try:
                requirements.append((Requirement(_PER_REQUIREMENT.sub("", line)), number))
            except InvalidRequirement:
                bad_lines.append(("is no requirement: write one package per line, like flask>=3.0", number))
    return RequirementsFile(
        tuple(requirements), tuple(references), tuple(local_paths), tuple(bad_lines), has_others or bool(bad_lines)
    )


def _logical_lines(text: str) -> Iterator[tuple[str, int]]:
    """Lines with continuations joined and comments removed, and the number of the first."""
    parts: list[str] = []
    first = 1
    for number, raw in enumerate(text.splitlines(), 1):
        first = first if parts else number
        line = raw[:LONGEST_LINE]
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
            continue
        whole = _COMMENT.sub("", "".join([*parts, line])[:LONGEST_LINE]).strip()
        parts = []
        if whole:
            yield whole, first
    if parts:
        yield "".join(parts)[:LONGEST_LINE].strip(), first


def requirements_findings(path: str, text: str, files: AppFiles) -> Iterator[Finding]:
    """What is wrong with the requirements file ``path``."""
    read = read_requirements(path, text)
    for message, line in islice(read.bad_lines, MOST_OF_A_KIND):
        yield Finding(Severity.ERROR, "requirements-syntax", message, path, line)
    for name, line in islice(read.references, MOST_OF_A_KIND):
        if name not in files:
            yield Finding(Severity.ERROR, "requirements-file", f"{shown(name)} is not in the app", path, line)
    for name, line in islice(read.local_paths, MOST_OF_A_KIND):
        if name != "." and name not in files and not any(other.startswith(f"{name}/") for other in files):
            yield Finding(Severity.ERROR, "requirements-file", f"{shown(name)} is not in the app", path, line)
    yield from islice(_questionable(read, path), MOST_OF_A_KIND)


def _questionable(read: RequirementsFile, path: str) -> Iterator[Finding]:
    first_lines: dict[tuple[str, frozenset[str]], tuple[Requirement, int]] = {}
    for requirement, line in read.requirements:
        name = requirement.name
        if requirement.marker is None and name.lower() in _STANDARD_LIBRARY:
            message = f"{name} is part of Python and cannot be installed: remove the line"
            yield Finding(Severity.ERROR, "requirements-standard-library", message, path, line)
        key = canonicalize_name(name), frozenset(requirement.extras)
        if requirement.marker is not None:
            continue
        earlier = first_lines.setdefault(key, (requirement, line))
        if earlier[1] != line:
            conflicts = _pinned(earlier[0]) and _pinned(requirement) and _pinned(earlier[0]) != _pinned(requirement)
            severity = Severity.ERROR if conflicts else Severity.WARNING
            message = f"{name} stands on line {earlier[1]} already: keep one of the two lines"
            yield Finding(severity, "requirements-duplicate", message, path, line)


_STANDARD_LIBRARY = frozenset(name.lower() for name in sys.stdlib_module_names if not name.startswith("_"))


def _pinned(requirement: Requirement) -> str | None:
    specifiers = [s for s in requirement.specifier if s.operator == "==" and not s.version.endswith("*")]
    return specifiers[0].version if specifiers else None


def all_requirements(files: AppFiles, path: str = REQUIREMENTS) -> RequirementsFile | None:
    """What ``path`` and the files that it names with -r ask for together; None without such a file."""
    if path not in files:
        return None
    waiting, seen = [path], {path}
    requirements: list[tuple[Requirement, int]] = []
    has_others = False
    while waiting and len(seen) <= MOST_OF_A_KIND:
        current = waiting.pop()
        read = read_requirements(current, files.text(current) or "")
        requirements += read.requirements
        has_others = has_others or read.has_others
        for name, _ in read.references:
            if name in files and name not in seen:
                seen.add(name)
                waiting.append(name)
    return RequirementsFile(tuple(requirements), (), (), (), has_others)


def missing_requirements(
    imports: list[Import], required: RequirementsFile | None, installed: frozenset[str]
) -> Iterator[Finding]:
    """Imports that neither ``required`` nor what is ``installed`` anyway brings.

    A requirement that the table does not know may bring any module: then only those of known packages are told.

    Args:
        imports: of the program.
        required: what its requirements file asks for; None = it has none.
        installed: canonical names of packages that are there without it.
    """
    named = {canonicalize_name(requirement.name) for requirement, _ in required.requirements} if required else set()
    if required and required.has_others:
        return
    brought = _with_dependencies({*named, *installed})
    is_surely_all = named <= COMES_WITH.keys()
    told = set()
    for wanted in imports:
        package, others, is_known = _packages_of(wanted.module)
        if ({package} | others) & brought or package in told or not (is_known or is_surely_all):
            continue
        if not is_surely_all and any(package.split("-")[0] in name for name in named):
            continue  # such as a plugin or a successor under a name of its own
        told.add(package)
        message = (
            f"imports {shown(wanted.module)}, but no requirement brings it: add {shown(package)} to {REQUIREMENTS}"
        )
        yield Finding(Severity.WARNING, "requirements-missing", message, wanted.path, wanted.line)


def _with_dependencies(packages: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        package = waiting.pop()
        if package not in found:
            found.add(package)
            waiting += COMES_WITH.get(package, "").split()
    return found


def _packages_of(module: str) -> tuple[str, set[str], bool]:
    """The package to name for an imported module, others that have it, and whether that is more than a guess."""
    parts = module.split(".")
    for length in (2, 1):
        name = ".".join(parts[:length])
        if name in PACKAGE_OF_MODULE or name in OTHER_PACKAGES_OF_MODULE:
            package = PACKAGE_OF_MODULE.get(name, canonicalize_name(name))
            return package, OTHER_PACKAGES_OF_MODULE.get(name, set()), True
    package = canonicalize_name("-".join(parts[:2]) if parts[0] == "google" else parts[0])
    return package, set(), package in COMES_WITH


def sdk_version_conflict(required: RequirementsFile | None, sdk_version: str) -> int | None:
    """The line of a requirement for gradio that ``sdk_version`` of the card does not meet, or None."""
    try:
        version = Version(sdk_version)
    except InvalidVersion:
        return None
    for requirement, line in required.requirements if required else ():
        if canonicalize_name(requirement.name) == "gradio" and not requirement.specifier.contains(
            version, prereleases=True
        ):
            return line
    return None
