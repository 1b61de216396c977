"""All attachments of a brief as a model sees them, within one budget."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipeline.domain.brief import Attachment
from pipeline.domain.conversation import Image
from pipeline.domain.files import fold, is_code, path_problem
from pipeline.generation.attachments.description import DerivedFile, Description
from pipeline.generation.attachments.reading import (
    MAX_CELLS,
    MAX_JSON_CHARACTERS,
    MAX_TABLE_CHARACTERS,
    Kind,
    read,
    recognise,
)
from pipeline.generation.tokens import Density, cut_middle, estimate_tokens

MAX_IMAGES = 4
_MIN_SAMPLE_TOKENS = 40  # less than that says nothing
_UNSAFE_IN_NAME = re.compile(r"[^\w-]+")
_MAX_PART_NAME = 60


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One attachment as text: facts about it, then its content or a part of it.

    Not wrapped: the content is a stranger's. The media type may differ from what the sender claimed.
    """

    name: str
    media_type: str
    size: int
    text: str
    truncated: bool


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """All attachments: a part for each, images for models that see, and derived files, which ``<copy>`` can place."""

    parts: tuple[AttachmentPart, ...] = ()
    images: tuple[Image, ...] = ()
    derived: Mapping[str, bytes] = field(default_factory=dict)


def describe_attachments(
    attachments: Sequence[Attachment], *, token_budget: int = 24_000, per_file: int = 6_000
) -> AttachmentView:
    """Describe ``attachments`` in about ``token_budget`` tokens of text, none but code in more than ``per_file``.

    A file that needs less than its share leaves the rest to the others. Never raises for a file's content.
    """
    items = [recognise(attachment) for attachment in attachments]
    readers = {kind: max(1, sum(item.kind is kind for item in items)) for kind in Kind}
    descriptions = [
        read(
            item,
            table_characters=MAX_TABLE_CHARACTERS // readers[Kind.TABLE],
            json_characters=MAX_JSON_CHARACTERS // readers[Kind.JSON],
            cells=MAX_CELLS // readers[Kind.WORKBOOK],
        )
        for item in items
    ]
    derived: dict[str, bytes] = {}
    images: list[Image] = []
    facts = []
    for attachment, description in zip(attachments, descriptions, strict=True):
        names = _name_derived(attachment.name, description.derived, {a.name for a in attachments} | derived.keys())
        derived |= names
        shown = description.image if len(images) < MAX_IMAGES else None
        images += [shown] if shown else []
        facts.append(_facts(description, list(names), shown))
    needs = [
        min(
            token_budget if is_code(attachment.name) else per_file,
            _fact_tokens(text) + estimate_tokens(description.sample, description.density),
        )
        for attachment, text, description in zip(attachments, facts, descriptions, strict=True)
    ]
    shares = share_budget(needs, token_budget)
    parts = [
        _part(attachment, description, text, tokens)
        for attachment, description, text, tokens in zip(attachments, descriptions, facts, shares, strict=True)
    ]
    return AttachmentView(tuple(parts), tuple(images), derived)


def share_budget(needs: Sequence[int], budget: int) -> list[int]:
    """Who needs less than an equal share gets what it needs; the others share the rest equally."""
    shares = [0] * len(needs)
    left = budget
    waiting = sorted(range(len(needs)), key=lambda index: needs[index])
    for position, index in enumerate(waiting):
        shares[index] = min(needs[index], left // (len(waiting) - position))
        left -= shares[index]
    return shares


def _facts(description: Description, derived: Sequence[str], shown: Image | None) -> str:
    lines = [description.facts]
    if derived:
        lines.append(f"offered as CSV, to be placed with <copy>: {', '.join(derived)}")
    if description.image and not shown:
        lines.append(f"not shown: only {MAX_IMAGES} images are")
    return "\n".join(lines)


def _part(attachment: Attachment, description: Description, facts: str, tokens: int) -> AttachmentPart:
    shown = cut_middle(facts, Density.CODE, tokens)
    left = tokens - _fact_tokens(shown)
    sample = ""
    if estimate_tokens(description.sample, description.density) <= max(left, 0) or left >= _MIN_SAMPLE_TOKENS:
        sample = cut_middle(description.sample, description.density, left)
    is_cut = shown != facts or sample != description.sample
    text = f"{shown}\n\n{sample}" if sample else shown
    return AttachmentPart(
        attachment.name, description.media_type, len(attachment.content), text, is_cut or description.is_partial
    )


def _fact_tokens(facts: str) -> int:
    return estimate_tokens(facts, Density.CODE)


def _name_derived(name: str, files: Sequence[DerivedFile], taken: set[str]) -> dict[str, bytes]:
    """Names beside the attachment: ``<stem>.csv`` for all of it, ``<stem>-<part>.csv`` for a part."""
    stem = str(PurePosixPath(name).with_suffix(""))
    folded = {fold(other) for other in taken}
    named: dict[str, bytes] = {}
    for file in files:
        part = _UNSAFE_IN_NAME.sub("-", file.part).strip("-")[:_MAX_PART_NAME]
        base = f"{stem}-{part or 'part'}" if file.part else stem
        endings = ["", *(f"-{number}" for number in range(2, len(taken) + len(files) + 2))]
        free = next(path for ending in endings if fold(path := f"{base}{ending}.csv") not in folded)
        if not path_problem(free):
            folded.add(fold(free))
            named[free] = file.content
    return named
