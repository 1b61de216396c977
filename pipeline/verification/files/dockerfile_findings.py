"""What is wrong with an app's Dockerfile: what Docker refuses, and what a Space of kind docker would not run."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import islice

from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.container_command import Command, commands_of, is_file_of, listener_of
from pipeline.verification.files.container_user import user_problems
from pipeline.verification.files.dockerfile import (
    OFFICIAL_IMAGES_WITHOUT_SERVER,
    BuildStage,
    Dockerfile,
    Instruction,
    assignments,
    read_dockerfile,
    substituted,
)
from pipeline.verification.files.findings import MOST_OF_A_KIND, syntax_finding
from pipeline.verification.files.python_servers import EVERYWHERE, LOOPBACK
from pipeline.verification.files.quoting import shown

DOCKERFILE = "Dockerfile"
DEFAULT_APP_PORT = 7860
"""Where the Hub looks for a docker Space whose card names no app_port."""

_SECRET_NAME = re.compile(
    r"(?:\w*_)?(?:SECRET|SECRET_KEY|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)", re.IGNORECASE
)
_NO_SECRET = re.compile(r"|true|false|yes|no|none|null|\d{1,4}|[$/.].*", re.IGNORECASE | re.DOTALL)
_URL = re.compile(r"(?:https?|git|ssh)://|git@", re.IGNORECASE)


def dockerfile_findings(text: str, files: AppFiles, app_port: int | None) -> Iterator[Finding]:
    """What is wrong with the Dockerfile in ``text``.

    Args:
        text: of the file.
        files: the app, which is the build's context.
        app_port: where a Space expects the server; None when the app is no docker Space.
    """
    dockerfile = read_dockerfile(text)
    for problem in dockerfile.problems[:MOST_OF_A_KIND]:
        yield syntax_finding("dockerfile-syntax", problem, DOCKERFILE)
    first = next((i for i in dockerfile.instructions if i.name != "ARG"), None)
    if first is None or first.name != "FROM":
        message = "the first instruction must be FROM, with the image to build on; only ARG may come before it"
        yield _error("dockerfile-from", message, first.line if first else None)
    yield from islice(_copy_problems(dockerfile, files), MOST_OF_A_KIND)
    yield from islice(_secrets(dockerfile), MOST_OF_A_KIND)
    if not dockerfile.stages:
        return
    stage = dockerfile.stages[-1]
    commands = commands_of(stage)
    yield from _start_problems(stage, commands, files)
    yield from _listening_problems(stage, commands, files, app_port)
    for problem in user_problems(stage, on_the_hub=app_port is not None):
        yield syntax_finding("dockerfile-user", problem, DOCKERFILE)


def _error(rule: str, message: str, line: int | None) -> Finding:
    return Finding(Severity.ERROR, rule, message, DOCKERFILE, line)


def _warning(rule: str, message: str, line: int | None) -> Finding:
    return Finding(Severity.WARNING, rule, message, DOCKERFILE, line)


def _copy_problems(dockerfile: Dockerfile, files: AppFiles) -> Iterator[Finding]:
    folders = {path[:i] for path in files for i, character in enumerate(path) if character == "/"}
    for stage in dockerfile.stages:
        known = stage.variables()
        for instruction in stage.instructions[len(stage.instructions) - stage.own :]:
            if instruction.name in {"COPY", "ADD"} and "from" not in instruction.flags:
                yield from _missing_sources(instruction, known, files, folders)


def _missing_sources(
    instruction: Instruction, known: dict[str, str], files: AppFiles, folders: set[str]
) -> Iterator[Finding]:
    words = instruction.words
    if len(words) < 2:  # noqa: PLR2004 - a source and a destination
        message = f"{instruction.name} needs at least one source and a destination"
        yield _error("dockerfile-copy", message, instruction.line)
        return
    sources = [source for word in words[:-1] if (source := substituted(word, known)) is not None]
    wildcards = [source for source in sources if re.search(r"[*?\[]", source)][:MOST_OF_A_KIND]
    for source in sources:
        if source.startswith("<<") or _URL.match(source) or source in wildcards:
            continue
        path = re.sub(r"/(?:\./)+|/+", "/", re.sub(r"^(?:\.?/)+", "", source)).rstrip("/")
        if ".." in path.split("/"):
            message = f"{shown(source)} leads out of the app: {instruction.name} reaches only files of the app"
            yield _error("dockerfile-copy", message, instruction.line)
        elif path not in {"", "."} and path not in files and path not in folders:
            message = f"{shown(source)} is not in the app, so {instruction.name} fails: name a file or folder that is"
            yield _error("dockerfile-copy", message, instruction.line)
    if wildcards and wildcards == [word for word in words[:-1] if not word.startswith("<<")]:
        patterns = [re.sub(r"^(?:\.?/)+", "", wildcard).rstrip("/") for wildcard in wildcards]
        names = (*files, *folders)
        if not any(_matches(name, pattern) for pattern in patterns for name in names):
            message = f"no file of the app matches {shown(' '.join(wildcards))}"
            yield _warning("dockerfile-copy", message, instruction.line)


def _matches(path: str, pattern: str) -> bool:
    """As Docker matches: a wildcard never stands for a slash, except ``**``."""
    parts, patterns = path.split("/"), pattern.split("/")
    if "**" in pattern:
        return True  # not worth telling apart
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def _secrets(dockerfile: Dockerfile) -> Iterator[Finding]:
    for instruction in dockerfile.instructions:
        if instruction.name in {"ENV", "ARG"}:
            for name, value in assignments(instruction).items():
                if _SECRET_NAME.fullmatch(name) and not _NO_SECRET.fullmatch(value):
                    message = (
                        f"{instruction.name} {shown(name)} has a value that everybody can read: remove it here, set it"
                        " as a secret of the Space and read it from the environment"
                    )
                    yield _error("dockerfile-secret", message, instruction.line)


def _start_problems(stage: BuildStage, commands: list[Command], files: AppFiles) -> Iterator[Finding]:
    started_by = [i for i in (stage.last("ENTRYPOINT"), stage.last("CMD")) if i]
    if not started_by:
        if stage.official_image in OFFICIAL_IMAGES_WITHOUT_SERVER:
            message = 'nothing is started: end with a CMD such as CMD ["python", "app.py"]'
            yield _error("dockerfile-cmd", message, stage.line)
        return
    for instruction in started_by:
        if re.match(r"\[\s*'", instruction.value) and instruction.value.endswith("]"):
            message = f"{instruction.name} with square brackets is JSON: put its words in double quotes"
            yield _error("dockerfile-cmd", message, instruction.line)
        words = instruction.exec_form or [""]
        if any(re.fullmatch(r"\$\{?\w+\}?", word) for word in words[1:]) and re.fullmatch(
            r"(?:.*/)?(?:python[0-9.]*|uvicorn|gunicorn|streamlit|flask|hypercorn)", words[0]
        ):
            message = (
                f"no shell puts values in for variables in a JSON array: write {instruction.name} without brackets"
            )
            yield _error("dockerfile-cmd", message, instruction.line)
    said = "\n".join(instruction.script for instruction in stage.all("RUN", "COPY", "ADD", "WORKDIR"))
    for command in commands:
        script = command.python_file()
        if script and not _may_exist(script, files, said):
            message = f"{shown(script)} is started, but it is not in the app"
            yield _error("dockerfile-cmd", message, command.line)


def _may_exist(script: str, files: AppFiles, said: str) -> bool:
    """Whether the app has the file or, for a module, the package; or the build may make it."""
    name = script.rpartition("/")[2]
    package = f"/{name.removesuffix('.py')}/"
    return any(is_file_of(name, path) or package in f"/{path}" for path in files) or name in said


def _listening_problems(
    stage: BuildStage, commands: list[Command], files: AppFiles, app_port: int | None
) -> Iterator[Finding]:
    listener = listener_of(commands, files)
    if listener and listener.host in {LOOPBACK, "localhost", "::1"}:
        message = f"{listener.what} listens on {listener.host} and is not reached from outside: bind {EVERYWHERE}"
        yield Finding(Severity.ERROR, "server-host", message, listener.path or DOCKERFILE, listener.line)
    if app_port is None:
        return
    listens_right = listener is not None and listener.port == app_port
    if listener and listener.port and not listens_right:
        severity = Severity.ERROR if listener.is_certain else Severity.WARNING
        message = f"{listener.what} listens on port {listener.port}, but the Space expects {app_port}: use {app_port}"
        yield Finding(severity, "server-port", message, listener.path or DOCKERFILE, listener.line)
    exposed, line = _exposed(stage)
    if exposed and not any(low <= app_port <= high for low, high in exposed):
        told = _warning if listener and listener.port else _error
        message = f"EXPOSE names another port than {app_port}, where the Space expects the server: use {app_port}"
        yield told("server-port", message, line)


def _exposed(stage: BuildStage) -> tuple[list[tuple[int, int]], int]:
    """First and last port of each range, and the line of the last EXPOSE; nothing when one of them is not known."""
    known = stage.variables()
    ranges = []
    line = 0
    for instruction in stage.all("EXPOSE"):
        line = instruction.line
        for word in instruction.words:
            found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?(?:/\w+)?", substituted(word, known) or "")
            if found is None:
                return [], line
            ranges.append((int(found[1]), int(found[2] or found[1])))
    return ranges, line
