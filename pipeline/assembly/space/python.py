"""Reading Python without running it: whether it is valid, what it imports and how its web app is called."""

import ast
import re
import sys

from pipeline.domain.python_source import parsing_quietly

MAX_SOURCE_BYTES = 256 * 1024
"""Longer files are not read: reading this much can take a second, and 200 MiB for its syntax tree."""

_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


class NotPython(Exception):
    """A source that this interpreter does not take.

    Attributes:
        problem: in words, without anything of the source.
        line: where, or None.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


def read_python(source: bytes) -> ast.Module:
    """The syntax tree of a whole file that could be run. Raises NotPython."""
    return _parsed(source, compiles=True)


def imports_of(source: bytes) -> frozenset[str]:
    """Top-level names of all modules that a file imports anywhere; of one that is not valid, what looks like it."""
    try:
        return frozenset(_imported(_parsed(source, compiles=False)))
    except NotPython:
        return frozenset(name.decode() for name in _IMPORT.findall(source))


def _parsed(source: bytes, *, compiles: bool) -> ast.Module:
    if len(source) > MAX_SOURCE_BYTES:
        raise NotPython(f"is longer than {MAX_SOURCE_BYTES} bytes")
    try:
        with parsing_quietly():
            tree = ast.parse(source)
            if compiles:
                compile(tree, "app", "exec", dont_inherit=True)  # finds what the grammar alone allows
    except SyntaxError as error:
        raise NotPython(_in_words(error), error.lineno) from None
    except (RecursionError, MemoryError):
        raise NotPython("is too complex to be read") from None
    except (ValueError, LookupError):
        raise NotPython("is not text in the encoding that it names") from None
    return tree


def _in_words(error: SyntaxError) -> str:
    """Without the parser's own message, which quotes the source."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    problem = f"is not valid Python {version}"
    if error.msg.startswith("f-string"):
        problem += ": before Python 3.12, quotes inside an f-string must differ from those around it"
    return problem


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def reads_name(tree: ast.Module, name: str) -> bool:
    """Whether ``name`` is read anywhere, as a variable."""
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) for node in ast.walk(tree)
    )


def assigns_name(tree: ast.Module, name: str) -> bool:
    """Whether ``name`` is given a value anywhere, as a variable."""
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store) for node in ast.walk(tree)
    )


def variable_of(tree: ast.Module, constructor: str) -> str | None:
    """The global variable that holds what ``constructor(…)`` made, or None."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)) if (
                _last_name(function) == constructor
            ):
                return name
    return None


def calls(tree: ast.Module, owner: str, method: str) -> bool:
    """Whether ``owner.method(…)`` is called anywhere."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if (name, attribute) == (
                owner,
                method,
            ):
                return True
    return False


def _last_name(function: ast.expr) -> str | None:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
