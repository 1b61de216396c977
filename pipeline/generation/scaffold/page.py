"""The page itself: templates filled with parts, the script assembled from the functions that the parts need."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from pipeline.generation.scaffold.libraries import Library
from pipeline.generation.scaffold.markup import content
from pipeline.generation.scaffold.planning import Plan
from pipeline.generation.scaffold.sources import Kind

MARK = "code-to-deployment scaffold"
"""In the page's ``generator`` meta element: tells our own pages from those by another hand."""

_MODULES = (
    *("core", "scheme", "theme", "visits", "tables", "figures", "controls", "records", "chart", "quiz", "markdown"),
    *("documents", "trees", "images", "tabs", "memory", "lookup", "forms", "small", "start"),
)
"""Files of the page's own functions, in the order in which they stand in it."""

_MODULES_OF_ROLE = {
    "figure": "tables figures",
    "table": "tables",
    "groups": "tables",
    "values": "tables",
    "filter": "tables controls",
    "search": "tables controls",
    "limit": "tables controls",
    "sort": "tables controls",
    "currency": "tables controls",
    "reset": "tables controls",
    "records": "tables records",
    "chart": "tables chart",
    "quiz": "tables quiz",
    "rendered": "documents",
    "raw": "documents",
    "origin": "documents",
    "measure": "documents",
    "tree": "tables trees",
    "pairs": "tables trees",
    "image": "images",
    "gallery": "images",
    "tabs": "tabs",
    "theme": "theme",
    "visits": "visits",
    "lookup": "tables lookup",
    "memory": "memory",
    "form": "forms",
    "counter": "small",
    "adder": "small",
    "clock": "small",
    "deed": "small",
    "clear": "small",
    "idle": "small",
}
_UNSAFE_IN_SCRIPT = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>"}


@dataclass(frozen=True, slots=True)
class FileLink:
    """A link in the page's list of files."""

    href: str
    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the parts.

    Attributes:
        title: of the page.
        lead: a sentence under it, or "".
        pages: other HTML pages of the app.
        files: other files of the app.
        libraries: to load from CDNs.
        stylesheet: path of the CSS file that holds the style; "" = it stands in the page.
        site_scripts: paths of script files to load.
        briefs: texts of all rounds.
        unmet: what the rules could not do.
        storage_key: for what the visitor typed, or "".
    """

    title: str
    lead: str = ""
    pages: tuple[FileLink, ...] = ()
    files: tuple[FileLink, ...] = ()
    libraries: tuple[Library, ...] = ()
    stylesheet: str = ""
    site_scripts: tuple[str, ...] = ()
    briefs: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    storage_key: str = ""


def whole_page(plan: Plan, frame: Frame, files: Sequence[str]) -> str:
    """A complete HTML document."""
    has_bootstrap = any(library.name == "bootstrap" for library in frame.libraries)
    return render(
        "page.html",
        mark=MARK,
        title=frame.title,
        lead=frame.lead,
        pages=frame.pages,
        files=frame.files,
        styles=[address for library in frame.libraries for address in library.styles],
        scripts=[{"name": each.name, "address": address} for each in frame.libraries for address in each.scripts],
        stylesheet=frame.stylesheet,
        css=Markup(asset("page.css").rstrip()),  # noqa: S704 - our own file
        content=content(plan.parts, bootstrap=has_bootstrap),
        unmet=frame.unmet,
        briefs=frame.briefs,
        script=Markup(page_script(plan, frame, files)),  # noqa: S704 - our own functions and JSON without markup
        site_scripts=frame.site_scripts,
    )


def page_script(plan: Plan, frame: Frame, files: Sequence[str], *, title: str = "") -> str:
    """The page's own code: its data as one JSON value, then the functions that its parts need.

    Args:
        plan: parts and sources.
        frame: names the libraries and the storage key.
        files: paths of the app, for records that name images.
        title: to set at run time, for pages whose own title may not be rewritten.
    """
    parts = [
        {"id": part.id, "role": part.role, **part.settings} for part in plan.parts if part.role and ":" not in part.role
    ]
    sources = [
        {"name": source.name, "kind": source.kind, "shape": source.shape, "at": source.at}
        | ({"override": plan.override[0]} if plan.override and plan.override[1] == source.name else {})
        for source in plan.sources
    ]
    modules = "\n".join(asset(f"js/{name}.js") for name in _needed(plan, frame))
    modules = modules.replace("STORAGE_KEY", script_json(frame.storage_key))
    titled = f"document.title = {script_json(title)};\n" if title else ""
    page = script_json({"sources": sources, "parts": parts, "files": sorted(files)}, indent=1)
    return "\n".join(
        [
            "(() => {",
            '"use strict";',
            "",
            "// What this page shows: files to open, and the part that each element plays.",
            f"const PAGE = {page};",
            f"{titled}",
            f"{modules}}})();",
        ]
    )


def _needed(plan: Plan, frame: Frame) -> list[str]:
    needed = {"core", "start"}
    for part in plan.parts:
        needed |= set(_MODULES_OF_ROLE.get(part.role, "").split())
    for source in plan.sources:
        needed |= {"tables"} if source.is_view else {"documents"} if source.is_text else set()
        needed |= {"markdown"} if source.kind is Kind.MARKDOWN else set()
    if frame.storage_key:
        needed.add("memory")
    if "theme" not in needed and any(library.name == "bootstrap" for library in frame.libraries):
        needed.add("scheme")
    if "lookup" in needed:
        needed.add("tables")
    return [name for name in _MODULES if name in needed]


def script_json(value: Any, *, indent: int | None = None) -> str:
    """``value`` as ASCII JSON that is safe inside a script element: no tag or comment can be read out of it."""
    return json.dumps(value, indent=indent).translate(_UNSAFE_IN_SCRIPT)


def render(template: str, **values: Any) -> str:
    """Fill one of our templates; in HTML and SVG, values are escaped unless they are Markup."""
    return _environment().get_template(template).render(values).rstrip() + "\n"


@cache
def asset(path: str) -> str:
    """A file that ships with this package."""
    return resources.files(__package__).joinpath("templates", path).read_text("utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=select_autoescape(["html", "svg"]),
        loader=FunctionLoader(asset),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
