"""The code of an app without its comments, and the addresses from which its pages load code and styles."""

import re

from pipeline.verification.inspection import Inspection

# Strings are kept; what looks like a comment within one is part of it.
_COMMENT = re.compile(
    r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL
)
_IMPORTED = re.compile(
    r"\b(?:from|import)\s*\(?\s*[\"'`]([^\"'`\s]+)[\"'`]|\bimportScripts\(\s*[\"'`]([^\"'`]+)[\"'`]"
    r"|\.(?:src|href)\s*=\s*[\"'`]([^\"'`\s]+)[\"'`]"
)
_STYLE_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"')\s]+)")
STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")


def _without_comments(code: str) -> str:
    return _COMMENT.sub(lambda found: found[1] or " ", code)


def code_of(inspection: Inspection) -> list[str]:
    """Every script of the app: in its pages, in their attributes, and in files."""
    pages = inspection.pages.values()
    inline = [script.code for page in pages for script in page.scripts if script.kind != "json"]
    attributes = (each for page in pages for node in page.tree.css("*") for each in node.attributes.items())
    handlers = [value for name, value in attributes if name.startswith("on") and value]
    return [*inline, *handlers, *_texts(inspection, r".*\.(?:m?js|jsx|ts|tsx)")]


def live_code(inspection: Inspection) -> str:
    """All scripts of the app in one text, without comments."""
    return "\n".join(map(_without_comments, code_of(inspection)))


def styles_of(inspection: Inspection) -> str:
    """All styles of the app in one text, without comments."""
    pages = inspection.pages.values()
    inline = [node.attributes.get("style") or "" for page in pages for node in page.tree.css("[style]")]
    sheets = [style.text for page in pages for style in page.styles]
    return "\n".join([*inline, *map(_without_comments, [*sheets, *_texts(inspection, r".*\.css")])])


def script_addresses(inspection: Inspection) -> list[str]:
    """Whence the first page and the scripts of the app load code."""
    scripts = inspection.entry.scripts if inspection.entry else ()
    tags = [script.src for script in scripts if script.src]
    maps = [url for s in scripts if s.kind == "json" for url in re.findall(r'"(https?://[^"]+)"', s.code)]
    return [*tags, *maps, *(next(filter(None, groups)) for groups in _IMPORTED.findall(live_code(inspection)))]


def style_addresses(inspection: Inspection) -> list[str]:
    """Whence the first page and the style sheets of the app load styles."""
    page = inspection.entry
    links = [link.attributes for link in page.tree.css("link[href]")] if page else []
    found = [link["href"] or "" for link in links if "stylesheet" in (link.get("rel") or "stylesheet").lower()]
    sheets = [style.text for style in page.styles] if page else []
    sheets += _texts(inspection, r".*\.css")
    return [*found, *(url for sheet in sheets for url in _STYLE_IMPORT.findall(_without_comments(sheet)))]


def _texts(inspection: Inspection, pattern: str) -> list[str]:
    return [text for path in inspection.files if re.fullmatch(pattern, path) and (text := inspection.files.text(path))]
