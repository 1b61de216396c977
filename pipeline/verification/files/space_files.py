"""What is wrong with the files that decide how an app is built and run: Dockerfile, requirements, card, workflows."""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.container_command import commands_of, is_file_of
from pipeline.verification.files.dockerfile import Dockerfile, read_dockerfile
from pipeline.verification.files.dockerfile_findings import DEFAULT_APP_PORT, DOCKERFILE, dockerfile_findings
from pipeline.verification.files.package_names import ON_EVERY_GRADIO_SPACE
from pipeline.verification.files.python_code import foreign_imports
from pipeline.verification.files.requirements import (
    REQUIREMENTS,
    all_requirements,
    is_requirements_file,
    missing_requirements,
    read_requirements,
    requirements_findings,
    sdk_version_conflict,
)
from pipeline.verification.files.sources import Sources
from pipeline.verification.files.space_card import README, SpaceCard, card_findings, missing_card_finding, read_card
from pipeline.verification.files.workflows import is_workflow, workflow_findings

LONGEST_DOCKERFILE = 64 * 1024  # bytes
LONGEST_REQUIREMENTS = 64 * 1024  # bytes
MOST_REQUIREMENTS_FILES = 20

_SPACE_HOSTS = ".hf.space"
_INSTALLS = re.compile(r"\bpip[0-9.]*\s+install\b([^\n;&|]{0,2000})")
_OTHER_INSTALLERS = re.compile(r"\b(?:poetry|conda|mamba|micromamba|pdm|pipenv|apk|uv (?:sync|add|run)|python3-\w+)\b")
_PACKAGE = re.compile(r"[A-Za-z0-9][\w.-]*")


def space_file_findings(files: AppFiles, sources: Sources, address: str) -> Iterator[Finding]:
    """What is wrong with them; files that are in the app as they came with the brief are nobody's to repair.

    Args:
        files: the app.
        sources: its files that were parsed.
        address: where it will be served; a host of the Hub's tells that it becomes a Space.
    """
    readme = files.text(README) or ""
    card = read_card(readme)
    if README not in sources.attached:
        yield from card_findings(readme, files)
    if (urlsplit(address).hostname or "").endswith(_SPACE_HOSTS):
        yield from missing_card_finding(files)
    yield from _dockerfile(files, sources, card)
    paths = [path for path in files if is_requirements_file(path) and path not in sources.attached]
    for path in paths[:MOST_REQUIREMENTS_FILES]:
        text, unread = _text(files, path, LONGEST_REQUIREMENTS)
        yield from unread
        yield from requirements_findings(path, text, files)
    yield from _missing_packages(files, card)
    for path, text in sources.texts.items():
        if is_workflow(path) and path not in sources.attached:
            yield from workflow_findings(path, text, files)


def _text(files: AppFiles, path: str, limit: int) -> tuple[str, list[Finding]]:
    """The file's text, or nothing and why."""
    text = files.text(path)
    if text is not None and len(files[path]) <= limit:
        return text, []
    why = "is not UTF-8 text" if text is None else f"is too large to be parsed ({len(files[path])} bytes)"
    return "", [Finding(Severity.WARNING, "not-parsed", f"{why}, so it was not looked at", path)]


def _dockerfile(files: AppFiles, sources: Sources, card: SpaceCard | None) -> Iterator[Finding]:
    if DOCKERFILE not in files or DOCKERFILE in sources.attached:
        return
    text, unread = _text(files, DOCKERFILE, LONGEST_DOCKERFILE)
    yield from unread
    if unread:
        return
    is_docker_space = card is not None and card.sdk == "docker"
    app_port = (card.app_port or DEFAULT_APP_PORT) if card and is_docker_space else None
    yield from dockerfile_findings(text, files, app_port)


def _missing_packages(files: AppFiles, card: SpaceCard | None) -> Iterator[Finding]:
    """What a Space's program imports and nothing installs, and a gradio of another version than the Space's."""
    if card is None or card.sdk not in {"gradio", "docker"}:
        return
    entry, installed = card.app_file, ON_EVERY_GRADIO_SPACE
    if card.sdk == "docker":
        dockerfile = read_dockerfile(files.text(DOCKERFILE) or "") if _is_readable(files) else None
        found = _installed_by(dockerfile, files) if dockerfile else None
        if dockerfile is None or found is None:
            return
        entry, installed = _entry_of(dockerfile, files), found
    elif card.sdk_version and REQUIREMENTS in files:
        read = read_requirements(REQUIREMENTS, files.text(REQUIREMENTS) or "")
        if line := sdk_version_conflict(read, card.sdk_version):
            message = f"asks for another gradio than sdk_version in {README}: leave gradio out, the Space brings it"
            yield Finding(Severity.WARNING, "requirements-sdk", message, REQUIREMENTS, line)
    if entry is not None and entry in files:
        texts = {path: files.text(path) or "" for path in files if path.endswith(".py")}
        imports = foreign_imports(entry, texts)
        yield from islice(missing_requirements(imports, all_requirements(files), installed), MOST_REQUIREMENTS_FILES)


def _is_readable(files: AppFiles) -> bool:
    return DOCKERFILE in files and len(files[DOCKERFILE]) <= LONGEST_DOCKERFILE


def _entry_of(dockerfile: Dockerfile, files: AppFiles) -> str | None:
    """The Python file that the container starts, when just one file of the app can be meant."""
    scripts = [script for command in commands_of(dockerfile.stages[-1]) if (script := command.python_file())]
    found = [path for path in files if len(scripts) == 1 and is_file_of(scripts[0], path)]
    return found[0] if len(found) == 1 else None


def _installed_by(dockerfile: Dockerfile, files: AppFiles) -> frozenset[str] | None:
    """Packages that the Dockerfile installs by name; None when it may install others, requirements.txt aside."""
    if not dockerfile.stages or any(stage.official_image != "python" for stage in dockerfile.stages):
        return None
    installed: set[str] = set()
    for run in (instruction for instruction in dockerfile.instructions if instruction.name == "RUN"):
        if _OTHER_INSTALLERS.search(run.script):
            return None
        for arguments in _INSTALLS.findall(run.script):
            words = arguments.replace('"', " ").replace("'", " ").split()
            if any(word == "." or word.startswith(("./", "/", "$", "-e")) for word in words):
                return None
            if any(word.endswith(".txt") and word.rpartition("/")[2] != REQUIREMENTS for word in words):
                return None
            installed |= {canonicalize_name(name[0]) for word in words if (name := _PACKAGE.match(word))}
    has_project = "pyproject.toml" in files or "setup.py" in files
    return None if has_project and not installed and REQUIREMENTS not in files else frozenset(installed)
