"""A library is loaded by the page, or none is."""

import re
from urllib.parse import urlsplit

from pipeline.domain.verdict import Outcome
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.code import code_of, live_code, script_addresses, style_addresses
from pipeline.verification.prose.page import OPENING, PAGE
from pipeline.verification.said import Said

_SUFFIXES = (
    r"(?:[.-](?:min|bundle|umd|esm|prod|global|slim|common|module|production|development|pkgd|all"
    r"|iife|cjs|full|auto|core|web|browser))*"
)
MOST_WORDS = 3
_BUNDLE = 30_000  # characters: a script of the app's own that is longer may hold a library
_HOSTS = {
    "jsdelivr": "jsdelivr.net",
    "unpkg": "unpkg.com",
    "cdnjs": "cdnjs.cloudflare.com",
    "google": "googleapis.com",
    "skypack": "skypack.dev",
    "esm.sh": "esm.sh",
}


def _are_loaded(said: Said, inspection: Inspection) -> Ruling | None:
    """All of them; the first that is not certain to be is told."""
    names = re.split(r",? and |, ", re.sub(r"^both ", "", said["library"], flags=re.IGNORECASE))
    rulings = [_is_loaded(name, said, inspection) for name in names]
    if None in rulings:
        return None
    known = [ruling for ruling in rulings if ruling]
    for outcome in (Outcome.FAIL, Outcome.NOT_VERIFIABLE):
        if told := next((ruling for ruling in known if ruling.outcome is outcome), None):
            return told
    return passed("; ".join(ruling.evidence for ruling in known))


def _is_used(said: Said, inspection: Inspection) -> Ruling | None:
    """Loaded, and named in a script; a style sheet is used by being loaded."""
    bare = re.sub(r"[. ]?js$", "", said["library"].strip('"').lower())
    if bare not in _WELL_KNOWN and not said["library"].lower().endswith(".js"):
        return None
    ruling = _are_loaded(said, inspection)
    slug = re.sub(r"\W", "", bare)
    if (
        ruling is None
        or ruling.outcome is not Outcome.PASS
        or ruling.evidence.endswith(".css")
        or slug in live_code(inspection).lower()
    ):
        return ruling
    return undecided(f"{ruling.evidence}, but whether a script uses it is not certain")


def _is_loaded(library: str, said: Said, inspection: Inspection) -> Ruling | None:
    words = re.fullmatch(r"(.+?)(?:[ @]v?(\d+)(?:\.[\dx.]*)?)?", library.strip('"'))
    name = words[1] if words else ""
    page = inspection.entry
    if page is None or not name or name.lower() in _NO_LIBRARY or len(name.split()) > MOST_WORDS:
        return None
    addresses = [*script_addresses(inspection), *style_addresses(inspection)]
    found = [url for url in addresses if _is_of(url, name)]
    if not found:
        is_name = library.startswith('"') or re.search(r"[A-Z\d.]", name) or name.lower() in _WELL_KNOWN
        return _not_found(name, addresses, inspection) if is_name else None
    host = said["host"].lower()
    elsewhere = [url for url in found if re.match(r"(?:https?:)?//", url)]
    if host or said["cdn"]:
        wanted = _HOSTS.get(host.removesuffix(" cdn"), host)
        found = [url for url in elsewhere if not host or wanted.split(" ")[0] in url]
        if not found:
            return failed(f"{name} is loaded from {', '.join(elsewhere) or 'a file of the app'}")
    version = words[2] if words else None
    if (
        version
        and (versions := [v for url in found for v in re.findall(r"(?:[@/-]v?|\.v)(\d+)(?=[./@-]|$)", url)])
        and version not in versions
    ):
        return failed(f"{found[0]} is of version {versions[0]}, not {version}")
    if version and not versions:
        return undecided(f"{found[0]} does not say its version")
    return passed(f"the page loads {found[0]}")


# Of other words in small letters nothing is said when nothing of this name is loaded.
_WELL_KNOWN = frozenset(
    re.findall(
        r"\S+",
        "alpine angular animejs axios bootstrap bulma chartjs cytoscape d3 dayjs echarts ethers fullcalendar gsap "
        "handlebars highlight hljs htmx jquery jszip katex leaflet lodash luxon marked markdown-it mathjax mermaid "
        "moment mustache p5 papaparse phaser pico plotly preact prism pyodide react showdown swiper tailwind "
        "tailwindcss three tone underscore vega vue xlsx",
    )
)
_NO_LIBRARY = frozenset(
    re.findall(
        r"\S+",
        "page it data site app javascript css script scripts style styles stylesheet image content library "
        "libraries everything font fonts",
    )
)


