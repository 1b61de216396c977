"""Libraries that a brief may ask for by name, with pinned addresses on public CDNs.

An address holds the library's usual name literally, because checks look for it there
(``script[src*='highlight.js']``). Versions are pinned: an address without one changes under a published page.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_JSDELIVR = "https://cdn.jsdelivr.net/npm/"
_CDNJS = "https://cdnjs.cloudflare.com/ajax/libs/"


@dataclass(frozen=True, slots=True)
class Library:
    """A library on a CDN.

    Attributes:
        name: its usual name, as checks look for it.
        pattern: how a brief names it, as a regular expression.
        scripts: addresses of its scripts.
        styles: addresses of its stylesheets.
    """

    name: str
    pattern: str
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


LIBRARIES = (
    Library(
        "bootstrap",
        r"\bbootstrap\b",
        (_JSDELIVR + "bootstrap@5.3.3/dist/js/bootstrap.bundle.min.js",),
        (_JSDELIVR + "bootstrap@5.3.3/dist/css/bootstrap.min.css",),
    ),
    Library(
        "marked",
        r"\bmarked\.js\b|\bmarked\s+(?:library|parser|from)\b|\b(?:with|using|via|through)\s+marked\b(?!\s+(?:as|up)\b)"
        r"|\b(?:uses?|by|loads?|and|,)\s+marked\b(?!\s+(?:as|with|up|wrong|right|correct|by|in|on)\b)",
        (_JSDELIVR + "marked@15.0.12/marked.min.js",),
    ),
    Library(
        "highlight.js",
        r"\bhighlight\.?js\b|\bhljs\b",
        (_CDNJS + "highlight.js/11.11.1/highlight.min.js",),
        (_CDNJS + "highlight.js/11.11.1/styles/github-dark.min.css",),
    ),
    Library("chart.js", r"\bchart\.?js\b", (_JSDELIVR + "chart.js@4.4.9/dist/chart.umd.js",)),
    Library("d3", r"\bd3(?:\.js)?\b", (_JSDELIVR + "d3@7.9.0/dist/d3.min.js",)),
    Library(
        "leaflet",
        r"\bleaflet(?:\.js)?\b",
        (_JSDELIVR + "leaflet@1.9.4/dist/leaflet.js",),
        (_JSDELIVR + "leaflet@1.9.4/dist/leaflet.css",),
    ),
    Library("jquery", r"\bjquery\b", (_JSDELIVR + "jquery@3.7.1/dist/jquery.min.js",)),
    Library("papaparse", r"\bpapa\s?parse\b", (_JSDELIVR + "papaparse@5.4.1/papaparse.min.js",)),
    Library("dompurify", r"\bdompurify\b", (_JSDELIVR + "dompurify@3.1.6/dist/purify.min.js",)),
    Library(
        "katex",
        r"\bkatex\b",
        (_JSDELIVR + "katex@0.16.11/dist/katex.min.js",),
        (_JSDELIVR + "katex@0.16.11/dist/katex.min.css",),
    ),
    Library("mermaid", r"\bmermaid(?:\.js)?\b", (_JSDELIVR + "mermaid@11.4.1/dist/mermaid.min.js",)),
    Library("plotly", r"\bplotly(?:\.js)?\b", (_JSDELIVR + "plotly.js-dist-min@2.35.2/plotly.min.js",)),
    Library("alpinejs", r"\balpine\.?js\b", (_JSDELIVR + "alpinejs@3.14.8/dist/cdn.min.js",)),
    Library("vue", r"\bvue(?:\.js)?\b", (_JSDELIVR + "vue@3.5.13/dist/vue.global.prod.js",)),
    Library("lodash", r"\blodash\b", (_JSDELIVR + "lodash@4.17.21/lodash.min.js",)),
    Library("axios", r"\baxios\b", (_JSDELIVR + "axios@1.7.9/dist/axios.min.js",)),
    Library("dayjs", r"\bday\.?js\b", (_JSDELIVR + "dayjs@1.11.13/dayjs.min.js",)),
    Library("bulma", r"\bbulma\b", (), (_JSDELIVR + "bulma@1.0.2/css/bulma.min.css",)),
    Library("pico", r"\bpico\.?css\b", (), (_JSDELIVR + "@picocss/pico@2.0.6/css/pico.min.css",)),
    Library(
        "fontawesome",
        r"\bfont[\s-]?awesome\b",
        (),
        (_JSDELIVR + "@fortawesome/fontawesome-free@6.7.2/css/all.min.css",),
    ),
    Library("tailwind", r"\btailwind(?:css)?\b", ("https://cdn.tailwindcss.com/3.4.16",)),
)
USED_BY_THE_PAGE = frozenset({"bootstrap", "marked", "highlight.js", "chart.js"})

_REFUSED = re.compile(
    r"\b(?:no|without(?: any)?|avoid)\s+(?:external|third[- ]party|other|any)?\s*(?:librar|framework|dependenc|cdn)",
    re.IGNORECASE,
)


def libraries_named(sentences: Iterable[str], address_parts: Iterable[str]) -> tuple[Library, ...]:
    """The known libraries that sentences name, or that checks look for by a part of their address.

    A sentence that rules libraries out names none.
    """
    texts = [sentence for sentence in sentences if not _REFUSED.search(sentence)]
    parts = [part.lower() for part in address_parts if part]
    return tuple(
        library
        for library in LIBRARIES
        if any(re.search(library.pattern, text, re.IGNORECASE) for text in texts)
        or any(_is_part_of(part, library) for part in parts)
    )


def _is_part_of(part: str, library: Library) -> bool:
    addresses = [address.lower() for address in (*library.scripts, *library.styles)]
    distinctive = part.strip("/.") not in {
        "",
        "cdn",
        "http",
        "https",
        "jsdelivr",
        "min.js",
        "js",
        "css",
        "npm",
        "cdnjs",
    }
    about_library = library.name.replace(".", "") in part.replace(".", "") or part in library.name
    return distinctive and about_library and any(part in address for address in addresses)
