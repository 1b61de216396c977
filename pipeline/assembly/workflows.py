"""Workflow files run code in the owner's name: they are published only when they were asked for."""

import re

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles, fold

_ASKED_FOR = re.compile(
    r"\.github/workflows\b"
    r"|(?<!no )(?<!without )\b(?:github[ -]actions?|workflows?|continuous integration|(?-i:CI))\b",
    re.IGNORECASE,
)


def wants_workflows(brief: Brief) -> bool:
    """Whether the brief or a check names a path under ``.github/workflows``, GitHub Actions, a workflow or CI."""
    return any(_ASKED_FOR.search(text) for text in (brief.text, *(check.text for check in brief.checks)))


def without_workflows(files: AppFiles, published: AppFiles | None) -> AppFiles:
    """Drop what is under ``.github``, except files that are ``published`` already in just this form."""
    dropped = [
        path
        for path in files
        if fold(path).startswith(".github/") and (published is None or published.get(path) != files[path])
    ]
    return files.without(*dropped)
