"""What is plainly wrong with the files that an app is built from: Dockerfile, requirements and workflow files.

The rest is said by the host's build, whose log goes back to the model. The rules are those of Docker's Dockerfile
reference, pip's reference of requirements files and GitHub's workflow syntax reference.
"""

import json
import posixpath
import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

import yaml
from packaging.requirements import InvalidRequirement, Requirement

from pipeline.domain.files import WORKFLOW_FILE, AppFiles
from pipeline.domain.space import app_port_of, sdk_of
from pipeline.domain.verdict import Finding
from pipeline.verification.files.findings import MOST_OF_A_KIND, syntax_finding
from pipeline.verification.files.sources import DOCKERFILE, REQUIREMENTS, Sources
from pipeline.verification.files.syntax import line_in_editors, yaml_document
from pipeline.verification.problems import Problem, shown

EVERYWHERE, LOOPBACK = "0.0.0.0", "127.0.0.1"  # noqa: S104 - compared, not bound
_MOST_LINES = 1000
_DEPLOYS_PAGES = "actions/deploy-pages@"
_Problems = Iterator[tuple[str, Problem]]


def build_file_findings(files: AppFiles, sources: Sources) -> Iterator[Finding]:
    """What is wrong with them; files that are in the app as they came with the brief are nobody's to repair."""
    for path, text in sources.texts.items():
        if path not in sources.attached:
            problems = islice(_problems(path, text.removeprefix("\ufeff"), files), MOST_OF_A_KIND)
            yield from (syntax_finding(rule, problem, path) for rule, problem in problems)


def _problems(path: str, text: str, files: AppFiles) -> _Problems:
    if path == DOCKERFILE:
        yield from _dockerfile_problems(text, files)
    elif REQUIREMENTS.fullmatch(path):
        yield from _requirements_problems(text)
    elif WORKFLOW_FILE.fullmatch(path):
        yield from _workflow_problems(text)


# Dockerfiles

_BACKTICK_ESCAPES = re.compile(r"(?:#.*\n)*#\s*escape\s*=\s*`", re.IGNORECASE)
_HEREDOC = re.compile(r"(?<!\S)\d*<<(-?)[\"']?([A-Za-z_]\w*)")
_FLAGS = re.compile(r"^(?:--[\w-]+(?:=\S*)?\s+)*")
_ELSEWHERE = re.compile(r"(?:https?|git|ssh)://|git@|.*\$", re.IGNORECASE)
# Where servers listen when nothing says otherwise, by their own --help.
_SERVERS = (
    (r"(?:uvicorn|gunicorn|hypercorn|daphne|runserver|fastapi dev|chainlit run)", LOOPBACK, 8000),
    (r"flask\b.*\srun", LOOPBACK, 5000),
    (r"(?:fastapi run|http\.server)", EVERYWHERE, 8000),
    (r"streamlit run", EVERYWHERE, 8501),
    (r"waitress-serve", EVERYWHERE, 8080),
)
_ADDRESS = re.compile(r"(?<!\S)(?:--(?:host|bind|listen|server\.address)[= ]|-b ?|-h |runserver )(\S+)")
_PORT = re.compile(r"(?<!\S)(?:--(?:server\.)?port[= ]|-p |http\.server )(\S+)")
_HOST_AND_PORT = re.compile(r"(?:tcp://)?(\[[^\]]*\]|[^:/]*)(?::(\d{1,5}))?")
_SAYS_OTHERWISE = re.compile(r"(?<!\S)(?:-[ce]|--(?:config|endpoint|uds|fd))\b|\$")
_SETTINGS = re.compile("HOST|PORT|ADDRESS|CMD_ARGS")
_SETTINGS_FILES = {"gunicorn.conf.py", ".flaskenv", ".streamlit/config.toml"}
_SEVERAL_PROGRAMS = re.compile(r"(?<!&)&(?!&)|[;|`]|\$\(|\b(?:nginx|caddy|haproxy)\b")


@dataclass(frozen=True, slots=True)
class _Instruction:
    """One instruction: upper case, what follows in one line, and the line where it begins."""

    name: str
    value: str
    line: int

    @property
    def words(self) -> list[str]:
        """Quotes removed, in JSON or as a shell reads it; none when it is neither."""
        try:
            words = json.loads(self.value) if self.value.startswith("[") else shlex.split(self.value)
        except (ValueError, RecursionError):
            return []
        return [str(word) for word in words]


