"""A library is loaded by the page, or none is."""

import re
from urllib.parse import urlsplit

from pipeline.domain.verdict import Outcome
from pipeline.verification.inspection import Inspection, Ruling, failed, passed, undecided
from pipeline.verification.prose.code import code_of, live_code, script_addresses, style_addresses
from pipeline.verification.prose.files import all_of
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import OPENING, PAGE

MOST_WORDS = 3
_BUNDLE = 30_000  # characters: a script of the app's own that is longer may hold a library
_HOSTS = {
    "jsdelivr": "jsdelivr.net", "unpkg": "unpkg.com", "cdnjs": "cdnjs.cloudflare.com", "google": "googleapis.com",
    "skypack": "skypack.dev", "esm.sh": "esm.sh",
}  # fmt: skip
# Of other words in small letters nothing is said when nothing of this name is loaded.
_WELL_KNOWN = re.compile(
    r"alpine|angular|animejs|axios|bootstrap|bulma|chartjs|cytoscape|d3|dayjs|echarts|ethers|fullcalendar|gsap"
    r"|handlebars|highlight|hljs|htmx|jquery|jszip|katex|leaflet|lodash|luxon|marked|markdown-it|mathjax|mermaid|moment"
    r"|mustache|p5|papaparse|phaser|pico|plotly|preact|prism|pyodide|react|showdown|swiper|tailwind|tailwindcss|three"
    r"|tone|underscore|vega|vue|xlsx"
)
_NO_LIBRARY = re.compile(
    r"page|it|data|site|app|javascript|css|scripts?|styles?|stylesheet|image|content|library|libraries|everything|fonts?"
)
_SUFFIXES = (
    r"(?:[.-](?:min|bundle|umd|esm|prod|global|slim|common|module|production|development|pkgd|all"
    r"|iife|cjs|full|auto|core|web|browser))*"
)
_ELSEWHERE = re.compile(r"(?:https?:)?//")

_ONE = (
    r"(\"[^\"]+\"|(?!is |within |in |on |under |after |with |at )[\w.@+-]+"
    r"( (?!is |and |on |with |in |for )[\w.@+-]+){0,2}?)"
)
_LIB = rf"(?P<library>(both )?{_ONE}((, and |, | and ){_ONE})*?)"
_WHERE = (
    r"((?P<cdn> (from|via|by|through|using|with|over) (CDN|content delivery network)( link)?)"
    r"|( CDN)? (from|via|through|using) (?P<host>([\w-]+\.)*[\w-]+)( CDN)?)?"
)
_PIECE = r"( (library|framework|script|stylesheet|style sheet|css|js|styles|link|package|script tag|CSS and JS))*"
_OTHER, _KINDS = "(external |third-party |additional |other )+", "(libraries|library|dependencies|frameworks?|scripts?)"


@recognises(rf"({PAGE}|code|script) uses {_LIB}( (library|framework))?{_WHERE}")
def _is_used(said: Said) -> Ruling:
    """Loaded, and named in a script; a style sheet is used by being loaded."""
    bare = re.sub(r"[. ]?js$", "", said["library"].strip('"').lower())
    if not _WELL_KNOWN.fullmatch(bare) and not said["library"].lower().endswith(".js"):
        raise Unclear
    ruling = _are_loaded(said)
    is_plain = ruling.evidence.endswith(".css") or re.sub(r"\W", "", bare) in live_code(said.inspection).lower()
    if ruling.outcome is not Outcome.PASS or is_plain:
        return ruling
    return undecided(f"{ruling.evidence}, but whether a script uses it is not certain")


@recognises(
    rf"({OPENING})?{_LIB} (stylesheet|style sheet|css|script)( link| tag)* (exists|is (present|there|linked))",
    rf"{PAGE} (loads?|imports?|pulls in) {_LIB}{_PIECE}{_WHERE}",
    rf"{PAGE} has {_LIB} (library|framework|script tag|stylesheet|css){_WHERE}",
    rf"{_LIB}{_PIECE} is (loaded|has|imported|linked|included)( (on|by|in|into) (page|index\.html))?{_WHERE}",
    rf"(script|link|stylesheet)( tag)? (for|loads|of) {_LIB}( exists| is present| is has)?{_WHERE}",
)
def _are_loaded(said: Said) -> Ruling:
    """All of them; the first that is not certain to be is told."""
    names = re.split(r",? and |, ", re.sub(r"^both ", "", said["library"], flags=re.IGNORECASE))
    return all_of([_is_loaded(name, said) for name in names])


