"""Builds an app of our own: in round 1, or anew from all rounds when nobody else has changed the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles, path_collision, path_problem
from pipeline.domain.publication import SpaceSdk
from pipeline.generation.scaffold.describing import (
    file_links,
    lead_of,
    origins_of,
    page_links,
    shows_of,
    title_of,
)
from pipeline.generation.scaffold.given import Given, given
from pipeline.generation.scaffold.named_files import Site, first_with, is_placeholder, named_file
from pipeline.generation.scaffold.page import Frame, asset, page_script, whole_page
from pipeline.generation.scaffold.planning import plan
from pipeline.generation.scaffold.prose import FileWish
from pipeline.generation.scaffold.reading import Reading, Request, read
from pipeline.generation.scaffold.readme import Account, revised_readme, whole_readme
from pipeline.generation.scaffold.record import RECORD_PATH, Record, write_record
from pipeline.generation.scaffold.unmet import unmet
from pipeline.generation.scaffold.words import printable

_OWN_FILES = ("index.html", "README.md", RECORD_PATH)


@dataclass(frozen=True, slots=True)
class Built:
    """An app and what is to be said about it.

    Attributes:
        files: the whole app.
        shows: one line per part of the page.
        unmet: what the rules could not do.
    """

    files: AppFiles
    shows: Sequence[str]
    unmet: Sequence[str]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything an app is made from.

    Attributes:
        requests: one per round, oldest first.
        reading: of all of them.
        given: files that came with the briefs.
        wishes: files asked for by name that are not there.
    """

    requests: tuple[Request, ...]
    reading: Reading
    given: Given
    wishes: tuple[FileWish, ...]


def build(brief: Brief, base: AppFiles | None, record: Record | None, earlier_checks: Sequence[str]) -> Built:
    """Build the app.

    Args:
        brief: of this round.
        base: published files; None in round 1.
        record: of the rounds before; None in round 1.
        earlier_checks: texts of checks that go on holding.
    """
    material = _material(brief, base, record, earlier_checks)
    made, account = _make(brief, material)
    new = {path: content for path, content in made.items() if _may_write(path, base, record)}
    new["README.md"] = _readme(account, base).encode()
    if RECORD_PATH not in material.given.attachments:
        new[RECORD_PATH] = write_record(material.requests, material.given.media_types, made)
    return Built(around(material.given.attachments, base or {}, new), account.shows, account.unmet)


def around(attachments: Mapping[str, bytes], base: Mapping[str, bytes], made: Mapping[str, bytes]) -> AppFiles:
    """The whole app: attachments as they are, and of the rest whatever does not collide with their names."""
    others = {**base, **made}
    fitting = {path: content for path, content in others.items() if path_collision([*attachments, path]) is None}
    return AppFiles({**fitting, **attachments})


def wanted_files(reading: Reading, taken: Sequence[str]) -> tuple[FileWish, ...]:
    """Files asked for by name that can be made: safe paths that do not collide with ``taken``."""
    wishes: list[FileWish] = []
    for wish in reading.files:
        names = [*taken, *(each.name for each in wishes), wish.name]
        if path_problem(wish.name) is None and path_collision(names) is None:
            wishes.append(wish)
    return tuple(wishes)


def space_files(brief: Brief) -> dict[str, bytes]:
    """For Spaces that run a program: one that serves the page, with nothing but the standard library."""
    runs_a_program = brief.space_type not in {None, SpaceSdk.STATIC}
    return {"app.py": asset("space_app.txt").encode()} if runs_a_program else {}


def _material(brief: Brief, base: AppFiles | None, record: Record | None, earlier_checks: Sequence[str]) -> Material:
    request = Request.of(brief)
    earlier = tuple(each for each in record.requests if each != request) if record else ()
    known = {check.text for request in earlier for check in request.checks}
    unrecorded = tuple(
        check for text in earlier_checks if (check := Check.from_text(printable(text))).text not in known
    )
    requests = (*earlier, *([Request("", unrecorded)] if unrecorded else []), request)
    reading = read(requests)
    files = given([*_recorded(base, record), *brief.attachments])
    taken = dict.fromkeys([*_OWN_FILES, *files.attachments, *files.derived])
    return Material(requests, reading, files, wanted_files(reading, list(taken)))


def _recorded(base: AppFiles | None, record: Record | None) -> list[Attachment]:
    """Attachments of earlier rounds, as they are published."""
    if base is None or record is None:
        return []
    return [Attachment(name, kind, base[name]) for name, kind in record.attachments.items() if name in base]


def _make(brief: Brief, material: Material) -> tuple[dict[str, bytes], Account]:
    """The files that the rules make, but for README and record, and what to say about them."""
    reading, wishes, files = material.reading, material.wishes, material.given
    names = [wish.name for wish in wishes]
    paths = [*files.attachments, *files.derived, *names]
    the_plan = plan(reading, files.sources, paths)
    site = Site(
        title=title_of(brief, reading, files.sources),
        stylesheet=first_with(names, ".css"),
        site_scripts=tuple(name for name in names if name.lower().endswith((".js", ".mjs"))),
        follows_theme=any(part.role == "theme" for part in the_plan.parts),
        origins=origins_of(files, wishes) | {RECORD_PATH: "what the app was built from; the next round reads it"},
    )
    briefs = tuple(request.brief for request in material.requests if request.brief)
    frame = Frame(
        title=site.title,
        lead=lead_of(files),
        pages=page_links(wishes),
        files=file_links(files, wishes, reading, the_plan),
        libraries=reading.libraries,
        stylesheet=site.stylesheet,
        site_scripts=site.site_scripts,
        briefs=briefs,
        storage_key=reading.storage_key,
    )
    made = {wish.name: named_file(wish, site) for wish in wishes}
    empty = [name for name, content in made.items() if is_placeholder(content)]
    gaps = unmet(reading, the_plan, empty, page_script(the_plan, frame, paths))
    page = whole_page(the_plan, replace(frame, unmet=gaps), paths)
    made |= {"index.html": page.encode(), **files.derived} | space_files(brief)
    return made, Account(site.title, briefs, site.origins or {}, shows_of(the_plan), gaps)


def _may_write(path: str, base: AppFiles | None, record: Record | None) -> bool:
    """A file that somebody else made, or has changed since, is theirs."""
    return base is None or path not in base or (record is not None and record.is_untouched(path, base))


def _readme(account: Account, base: AppFiles | None) -> str:
    old = base.text("README.md") if base else None
    return revised_readme(old, account) if old is not None else whole_readme(account)