def _instructions(text: str) -> Iterator[_Instruction]:
    escape = "`" if _BACKTICK_ESCAPES.match(text) else "\\"
    lines = iter(enumerate(text.split("\n"), 1))
    parts: list[str] = []
    first = 0
    for number, line in lines:
        bare = line.rstrip().replace("\t", " ")
        if bare and not bare.lstrip().startswith("#"):
            first = first if parts else number
            parts.append(bare.removesuffix(escape))
        if not parts or not bare or bare.lstrip().startswith("#") or bare.endswith(escape):
            continue
        name, _, value = "".join(parts).strip().partition(" ")
        parts = []
        yield _Instruction(name.upper(), value.strip(), first)
        for dash, word in _HEREDOC.findall(value) if name.upper() in {"RUN", "COPY", "ADD"} else ():
            next((body for _, body in lines if (body.lstrip("\t") if dash else body) == word), None)


def _dockerfile_problems(text: str, files: AppFiles) -> _Problems:
    instructions = list(islice(_instructions(text), _MOST_LINES))
    first = next((i for i in instructions if i.name != "ARG"), None)
    if first is None or first.name != "FROM":
        message = "the first instruction must be FROM, with the image to build on; only ARG may come before it"
        yield "dockerfile-from", Problem(message, first.line if first else None)
    names = {path[:end] for path in files for end, character in enumerate(f"{path}/") if character == "/"}
    for instruction in instructions:
        if instruction.name in {"COPY", "ADD"}:
            yield from (("dockerfile-copy", problem) for problem in _missing_sources(instruction, names))
    if sdk_of(files) == "docker":
        yield from _listening_problems(instructions, files)


def _missing_sources(instruction: _Instruction, names: Collection[str]) -> Iterator[Problem]:
    if "--from=" in instruction.value or "<<" in instruction.value:
        return
    name, line = instruction.name, instruction.line
    words = _Instruction(name, _FLAGS.sub("", instruction.value, count=1), line).words
    if len(words) < 2:  # noqa: PLR2004 - a source and a destination
        yield Problem(f"{name} needs at least one source and a destination", line)
    sources = {source: posixpath.normpath(f"/{source}").strip("/") for source in words[:-1]}
    patterns = [source for source in sources if re.search(r"[*?\[]", source)]
    for source, path in sources.items():
        if path and path not in names and source not in patterns and not _ELSEWHERE.match(source):
            message = f"{shown(source)} is not in the app, so {name} fails: name a file or folder that is"
            yield Problem(message, line)
    matches = any(fnmatchcase(path, sources[pattern]) for pattern in patterns[:MOST_OF_A_KIND] for path in names)
    if patterns and not matches and len(patterns) == len(sources):
        yield Problem(f"no file of the app matches {shown(' '.join(patterns))}", line, is_certain=False)


