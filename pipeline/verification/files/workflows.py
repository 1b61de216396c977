"""GitHub workflow files: what Actions would refuse, and steps that cannot work with the files of the app.

The rules are those of GitHub's workflow syntax reference and of the official actions for Pages.
"""

import posixpath
import re
from collections.abc import Iterator
from itertools import islice

from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.findings import MOST_OF_A_KIND
from pipeline.verification.files.quoting import shown
from pipeline.verification.files.yaml_nodes import (
    Node,
    entries,
    items,
    line_of,
    repeated_keys,
    string,
    type_of,
    yaml_root,
)

MOST_JOBS = 50
MOST_STEPS = 200

_PATH = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_JOB_ID = re.compile(r"[A-Za-z_][\w-]{0,99}")
_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w./-]+)?@[\w./+-]+")
_PLAIN_PATH = re.compile(r"[\w.@/-]+")
_SCRIPT = re.compile(
    r"(?:^|[\s;&|])(?:python[0-9.]*|bash|sh|node|pip3? install -r)\s+(?:-u\s+)?([\w./-]+\.(?:py|sh|m?js|txt))"
)
_MAKES_FILES = re.compile(r"\b(?:curl|wget|git|cp|mv|tar|unzip|tee|cd|pushd|npm (?:i|install|run|exec)|npx|make)\b|>")
_NPM_CI = re.compile(r"(?:^|[\s;&|])npm ci\b")
_NPM_LOCKS = {"package-lock.json", "npm-shrinkwrap.json"}
_ACTION_FILES = ("action.yml", "action.yaml", "Dockerfile")
_LEAVE_FILES_ALONE = ("actions/checkout@", "actions/configure-pages@", "actions/setup-")


def is_workflow(path: str) -> bool:
    """Whether GitHub would take the file for a workflow."""
    return _PATH.fullmatch(path) is not None


def workflow_findings(path: str, text: str, files: AppFiles) -> Iterator[Finding]:
    """What is wrong with the workflow file ``path``; broken YAML is told elsewhere."""
    root = yaml_root(text)
    if root is None:
        return
    yield from islice(_Workflow(path, root, files).findings(), MOST_OF_A_KIND)


