"""A folder on this machine -> the files of a Space."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import sdk_of
from pipeline.domain.space_rules import MAX_SPACE_BYTES, MAX_SPACE_FILES

LEFT_OUT = frozenset(
    {
        *(".git", ".gitmodules", ".hg", ".svn", ".env", ".ssh", ".DS_Store"),
        *(".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
    }
)
"""What belongs to the machine, or is secret; the Hub's own copy of a folder would be the poorer for them."""


class Folder(NamedTuple):
    """Files by their paths below the folder, and paths that were not read."""

    files: AppFiles
    left_out: tuple[str, ...]


def read_folder(folder: Path) -> Folder:
    """Read all files of ``folder`` but ``LEFT_OUT`` and symbolic links.

    Raises:
        InvalidInput: it is no folder, holds too much, or a path breaks the path rule.
    """
    if not folder.is_dir():
        raise InvalidInput(FieldProblem("FOLDER", f"{folder} is not a folder"))
    contents: dict[str, bytes] = {}
    left_out: list[str] = []
    size = 0
    try:
        for path, is_wanted in _paths(folder):
            name = path.relative_to(folder).as_posix()
            if not is_wanted:
                left_out.append(name)
                continue
            size += path.stat().st_size
            if len(contents) >= MAX_SPACE_FILES or size > MAX_SPACE_BYTES:
                limits = f"{MAX_SPACE_FILES} files or {MAX_SPACE_BYTES} bytes"
                raise InvalidInput(FieldProblem("FOLDER", f"holds more than {limits}"))
            contents[name] = path.read_bytes()
    except OSError as error:
        raise InvalidInput(FieldProblem("FOLDER", f"cannot be read: {error.strerror}")) from error
    return Folder(AppFiles(contents), tuple(sorted(left_out)))


def kind_of(files: AppFiles) -> SpaceSdk:
    """The kind that the card in README.md names, else the one that the files look like."""
    card = sdk_of(files)
    if card in set(SpaceSdk):
        return SpaceSdk(card)
    if "Dockerfile" in files:
        return SpaceSdk.DOCKER
    is_page = "index.html" in files and not any(path.endswith(".py") for path in files)
    return SpaceSdk.STATIC if is_page else SpaceSdk.GRADIO


def _paths(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Every file below ``folder``, and whether it is wanted; a folder that is not stands for all that is in it."""
    for place, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(place) / name
            if name in LEFT_OUT or path.is_symlink():
                yield path, False
            elif path.is_file():
                yield path, True
        folders[:] = [name for name in folders if name not in LEFT_OUT]