def _listening_problems(instructions: list[_Instruction], files: AppFiles) -> _Problems:
    wanted = app_port_of(files)
    last_from = max((index for index, i in enumerate(instructions) if i.name == "FROM"), default=0)
    stage = {i.name: i for i in instructions[last_from:]}
    started = stage.get("CMD") or stage.get("ENTRYPOINT")
    said_elsewhere = any(i.name == "ENV" and _SETTINGS.search(i.value) for i in instructions)
    host, port = _listener(_command(stage), is_all=not said_elsewhere and not _SETTINGS_FILES & files.keys())
    if started and host in {LOOPBACK, "localhost", "[::1]"}:
        message = f"listens on {host} and is not reached from outside: bind {EVERYWHERE}"
        yield "server-host", Problem(message, started.line)
    if started and port not in {None, wanted}:
        message = f"listens on port {port}, but the Space expects {wanted}: use {wanted}"
        yield "server-port", Problem(message, started.line)
    exposed = [i for i in instructions[last_from:] if i.name == "EXPOSE"]
    ports = [re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?(?:/\w+)?", word) for i in exposed for word in i.value.split()]
    if ports and all(p and not int(p[1]) <= wanted <= int(p[2] or p[1]) for p in ports):
        message = f"EXPOSE names another port than {wanted}, where the Space expects the server: use {wanted}"
        yield "server-port", Problem(message, exposed[-1].line, is_certain=port is None)


def _command(stage: dict[str, _Instruction]) -> str:
    """What a container of the stage starts, in one line; of several commands the last."""
    entrypoint, cmd = stage.get("ENTRYPOINT"), stage.get("CMD")
    if entrypoint and not entrypoint.value.startswith("["):
        cmd = None  # a shell reads the ENTRYPOINT, and no CMD
    text = " ".join(" ".join(i.words) for i in (entrypoint, cmd) if i)
    return "" if _SEVERAL_PROGRAMS.search(text) else text.rpartition("&&")[2]


def _listener(command: str, *, is_all: bool) -> tuple[str | None, int | None]:
    """Host and port where ``command`` listens, each None when that is not plain to see.

    When it is all that says where, a server's own defaults hold.
    """
    server = next((s for s in _SERVERS if re.search(rf"(?<![\w.-]){s[0]}(?!\S)", command)), None)
    host, port = (server[1], server[2]) if server and is_all and not _SAYS_OTHERWISE.search(command) else (None, None)
    for value in _ADDRESS.findall(command):
        named = _HOST_AND_PORT.fullmatch(value)
        if named is None or "$" in value:
            return None, None
        if value.isdigit():
            port = int(value)
        else:
            host, port = named[1], int(named[2]) if named[2] else port
    for value in _PORT.findall(command):
        port = int(value) if re.fullmatch(r"\d{1,5}", value) else None
    return host, port


# Requirements files

_LOGICAL_LINE = re.compile(r"[ \t]*#.*|(?:\\\n|.)+")
_PIP_COMMENT = re.compile(r"(?:^|\s)#.*$", re.DOTALL)
_PIP_OPTION = re.compile(
    r"-[rceif]|--(?:requirement|constraint|editable|(?:extra-)?index[-]url|find-links|no-index|no-binary|only-binary"
    r"|pre|prefer-binary|require-hashes|trusted-host|use-feature)(?![\w-])"
)
_PER_REQUIREMENT = re.compile(r"\s--(?:hash|config-settings?|global-option)\b.*$")
_PLACE = re.compile(r"(?:git|hg|svn|bzr)\+|(?:https?|file|ftp)://|.*\$\{", re.IGNORECASE)
_LOCAL = re.compile(r"(?:\.{0,2}/\S*|\.|\S+\.(?:whl|zip|tar\.gz|tar\.bz2))(?:\[.*)?(?:\s*;.*)?")


def _requirements_problems(text: str) -> _Problems:
    for match in islice(_LOGICAL_LINE.finditer(text), _MOST_LINES):
        line = _PIP_COMMENT.sub("", match[0].replace("\\\n", "").rstrip("\\")).strip()
        if not line or any(pattern.match(line) for pattern in (_PIP_OPTION, _PLACE)) or _LOCAL.fullmatch(line):
            continue
        try:
            Requirement(_PER_REQUIREMENT.sub("", line))
        except InvalidRequirement:
            message = "is no requirement: write one package per line, like flask>=3.0"
            yield "requirements-syntax", Problem(message, text.count("\n", 0, match.start()) + 1)


# Workflow files


def _workflow_problems(text: str) -> _Problems:
    root = yaml_document(text)  # None: what does not parse is told as broken YAML
    for message, node in _refusals(root) if root else ():
        yield "workflow", Problem(message, line_in_editors(text, node.start_mark.line))


def _refusals(root: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """What Actions would refuse, and where."""
    whole = _entries(root)
    jobs, on = _entries(whole.get("jobs")), whole.get("on")
    if not isinstance(root, yaml.MappingNode):
        yield "must be a mapping with name, on and jobs", root
        return
    if on is None or not on.value:
        yield "does not say when to run: add on, for instance on: push", on or root
    if not jobs:
        yield "has no jobs: add a mapping from job id to job", whole.get("jobs", root)
    for name, job in jobs.items():
        yield from _job_refusals(shown(name), job, whole.get("permissions"))


def _job_refusals(name: str, job: yaml.Node, permissions: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    parts = _entries(job)
    if "uses" in parts:
        return
    if "runs-on" not in parts:
        yield f"job {name} has no runs-on: add runs-on: ubuntu-latest", job
    steps = parts.get("steps")
    if not isinstance(steps, yaml.SequenceNode) or not steps.value:
        yield f"job {name} has no steps: add a list of steps with uses or run", job
        return
    permissions = parts.get("permissions", permissions)
    granted = {key: value.value for key, value in _entries(permissions).items()}
    lacking = [f"{right}: write" for right in ("pages", "id-token") if granted.get(right) != "write"]
    actions = [(str(getattr(_entries(step).get("uses"), "value", "")), step) for step in steps.value]
    deploying = [step for action, step in actions if action.startswith(_DEPLOYS_PAGES)]
    if deploying and lacking and getattr(permissions, "value", None) != "write-all":
        needed = " and ".join(lacking)
        yield f"actions/deploy-pages needs {needed} under permissions of the job or the workflow", deploying[0]


def _entries(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """Key as written -> value of a mapping; empty for anything else. YAML 1.1 would read the key ``on`` as true."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}
