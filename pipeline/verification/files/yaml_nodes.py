"""YAML as nodes with their lines: keys stay as they were written, and nothing is constructed."""

from collections.abc import Iterator

import yaml

from pipeline.verification.files.syntax import yaml_problem

_DEEPEST = 50
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Node = yaml.Node
Scalar = yaml.ScalarNode
Mapping = yaml.MappingNode
Sequence = yaml.SequenceNode


def yaml_root(text: str) -> Node | None:
    """The one document in ``text``; None when it is empty, no YAML, more than one, or nested too deeply."""
    if yaml_problem(text) or _is_too_deep(text):
        return None
    try:
        root: Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:  # what only composing finds: unknown aliases, a second document
        return None
    return root


def entries(node: Node | None) -> dict[str, Node]:
    """Key as written -> value of a mapping; empty for anything else. YAML 1.1 would read the key ``on`` as true."""
    if not isinstance(node, Mapping):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, Scalar)}


def repeated_keys(node: Node | None) -> Iterator[Scalar]:
    """Keys of a mapping that stand there a second time."""
    seen = set()
    for key, _ in node.value if isinstance(node, Mapping) else ():
        if isinstance(key, Scalar):
            if key.value in seen:
                yield key
            seen.add(key.value)


def items(node: Node | None) -> list[Node]:
    """What a sequence holds; empty for anything else."""
    return list(node.value) if isinstance(node, Sequence) else []


def string(node: Node | None) -> str | None:
    """The text of a scalar, whatever type YAML sees in it; None for anything else."""
    return str(node.value) if isinstance(node, Scalar) else None


def type_of(node: Node) -> str:
    """``str``, ``int``, ``float``, ``bool``, ``null``, ``map``, ``seq`` …, as YAML 1.1 resolves it."""
    return node.tag.rpartition(":")[2]


def line_of(node: Node) -> int:
    """Where it begins, from 1."""
    return int(node.start_mark.line) + 1


def _is_too_deep(text: str) -> bool:
    """Composing recurses, block collections too: ``- - - -``."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            return True
    return False