def _is_loaded(library: str, said: Said) -> Ruling:
    words = re.fullmatch(r"(.+?)(?:[ @]v?(\d+)(?:\.[\dx.]*)?)?", library.strip('"'))
    name, version = (words[1], words[2]) if words else ("", None)
    if not said.inspection.entry or not name or _NO_LIBRARY.fullmatch(name.lower()) or len(name.split()) > MOST_WORDS:
        raise Unclear
    addresses = [*script_addresses(said.inspection), *style_addresses(said.inspection)]
    found = [url for url in addresses if _is_of(url, name)]
    if not found:
        if library.startswith('"') or re.search(r"[A-Z\d.]", name) or _WELL_KNOWN.fullmatch(name.lower()):
            return _not_found(name, addresses, said.inspection)
        raise Unclear
    if said["host"] or said["cdn"]:
        host = said["host"].lower()
        elsewhere = [url for url in found if _ELSEWHERE.match(url)]
        found = [url for url in elsewhere if _HOSTS.get(host, host) in url]
        if not found:
            return failed(f"{name} is loaded from {', '.join(elsewhere) or 'a file of the app'}")
    if version:
        versions = [v for url in found for v in re.findall(r"(?:[@/-]v?|\.v)(\d+)(?=[./@-]|$)", url)]
        if version not in versions:
            known = f"is of version {versions[0]}, not {version}" if versions else "does not say its version"
            return (failed if versions else undecided)(f"{found[0]} {known}")
    return passed(f"the page loads {found[0]}")


def _not_found(name: str, addresses: list[str], inspection: Inspection) -> Ruling:
    slug = re.sub(r"[^a-z0-9]", "", re.sub(r"\.?js$", "", name.lower()))
    literals = re.findall(r"[\"'`]([^\"'`\s]*)[\"'`]", "\n".join(code_of(inspection)))
    for text in [*addresses, *literals]:
        if slug in re.sub(r"[^a-z0-9]", "", text.lower()) and re.search(r"/|\.(?:js|css|mjs)\b", text):
            return undecided(f"whether {text} is {name} is not certain")
    if _has_bundle(inspection, (".js", ".mjs")):
        return undecided(f"whether a long script of the app is {name} is not certain")
    if inspection.entry and inspection.entry.tree.css_first("iframe,frame,object"):
        return undecided("the page embeds others")
    loaded = ", ".join(addresses[:8]) or "no script or style sheet by an address"
    return failed(f"the page loads no {name}; it loads {loaded}")


def _has_bundle(inspection: Inspection, endings: tuple[str, ...]) -> bool:
    return any(len(inspection.files.text(path) or "") > _BUNDLE for path in inspection.files if path.endswith(endings))


def _is_of(url: str, name: str) -> bool:
    """Whether an address leads to the library of this name, and not to a plugin for it."""
    bare = re.sub(r"[ ._-]?(?:js|css)$", "", name.lower())
    slug = r"[-_.]?".join(map(re.escape, re.split(r"[ ._-]", bare)))
    parts = urlsplit(url if _ELSEWHERE.match(url) else f"//own/{url}")
    names = [re.sub(r"^@|@.*$", "", part) for part in parts.path.lower().split("/") if part]
    whole = rf"{slug}(?:[.-]?js)?(?:[-.]v?\d[\d.]*)?{_SUFFIXES}(?:\.(?:js|mjs|css))*|{slug}(?:js|css)"
    labels = (parts.hostname or "").split(".")[:-1]
    return any(re.fullmatch(whole, part) for part in names) or any(
        re.fullmatch(rf"{slug}(?:js|css)?", label) for label in labels
    )


@recognises(
    (
        rf"({PAGE}|code|it) (does not use|uses no|loads no|has no|does not load)( any)? {_OTHER}"
        rf"(css |javascript |js |style )?({_KINDS}|CDNs?|resources)"
    ),
    rf"(there is )?no {_OTHER}(css |javascript |js )?{_KINDS}( is (used|loaded))?",
)
def _uses_none(said: Said) -> Ruling:
    if said.inspection.entry is None:
        raise Unclear
    styles, scripts = style_addresses(said.inspection), script_addresses(said.inspection)
    asked = styles if re.search("css|style", said.text, re.IGNORECASE) else [*scripts, *styles]
    if foreign := [url for url in asked if _ELSEWHERE.match(url)]:
        are_fonts = all("fonts." in url for url in foreign)
        return (undecided if are_fonts else failed)(f"the page loads {', '.join(foreign)}")
    adds_scripts = re.search(r"createElement\(\s*[\"'`]script|import\(", live_code(said.inspection))
    if adds_scripts or _has_bundle(said.inspection, (".js", ".css")):
        return undecided("a script of the app may hold or load one")
    return passed("no script or style sheet comes from another host")
