"""How big the house is, held to its bounds: prints a table, and exits with 1 when a bound is broken.

The two totals are printed alone as long as they are above theirs: they are on their way down.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCE_LINES, TEST_LINES = 28_000, 33_000
MODULE_LINES, FUNCTION_LINES = 300, 50
BROAD_EXCEPTS = 3
SAME_LINES = 10

TEMPLATES = {".css", ".html", ".jinja", ".js", ".md", ".py", ".svg", ".txt", ".yml"}
BROAD = {"BaseException", "Exception"}
THIN = re.compile(r"(from|import) .*|[\W_]*")


def tracked(folder: str, endings: set[str]) -> list[Path]:
    """Files below ``folder`` that git knows or would not ignore, without those that are deleted."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]
    names = subprocess.run(listing, capture_output=True, check=True).stdout.decode().split("\0")
    return [path for path in map(Path, sorted(set(names) - {""})) if path.suffix in endings and path.exists()]


def lines(path: Path) -> list[str]:
    """The lines of a text file."""
    return path.read_text("utf-8").splitlines()


def long_functions(paths: list[Path]) -> Iterator[str]:
    """Functions over their bound, each with its place and its length."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield f"{path}:{node.lineno} {node.name}: {length} lines"


def broad_excepts(paths: list[Path]) -> Iterator[str]:
    """Places that catch, or suppress, whatever happens."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            caught: list[ast.expr | None] = []
            if isinstance(node, ast.ExceptHandler):
                caught = list(node.type.elts) if isinstance(node.type, ast.Tuple) else [node.type]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
                caught = list(node.args)
            if any(kind is None or ast.unparse(kind) in BROAD for kind in caught):
                yield f"{path}:{getattr(node, 'lineno', 0)}"


def same_words(paths: list[Path]) -> Iterator[str]:
    """Pairs of modules in which the same run of lines stands, imports and lone punctuation left out."""
    places: dict[tuple[str, ...], dict[Path, int]] = defaultdict(dict)
    for path in paths:
        told = [(number, text.strip()) for number, text in enumerate(lines(path), 1)]
        told = [(number, text) for number, text in told if not THIN.fullmatch(text)]
        for first in range(len(told) - SAME_LINES + 1):
            run = told[first : first + SAME_LINES]
            places[tuple(text for _, text in run)].setdefault(path, run[0][0])
    pairs = {tuple(found): found for found in places.values() if len(found) > 1}
    for found in pairs.values():
        yield " and ".join(f"{path}:{number}" for path, number in found.items())


def main() -> None:
    """Print each figure beside its bound, and below them what breaks one."""
    source, modules = tracked("pipeline", TEMPLATES), tracked("pipeline", {".py"})
    tests = tracked("tests", {".py"})
    figures: list[tuple[str, int, int]] = [
        ("lines of source, with templates", sum(len(lines(path)) for path in source), SOURCE_LINES),
        ("lines of tests", sum(len(lines(path)) for path in tests), TEST_LINES),
    ]
    for name, found, most in (
        (f"files over {MODULE_LINES} lines", [str(p) for p in modules + tests if len(lines(p)) > MODULE_LINES], 0),
        (f"functions over {FUNCTION_LINES} lines", list(long_functions(modules)), 0),
        ("broad excepts", list(broad_excepts(modules)), BROAD_EXCEPTS),
        (f"runs of {SAME_LINES} same lines in two modules", list(same_words(modules)), 0),
    ):
        figures.append((name, len(found), most))
        if len(found) > most:
            print("\n  ".join([f"{name}:", *found]), file=sys.stderr)
    for name, figure, most in figures:
        print(f"{'ok ' if figure <= most else 'OVER'} {name:<42} {figure:>7,} of {most:>7,}")
    sys.exit(any(figure > most for _, figure, most in figures[2:]))


if __name__ == "__main__":
    main()
