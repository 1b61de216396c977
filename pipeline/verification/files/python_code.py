"""Python of an app as a syntax tree, and what it imports. Nothing is run."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.domain.python_source import parsing_quietly

LONGEST = 256 * 1024
"""Characters of a file that is read here: a parser in Python would take too long for more."""

LONGEST_PROGRAM = 512 * 1024
"""Characters of all files of a program that are read here."""

_GIVEN_UP = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True, slots=True)
class Import:
    """A module of somebody else that a program needs.

    Attributes:
        module: dotted, as written.
        path: the file that imports it.
        line: from 1.
    """

    module: str
    path: str
    line: int


def python_tree(text: str) -> ast.Module | None:
    """``text`` parsed; None when it does not parse or is too long."""
    if len(text) > LONGEST:
        return None
    try:
        with parsing_quietly():
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def foreign_imports(entry: str, texts: Mapping[str, str]) -> list[Import]:
    """What the program that starts with the file ``entry`` imports beyond the standard library and its own modules.

    Its own modules are followed. Left out is what the program can do without: imports inside ``try`` that catches
    their failure, and those for type checkers. Every module of somebody else is named once.

    Args:
        entry: path of the first file.
        texts: path -> text of the app's files.
    """
    own = _paths_by_name(texts)
    waiting, seen = [entry], {entry}
    found: dict[str, Import] = {}
    left = LONGEST_PROGRAM
    while waiting and left > 0:
        path = waiting.pop()
        left -= len(texts.get(path, ""))
        tree = python_tree(texts.get(path, ""))
        for module, line in _needed_imports(tree) if tree else ():
            parts = module.removeprefix(".").split(".")
            if parts[0] in own:
                followed = {file for part in parts for file in own.get(part, ())} - seen
                seen |= followed
                waiting += sorted(followed)
            elif not module.startswith(".") and parts[0] not in sys.stdlib_module_names:
                found.setdefault(module, Import(module, path, line))
    return list(found.values())


def _paths_by_name(paths: Iterable[str]) -> dict[str, set[str]]:
    """Name under which a Python file may be imported, its own or a folder's -> such files."""
    found: dict[str, set[str]] = {}
    for path in paths:
        pure = PurePosixPath(path)
        if pure.suffix == ".py":
            for name in (pure.stem, *pure.parts[:-1]):
                found.setdefault(name, set()).add(path)
    return found


def _needed_imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Dotted name with the imported one as its last part, and line; those of relative imports begin with a dot."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = f"{'.' if node.level else ''}{node.module}." if node.module else "."
            yield from ((f"{package}{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Try) and any(map(_catches_import_error, node.handlers)):
            waiting += reversed([*node.orelse, *node.finalbody])
        elif isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            waiting += reversed(node.orelse)
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _is_for_type_checkers(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in {getattr(test, "id", None), getattr(test, "attr", None)}


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in _GIVEN_UP for node in ast.walk(handler.type))