def _not_found(name: str, addresses: list[str], inspection: Inspection) -> Ruling:
    slug = re.sub(r"[^a-z0-9]", "", re.sub(r"\.?js$", "", name.lower()))
    others = [
        text
        for path in inspection.files
        if path.endswith((".js", ".mjs"))
        for text in [inspection.files.text(path) or ""]
    ]
    literals = re.findall(r"[\"'`]([^\"'`\s]*)[\"'`]", "\n".join(code_of(inspection)))
    maybe = [
        text
        for text in [*addresses, *literals]
        if slug in re.sub(r"[^a-z0-9]", "", text.lower()) and re.search(r"/|\.(?:js|css|mjs)\b", text)
    ]
    if maybe or any(len(text) > _BUNDLE for text in others):
        return undecided(f"whether {maybe[0] if maybe else 'a long script of the app'} is {name} is not certain")
    if inspection.entry and inspection.entry.tree.css_first("iframe,frame,object"):
        return undecided("the page embeds others")
    return failed(
        f"the page loads no {name}; it loads {', '.join(addresses[:8]) or 'no script or style sheet by an address'}"
    )


def _is_of(url: str, name: str) -> bool:
    """Whether an address leads to the library of this name, and not to a plugin for it."""
    bare = re.sub(r"[ ._-]?(?:js|css)$", "", name.lower())
    slug = r"[-_.]?".join(map(re.escape, re.split(r"[ ._-]", bare)))
    parts = urlsplit(url if re.match(r"(?:https?:)?//", url) else f"//own/{url}")
    names = [re.sub(r"^@|@.*$", "", part) for part in parts.path.lower().split("/") if part]
    label = rf"{slug}(?:js|css)?"
    is_host = any(re.fullmatch(label, part) for part in (parts.hostname or "").split(".")[:-1])
    whole = rf"{slug}(?:[.-]?js)?(?:[-.]v?\d[\d.]*)?{_SUFFIXES}(?:\.(?:js|mjs|css))*|{slug}(?:js|css)"
    of_package = [part for part in names if re.fullmatch(whole, part)]
    return bool(of_package) or is_host


def _uses_none(said: Said, inspection: Inspection) -> Ruling | None:
    if inspection.entry is None:
        return None
    foreign = [
        url for url in [*script_addresses(inspection), *style_addresses(inspection)] if re.match(r"(?:https?:)?//", url)
    ]
    if "css" in said.text.lower() or "style" in said.text.lower():
        foreign = [url for url in foreign if url in style_addresses(inspection)]
    if foreign:
        return (
            undecided(f"the page loads {foreign[0]}")
            if all("fonts." in url for url in foreign)
            else failed(f"the page loads {', '.join(foreign)}")
        )
    own = [
        path
        for path in inspection.files
        if path.endswith((".js", ".css")) and len(inspection.files.text(path) or "") > _BUNDLE
    ]
    if own or re.search(r"createElement\(\s*[\"'`]script|import\(", live_code(inspection)):
        return undecided("a script of the app may hold or load one")
    return passed("no script or style sheet comes from another host")


_ONE = (
    r"(?:\"[^\"]+\"|(?!is |within |in |on |under |after |with |at )[\w.@+-]+(?: (?!is |and |on |with "
    r"|in |for )[\w.@+-]+){0,2}?)"
)
_LIB = rf"(?P<library>(?:both )?{_ONE}(?:(?:, and |, | and ){_ONE})*?)"
_WHERE = (
    r"(?:(?P<cdn> (?:from|via|by|through|using|with|over) (?:CDN|content delivery network)(?: link)?)"
    r"|(?: CDN)? (?:from|via|through|using) (?P<host>(?:[\w-]+\.)*[\w-]+)(?: CDN)?)?"
)
_PIECE = r"(?: (?:library|framework|script|stylesheet|style sheet|css|js|styles|link|package|script tag|CSS and JS))*"
RULES: Rules = (
    (rf"(?:{PAGE}|code|script) uses {_LIB}(?: (?:library|framework))?{_WHERE}", _is_used),
    (
        (
            rf"(?:{OPENING})?{_LIB} (?:stylesheet|style sheet|css|script)(?: link| tag)* (?:exists|is "
            rf"(?:present|there|linked))"
        ),
        _are_loaded,
    ),
    (rf"{PAGE} (?:loads?|imports?|pulls in) {_LIB}{_PIECE}{_WHERE}", _are_loaded),
    (rf"{PAGE} has {_LIB} (?:library|framework|script tag|stylesheet|css){_WHERE}", _are_loaded),
    (
        (
            rf"{_LIB}{_PIECE} is (?:loaded|has|imported|linked|included)(?: (?:on|by|in|into) (?:page"
            rf"|index\.html))?{_WHERE}"
        ),
        _are_loaded,
    ),
    (
        rf"(?:script|link|stylesheet)(?: tag)? (?:for|loads|of) {_LIB}(?: exists| is present| is has)?{_WHERE}",
        _are_loaded,
    ),
    (
        (
            rf"(?:{PAGE}|code|it) (?:does not use|uses no|loads no|has no|does not load)(?: any)? "
            rf"(?:external |third-party |additional |other )+(?:css |javascript |js |style )?(?:libraries"
            rf"|library|dependencies|frameworks?|scripts?|CDNs?|resources)"
        ),
        _uses_none,
    ),
    (
        (
            r"(?:there is )?no (?:external |third-party |additional )+(?:css |javascript |js )?(?:libraries"
            r"|library|dependencies|frameworks?|scripts?)(?: is (?:used|loaded))?"
        ),
        _uses_none,
    ),
)
