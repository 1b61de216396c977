"""Adds to an app by another hand, a model's or a person's: lines that are there are never changed."""

import re
from collections.abc import Container

from markupsafe import Markup

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.generation.scaffold.builder import Built, around, space_files, wanted_files
from pipeline.generation.scaffold.describing import file_links, origins_of, shows_of, title_of
from pipeline.generation.scaffold.given import given
from pipeline.generation.scaffold.insertion import insert, mentions_id
from pipeline.generation.scaffold.markup import content
from pipeline.generation.scaffold.named_files import Site, is_placeholder, named_file
from pipeline.generation.scaffold.page import MARK, Frame, asset, page_script, render
from pipeline.generation.scaffold.planning import Plan, plan
from pipeline.generation.scaffold.reading import Request, read
from pipeline.generation.scaffold.readme import Account, added_section
from pipeline.generation.scaffold.record import RECORD_PATH
from pipeline.generation.scaffold.sources import Source, read_source
from pipeline.generation.scaffold.unmet import unmet

_DATA = (".csv", ".tsv", ".json", ".md", ".txt")
_NO_DATA = frozenset({"readme.md", "package.json", "package-lock.json", "requirements.txt", "robots.txt", RECORD_PATH})
_CODE = (".html", ".htm", ".js", ".mjs")


def add(brief: Brief, base: AppFiles) -> Built:
    """``base`` with one section added to its home page, the attachments, and the files asked for by name."""
    request = Request.of(brief)
    reading = read([request])
    new = given(brief.attachments)
    new_names = [*new.attachments, *new.derived]
    wishes = wanted_files(reading, list(dict.fromkeys([*base, *new_names])))
    paths = list(dict.fromkeys([*base, *new_names, *(wish.name for wish in wishes)]))
    code = [text for path in base if path.lower().endswith(_CODE) and (text := base.text(path))]
    existing = [element.id for element in reading.elements if mentions_id(element.id, code)]
    existing += [name for text in code for name in re.findall(r"\bpart-\d+\b", text)]
    the_plan = plan(reading, [*new.sources, *_data_of(base, new_names)], paths, existing, new_files=new_names)
    frame = Frame(
        title=title_of(brief, reading, []),
        files=file_links(new, wishes, reading, the_plan),
        libraries=tuple(each for each in reading.libraries if not any(each.name in text for text in code)),
        storage_key=reading.storage_key,
    )
    site = Site(frame.title, origins=origins_of(new, wishes))
    files = {wish.name: named_file(wish, site) for wish in wishes}
    script = page_script(the_plan, frame, paths, title=reading.title)
    empty = [name for name, content in files.items() if is_placeholder(content)]
    gaps = unmet(reading, the_plan, empty, "\n".join([*code, script]))
    if the_plan.parts or frame.files or frame.libraries or reading.title:
        files |= _pages(brief, base, the_plan, frame, script)
    account = Account(frame.title, [request.brief], {}, shows_of(the_plan), gaps)
    files["README.md"] = added_section(base.text("README.md") or f"# {frame.title}\n", brief.round, account).encode()
    files |= {**new.derived, **({} if "app.py" in base else space_files(brief))}
    attached = {name: content for name, content in new.attachments.items() if name != "index.html"}
    return Built(around(attached, base, files), account.shows, gaps)


def _data_of(base: AppFiles, new: Container[str]) -> list[Source]:
    """Data files of the app that new parts may build on."""
    names = [path for path in base if path.lower().endswith(_DATA) and path.lower() not in _NO_DATA]
    return [read_source(path, "", base[path]) for path in names if path not in new]


def _pages(brief: Brief, base: AppFiles, the_plan: Plan, frame: Frame, script: str) -> dict[str, bytes]:
    """The home page with the new section; other pages that the brief names follow a new choice of theme."""
    has_theme = any(part.role == "theme" for part in the_plan.parts)
    has_dark_style = any("data-theme" in (base.text(path) or "") for path in base if path.endswith((".css", ".html")))
    dark = asset("dark.css") if has_theme and not has_dark_style else ""
    block = render(
        "added.html",
        mark=MARK,
        round=brief.round,
        label=f"Added in round {brief.round}",
        styles=[address for library in frame.libraries for address in library.styles],
        scripts=[{"name": each.name, "address": address} for each in frame.libraries for address in each.scripts],
        css=Markup((asset("added.css") + dark).rstrip()),  # noqa: S704 - our own files
        content=content(the_plan.parts, bootstrap=False),
        files=frame.files,
        script=Markup(script),  # noqa: S704 - our own functions and JSON without markup
    )
    pages = {"index.html": insert(base["index.html"], block)}
    if has_theme:
        follow = f"<style>\n{dark}</style>\n<script>\n{asset('js/follow.js')}</script>\n"
        others = [
            path for path in base if re.fullmatch(r".+\.html?", path) and path != "index.html" and path in brief.text
        ]
        pages |= {path: insert(base[path], follow) for path in others}
    return {path: page for path, page in pages.items() if page is not None}
