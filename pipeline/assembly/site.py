"""From what a generator gave to what is published."""

import re

from pipeline.assembly.attachments import with_attachments, with_canonical_name, with_file
from pipeline.assembly.gitignore import gitignore
from pipeline.assembly.licence import mit_licence
from pipeline.assembly.readme import readme
from pipeline.assembly.space.assembling import COPYRIGHT_HOLDER, assemble_space
from pipeline.assembly.space.pages import page_title
from pipeline.domain.brief import Brief
from pipeline.domain.documents import is_mit_licence
from pipeline.domain.errors import InvalidInput
from pipeline.domain.files import AppFiles, fold
from pipeline.domain.generation import Generation
from pipeline.domain.publication import SpaceSdk, Target
from pipeline.domain.space import sdk_of

_ASKED_FOR = re.compile(
    r"\.github/workflows\b"
    r"|(?<!no )(?<!without )\b(?:github[ -]actions?|workflows?|continuous integration|(?-i:CI))\b",
    re.IGNORECASE,
)


def assemble(
    generation: Generation, brief: Brief, target: Target, *, year: int, base: AppFiles | None = None
) -> AppFiles:
    """Add to the generated files what is code's work: attachments, LICENSE, README.md, .gitignore, .nojekyll.

    A Space gets its card, and one that runs a program what it needs to be built. Files of these names that came as
    attachments win over ours. The same input gives the same bytes. Of a revision, ``generation`` holds the published
    files too, and ``base`` is those alone: what is there and right stays as it is.
    """
    files = generation.files
    if not wants_workflows(brief):
        files = _without_workflows(files, base)
    files = with_attachments(files, brief, base)
    attached = {fold(attachment.name) for attachment in brief.attachments}
    if "license" not in attached:
        files = with_file(files, "LICENSE", _licence(files, brief, year, base))
    if ".nojekyll" not in attached and _is_static(files, brief, target):
        files = with_file(files, ".nojekyll", files.get(".nojekyll", b""))
    if ".gitignore" not in attached:
        files = with_file(files, ".gitignore", gitignore(files))
    if target is Target.HF_SPACE:
        files = _as_space(files, brief, year)
    if "readme.md" not in attached:
        files = with_canonical_name(files, "README.md")
        files = with_file(files, "README.md", readme(files, generation.made, brief, _title(files, brief)))
    return files


def _licence(files: AppFiles, brief: Brief, year: int, base: AppFiles | None) -> bytes:
    published = base if base is not None else files
    if brief.round > 1 and is_mit_licence(published.text("LICENSE") or ""):
        return published["LICENSE"]
    return mit_licence(year, COPYRIGHT_HOLDER).encode()


def _as_space(files: AppFiles, brief: Brief, year: int) -> AppFiles:
    """Give a README that was attached its card as well: without one, the Hub builds nothing."""
    try:
        return assemble_space(files, brief.space_type, title=_title(files, brief), year=year).files
    except InvalidInput:  # nothing to start from: verification says so, and the publisher refuses what has no card
        return files


def _is_static(files: AppFiles, brief: Brief, target: Target) -> bool:
    if target is not Target.HF_SPACE:
        return True
    if brief.space_type is None:
        return "index.html" in files and sdk_of(files) in {None, SpaceSdk.STATIC}
    return brief.space_type is SpaceSdk.STATIC


def _title(files: AppFiles, brief: Brief) -> str:
    """The page's own title, else the task in words."""
    title = page_title(files)
    if not title:
        title = " ".join(brief.task.replace("-", " ").replace("_", " ").split())
        title = title[:1].upper() + title[1:]
    return title.replace("<", "&lt;")


def wants_workflows(brief: Brief) -> bool:
    """Whether the brief or a check names a path under ``.github/workflows``, GitHub Actions, a workflow or CI.

    Workflow files run code in the owner's name: they are published only when they were asked for.
    """
    return any(_ASKED_FOR.search(text) for text in (brief.text, *(check.text for check in brief.checks)))


def _without_workflows(files: AppFiles, published: AppFiles | None) -> AppFiles:
    """Drop what is under ``.github``, except files that are ``published`` already in just this form."""
    dropped = [
        path
        for path in files
        if fold(path).startswith(".github/") and (published is None or published.get(path) != files[path])
    ]
    return files.without(*dropped)
