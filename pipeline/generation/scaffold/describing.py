"""Titles, descriptions and links: what the page and the README say about the app."""

import re
from collections.abc import Iterable, Sequence

from pipeline.domain.brief import Brief
from pipeline.generation.scaffold.given import Given
from pipeline.generation.scaffold.markup import file_address
from pipeline.generation.scaffold.named_files import ask_of
from pipeline.generation.scaffold.page import FileLink
from pipeline.generation.scaffold.planning import Plan
from pipeline.generation.scaffold.prose import FileWish
from pipeline.generation.scaffold.reading import Reading
from pipeline.generation.scaffold.sources import Source
from pipeline.generation.scaffold.words import label_of, printable

_TASK_SUFFIX = re.compile(r"-[0-9a-f]{5,}$")
_SHORT = 140
_PAGES = (".html", ".htm")
_PARTS_OF_PAGES = (".css", ".js", ".mjs")
_MEANINGS = {
    "table": "the rows of {source}",
    "groups": "{column} of {source} for each {category}",
    "figure": "{how} of {column} in {source}",
    "values": "the {column} column of {source}",
    "filter": "narrows {source} to one {column}",
    "search": "narrows {source} as you type",
    "sort": "orders {source}",
    "limit": "narrows {source} by {column}",
    "currency": "converts sums with {source}",
    "reset": "puts all controls back",
    "records": "{source} as cards",
    "chart": "{column} by {category} from {source}, drawn as a chart",
    "quiz": "the questions of {source}",
    "rendered": "{source}, rendered",
    "raw": "{source}, as written",
    "origin": "says where the content comes from",
    "measure": "counts {what}",
    "tree": "{source} as a tree",
    "pairs": "{source} as a table",
    "image": "an image",
    "gallery": "all images",
    "tabs": "switches between views",
    "theme": "light or dark, remembered in this browser",
    "visits": "how often this browser has opened the page",
    "lookup": "asks {address}",
    "form": "shows back what was entered; nothing is sent",
    "counter": "a number that its buttons step",
    "adder": "a list that is kept in this browser",
    "clock": "the current {what}",
}


def title_of(brief: Brief, reading: Reading, sources: Sequence[Source]) -> str:
    """The title that was asked for, else that of an attached document, else the task's name."""
    attached = next((source.title for source in sources if source.title), "")
    return reading.title or attached or label_of(_TASK_SUFFIX.sub("", printable(brief.task))) or "App"


def lead_of(files: Given) -> str:
    """The sentence under the title."""
    names = list(files.attachments)
    if not names:
        return ""
    return f"From {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"From {names[0]}"


def shows_of(plan: Plan) -> tuple[str, ...]:
    """One line per part that has an id of its own or shows a file."""
    lines = []
    for part in plan.parts:
        if meaning := _MEANINGS.get(part.role):
            settings = {"how": "", "column": "", "category": "", "what": "", "address": ""} | dict(part.settings)
            settings["source"] = settings.get("source") or "the content"
            name = part.label or part.id if part.id.startswith("part-") else f"`#{part.id}`"
            lines.append(f"{name}: {' '.join(meaning.format(**settings).replace(' of  in', ' of rows in').split())}")
    return tuple(lines)


def origins_of(files: Given, wishes: Iterable[FileWish]) -> dict[str, str]:
    """Path -> how the file came about."""
    origins = {"index.html": "the page, made by fixed rules from the brief"}
    origins |= dict.fromkeys(files.attachments, "attached to the brief, kept byte for byte")
    origins |= dict.fromkeys(files.derived, "a table of an attached workbook, as CSV")
    origins |= {wish.name: _origin(wish) for wish in wishes}
    return origins


def _origin(wish: FileWish) -> str:
    if wish.name.lower().endswith(_PARTS_OF_PAGES):
        return "style or script of the pages, made by fixed rules"
    return "asked for by name, made by fixed rules; where a writer is needed, it says so"


def page_links(wishes: Iterable[FileWish]) -> tuple[FileLink, ...]:
    """Links to the other HTML pages."""
    pages = [wish.name for wish in wishes if wish.name.lower().endswith(_PAGES)]
    return tuple(FileLink(file_address(name), label_of(name.rpartition("/")[2].rpartition(".")[0])) for name in pages)


def file_links(files: Given, wishes: Iterable[FileWish], reading: Reading, plan: Plan) -> tuple[FileLink, ...]:
    """Links to everything that is no HTML page, no part of one, and not linked where it is shown."""
    linked = {part.label for part in plan.parts if part.label == part.settings.get("source")}
    links = [
        FileLink(file_address(name), name, f"attached, {len(content):,} bytes")
        for name, content in files.attachments.items()
        if name not in linked
    ]
    links += [FileLink(file_address(name), name, "from the workbook") for name in files.derived if name not in linked]
    own = [wish for wish in wishes if not wish.name.lower().endswith((*_PAGES, *_PARTS_OF_PAGES))]
    links += [FileLink(file_address(wish.name), wish.name, _about(wish)) for wish in own]
    if reading.says(r"(?-i:\bLICENSE\b)"):
        links.append(FileLink("LICENSE", "LICENSE", "MIT"))
    return tuple(links)


def _about(wish: FileWish) -> str:
    ask = ask_of(wish)
    return ask if len(ask) <= _SHORT else ask[: _SHORT - 1].rstrip() + "…"
