"""The code of an app without its comments, and the addresses from which its pages load code and styles."""

import re

from pipeline.verification.files.pages import Page
from pipeline.verification.inspection import Inspection

# Strings are kept; what looks like a comment within one is part of it.
_COMMENT = re.compile(
    r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL
)
_IMPORTED = re.compile(
    r"\b(?:from|import)\s*\(?\s*[\"'`]([^\"'`\s]+)[\"'`]|\bimportScripts\(\s*[\"'`]([^\"'`]+)[\"'`]|\.(?:src|href)\s*=\s*[\"'`]([^\"'`\s]+)[\"'`]"
)
_STYLE_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"')\s]+)")
STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")


def without_comments(code: str) -> str:
    """``code`` of a script or a style sheet without its comments."""
    return _COMMENT.sub(lambda found: found[1] or " ", code)


def code_of(inspection: Inspection) -> list[str]:
    """Every script of the app: in its pages, in their attributes, and in files."""
    codes = [script.code for page in inspection.pages.values() for script in page.scripts if script.kind != "json"]
    codes += [_handlers(page) for page in inspection.pages.values()]
    files = (inspection.files.text(path) for path in inspection.files if re.search(r"\.(?:m?js|jsx|ts|tsx)$", path))
    return [*codes, *(text for text in files if text)]


def live_code(inspection: Inspection) -> str:
    """All scripts of the app in one text, without comments."""
    return "\n".join(map(without_comments, code_of(inspection)))


def _handlers(page: Page) -> str:
    nodes = page.tree.css("*")
    return "\n".join(
        value for node in nodes for name, value in node.attributes.items() if name.startswith("on") and value
    )


def script_addresses(inspection: Inspection) -> list[str]:
    """Whence the first page and the scripts of the app load code."""
    page = inspection.entry
    tags = [script.src for script in page.scripts if script.src] if page else []
    maps = [
        value
        for script in (page.scripts if page else ())
        if script.kind == "json"
        for value in re.findall(r'"(https?://[^"]+)"', script.code)
    ]
    return [*tags, *maps, *(next(filter(None, groups)) for groups in _IMPORTED.findall(live_code(inspection)))]


def style_addresses(inspection: Inspection) -> list[str]:
    """Whence the first page and the style sheets of the app load styles."""
    page = inspection.entry
    links = page.tree.css("link[href]") if page else []
    found = [
        link.attributes.get("href") or ""
        for link in links
        if "stylesheet" in (link.attributes.get("rel") or "stylesheet").lower()
    ]
    sheets = [style.text for style in page.styles] if page else []
    sheets += [inspection.files.text(path) or "" for path in inspection.files if path.endswith(".css")]
    return [*found, *(url for sheet in sheets for url in _STYLE_IMPORT.findall(without_comments(sheet)))]
