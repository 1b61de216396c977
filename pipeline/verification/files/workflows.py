"""What the workflows of an app do: their steps, when they run, and which files they make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

from pipeline.domain.files import WORKFLOW_FILE, AppFiles
from pipeline.verification.files.syntax import yaml_document

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_PATH = r"[\"']?(?:\./)?([\w][\w./-]*\.\w{1,10})[\"']?"
_MADE = re.compile(
    rf"(?:(?<![\d&])1?>>?\s*|\|\s*tee\s+(?:-a\s+)?|(?<!\S)(?:-o|--output(?:-file)?|--out)[ =]){_PATH}"
    rf"|(?<!\S)(?:cp|mv)\s+(?:-\w+\s+)*\S+\s+{_PATH}"
)
_WRITTEN = re.compile(
    r"open\(\s*[\"']([\w./-]+)[\"']\s*,\s*(?:mode=)?[\"'][wax]|Path\(\s*[\"']([\w./-]+)[\"']\s*\)\.write_"
    r"|\.to_(?:csv|json|html|excel)\(\s*[\"']([\w./-]+)[\"']"
)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file: what it is set off by, and of its steps the actions, and the commands without comments."""

    path: str
    events: tuple[str, ...]
    actions: tuple[str, ...]
    commands: str


def workflows(files: AppFiles) -> list[Workflow]:
    """Those of an app that are YAML."""
    return [read for path in files if WORKFLOW_FILE.fullmatch(path) and (read := _read(path, files.text(path) or ""))]


def made_in_ci(files: AppFiles) -> frozenset[str]:
    """Paths of files that a command of a workflow writes, or a Python file that it runs: they exist once it has run."""
    commands = "\n".join(workflow.commands for workflow in workflows(files))
    programs = "\n".join(
        files.text(path) or "" for path in files if path.endswith(".py") and PurePosixPath(path).name in commands
    )
    found = [*_MADE.findall(commands), *_WRITTEN.findall(programs)]
    paths = {next(filter(None, groups)).removeprefix("./") for groups in found}
    # What is deployed is often put into a folder of its own first: its address has no such folder.
    return frozenset(paths | {PurePosixPath(path).name for path in paths}) - files.keys()


def _read(path: str, text: str) -> Workflow | None:
    root = yaml_document(text)
    if not isinstance(root, yaml.MappingNode):
        return None
    on = next((value for key, value in root.value if key.value == "on"), None)
    values = list(_scalars(root))
    commands = "\n".join(_COMMENT.sub("", value) for key, value in values if key == "run")
    actions = tuple(value for key, value in values if key == "uses")
    return Workflow(path, tuple(_names(on)), actions, commands.replace("\\\n", " "))


def _names(on: yaml.Node | None) -> Iterator[str]:
    if isinstance(on, yaml.ScalarNode):
        yield on.value
    for item in on.value if isinstance(on, yaml.SequenceNode | yaml.MappingNode) else ():
        yield str(item[0].value if isinstance(item, tuple) else item.value)


def _scalars(root: yaml.Node) -> Iterator[tuple[str, str]]:
    """Each key with its value below ``root``, wherever the value is plain. Aliases may lead in circles."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from ((str(k.value), v.value) for k, v in node.value if isinstance(v, yaml.ScalarNode))
            left += [value for _, value in reversed(node.value)]
        else:
            left += reversed(node.value)