class _Workflow:
    """One workflow and the app that it belongs to."""

    def __init__(self, path: str, root: Node, files: AppFiles) -> None:
        self._path = path
        self._root = root
        self._files = files
        self._parts = entries(root)
        self._jobs = dict(list(entries(self._parts.get("jobs")).items())[:MOST_JOBS])

    def findings(self) -> Iterator[Finding]:
        if type_of(self._root) != "map":
            yield self._error("must be a mapping with name, on and jobs", self._root)
            return
        for node in (self._root, self._parts.get("jobs"), *self._jobs.values()):
            yield from (
                self._error(f"{shown(key.value)} stands here twice: keep one", key) for key in repeated_keys(node)
            )
        trigger = self._parts.get("on")
        if trigger is None or not trigger.value:
            yield self._error("does not say when to run: add on, for instance on: push", trigger or self._root)
        if not self._jobs:
            yield self._error("has no jobs: add a mapping from job id to job", self._parts.get("jobs") or self._root)
        for job_id, job in self._jobs.items():
            yield from self._job_findings(job_id, job)

    def _job_findings(self, job_id: str, job: Node) -> Iterator[Finding]:
        parts = entries(job)
        name = shown(job_id)
        if not _JOB_ID.fullmatch(job_id):
            yield self._error(f"{name} is no job id: use letters, digits, - and _, beginning with a letter", job)
        needed = parts.get("needs")
        for node in items(needed) or ([needed] if needed is not None else []):
            if string(node) not in self._jobs and len(self._jobs) < MOST_JOBS:
                yield self._error(
                    f"job {name} needs {shown(string(node) or 'a job')}, which is no job of this file", node
                )
        called = parts.get("uses")
        if called is not None:
            yield from self._action_findings(called)
            return
        if "runs-on" not in parts:
            yield self._error(f"job {name} has no runs-on: add runs-on: ubuntu-latest", job)
        steps = items(parts.get("steps"))[:MOST_STEPS]
        if not steps:
            yield self._error(f"job {name} has no steps: add a list of steps with uses or run", job)
        for step in steps:
            yield from self._step_findings(step)
        yield from self._pages_findings(parts, steps)
        yield from self._file_findings(parts, steps)

    def _step_findings(self, step: Node) -> Iterator[Finding]:
        parts = entries(step)
        if ("uses" in parts) == ("run" in parts):
            yield self._error("a step needs either uses or run, and not both", step)
        elif "uses" in parts:
            yield from self._action_findings(parts["uses"])
        elif not (string(parts["run"]) or "").strip():
            yield self._error("run has no command", step)

    def _action_findings(self, node: Node) -> Iterator[Finding]:
        action = string(node) or ""
        if action.startswith("docker://"):
            return
        if action.startswith("./"):
            place = posixpath.normpath(action)
            if not any(path in self._files for path in (place, *(f"{place}/{name}" for name in _ACTION_FILES))):
                yield self._error(f"{shown(action)} is not in the app", node)
        elif not _ACTION.fullmatch(action):
            message = f"{shown(action)} needs the form owner/repository@version, for instance actions/checkout@v4"
            yield self._error(message, node)

    def _pages_findings(self, job: dict[str, Node], steps: list[Node]) -> Iterator[Finding]:
        deploying = next((step for step in steps if _uses(step).startswith("actions/deploy-pages@")), None)
        if deploying is None:
            return
        permissions = job.get("permissions", self._parts.get("permissions"))
        granted = {name: string(level) for name, level in entries(permissions).items()}
        if permissions is not None and string(permissions) == "write-all":
            return
        missing = [name for name in ("pages", "id-token") if granted.get(name) != "write"]
        if missing:
            lines = " and ".join(f"{name}: write" for name in missing)
            yield self._error(
                f"actions/deploy-pages needs {lines} under permissions of the job or the workflow", deploying
            )

    def _file_findings(self, job: dict[str, Node], steps: list[Node]) -> Iterator[Finding]:
        """Paths that the app lacks, up to the first step that may make files."""
        default_folder = entries(entries(job.get("defaults")).get("run")).get("working-directory")
        for step in steps:
            parts = entries(step)
            settings = entries(parts.get("with"))
            if "run" in parts:
                folder = parts.get("working-directory", default_folder)
                if folder is not None and not self._has_folder(string(folder) or ""):
                    yield self._error(f"the folder {shown(string(folder) or '')} is not in the app", folder)
                yield from self._command_findings(parts["run"])
            elif _uses(step).startswith("actions/upload-pages-artifact@"):
                place = string(settings["path"]) if "path" in settings else "_site/"
                if place is not None and not self._has_folder(place):
                    message = f"nothing has made the folder {shown(place)}: to publish the app as it is, set path to ."
                    yield self._error(message, settings.get("path") or step)
            if not _uses(step).startswith(_LEAVE_FILES_ALONE) or "repository" in settings:
                return

    def _command_findings(self, node: Node) -> Iterator[Finding]:
        names = {path.rpartition("/")[2] for path in self._files}
        is_block = getattr(node, "style", None) in {"|", ">"}
        for number, line in enumerate((string(node) or "").split("\n"), line_of(node) + is_block):
            if _MAKES_FILES.search(line):
                return
            if _NPM_CI.search(line) and not names & _NPM_LOCKS:
                yield self._finding(Severity.ERROR, "npm ci needs a package-lock.json: use npm install", number)
            for script in _SCRIPT.findall(line[:1000]):
                if script.rpartition("/")[2] not in names:
                    yield self._finding(Severity.WARNING, f"{shown(script)} is not in the app", number)

    def _has_folder(self, place: str) -> bool:
        """Whether the app has it, or it is no plain path."""
        path = posixpath.normpath(place)
        if not _PLAIN_PATH.fullmatch(place) or path in {".", "/"} or path.startswith(("/", "..")):
            return True
        return path in self._files or any(other.startswith(f"{path}/") for other in self._files)

    def _error(self, message: str, node: Node) -> Finding:
        return self._finding(Severity.ERROR, message, line_of(node))

    def _finding(self, severity: Severity, message: str, line: int) -> Finding:
        return Finding(severity, "workflow", message, self._path, line)


def _uses(step: Node) -> str:
    return string(entries(step).get("uses")) or ""
