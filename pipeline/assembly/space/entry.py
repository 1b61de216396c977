"""Which kind of Space a set of files is, and where it starts."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from pipeline.assembly.space.python import imports_of
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import sdk_of

_USUAL_NAMES = ("app.py", "main.py", "streamlit_app.py", "server.py", "run.py", "demo.py")
_COMMAND = re.compile(r"^\s*(?:CMD|ENTRYPOINT)\s(?P<words>.*)", re.IGNORECASE | re.MULTILINE)
_PYTHON_FILE = re.compile(r"(?<![\w./-])(?:\./)?([\w./-]+\.py)(?![\w])")
_MODULE = re.compile(r"(?<![\w.:/-])([A-Za-z_][\w.]*):[A-Za-z_]\w*")
_MOST_READ_BYTES = 512 * 1024

Imports = Mapping[str, frozenset[str]]
"""By path of a Python file: top-level names of the modules that it imports."""


def infer_kind(files: AppFiles, imports: Imports) -> SpaceSdk:
    """The kind of Space that ``files`` are made for.

    A Dockerfile decides first, then a card whose kind the files can be, then what the Python that the app starts from
    imports, then a page; static where a page could be all there is.
    """
    if "Dockerfile" in files:
        return SpaceSdk.DOCKER
    declared = sdk_of(files)
    if declared in set(SpaceSdk) and find_entry(files, imports, SpaceSdk(declared)):
        return SpaceSdk(declared)
    for kind in (SpaceSdk.STREAMLIT, SpaceSdk.GRADIO):
        entry = find_entry(files, imports, kind)
        if entry and kind in imports[entry]:
            return kind
    if _page(files, None):
        return SpaceSdk.STATIC
    return SpaceSdk.DOCKER if _program(imports, SpaceSdk.DOCKER, None) else SpaceSdk.STATIC


def find_entry(files: AppFiles, imports: Imports, kind: SpaceSdk, named: str | None = None) -> str | None:
    """The file that an app of this kind starts from, or None.

    Args:
        files: the app.
        imports: of its Python files.
        kind: of Space.
        named: by its card (``app_file``), or None.
    """
    if kind is SpaceSdk.STATIC:
        return _page(files, named)
    if kind is not SpaceSdk.GRADIO and "Dockerfile" in files:
        return _started_by(files.text("Dockerfile") or "", files) or _program(imports, kind, None)
    return _program(imports, kind, named)


def read_imports(files: AppFiles) -> Imports:
    """Of every Python file, as far as there are not too many of them."""
    imports, left = {}, _MOST_READ_BYTES
    for path, content in files.items():
        if path.endswith(".py"):
            left -= len(content)
            imports[path] = imports_of(content) if left >= 0 else frozenset()
    return imports


def _page(files: AppFiles, named: str | None) -> str | None:
    pages = [path for path in files if path.lower().endswith((".html", ".htm"))]
    if named in pages:
        return named
    pages = [path for path in pages if "/" not in path]
    if "index.html" in pages:
        return "index.html"
    return pages[0] if len(pages) == 1 else None


def _program(imports: Imports, kind: SpaceSdk, named: str | None) -> str | None:
    programs = list(imports)
    if named in programs:
        return named
    if "app.py" in programs:
        return "app.py"
    framework = [path for path in programs if kind in imports[path]] if kind is not SpaceSdk.DOCKER else []
    choices = framework or programs
    if usual := next((name for name in _USUAL_NAMES if name in choices), None):
        return usual
    in_root = [path for path in choices if "/" not in path]
    for candidates in (in_root, choices):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _started_by(dockerfile: str, files: AppFiles) -> str | None:
    """The Python file that the last command of a Dockerfile names, as a path or as ``module:variable``."""
    for command in reversed(_COMMAND.findall(re.sub(r"\\[ \t]*\r?\n", " ", dockerfile))):
        named = [path.removeprefix("/app/") for path in _PYTHON_FILE.findall(command)]
        named += [f"{module.replace('.', '/')}.py" for module in _MODULE.findall(command)]
        for path in named:
            if str(PurePosixPath(path)) in files:
                return str(PurePosixPath(path))
    return None
