"""Files that a brief asks for by name: small, valid and honest about what is missing in them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import yaml
from markupsafe import Markup

from pipeline.generation.scaffold.markup import file_address
from pipeline.generation.scaffold.page import MARK, asset, render
from pipeline.generation.scaffold.prose import FileWish
from pipeline.generation.scaffold.template_json import TO_BE_WRITTEN, fill_template
from pipeline.generation.scaffold.words import label_of

_HONEST_WORDS = (
    "Deterministic",
    "honest",
    "scaffold",
    "without",
    "any",
    "language",
    "model",
    "behind",
    "these",
    "words",
)
_EXACT_WORDS = re.compile(
    r"\b(?:in|exactly|of)\s+(one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\s+words?\b", re.IGNORECASE
)
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_STILL_OPEN = (TO_BE_WRITTEN, "is still to be written", "Placeholder: ", "but not attached")
_LINE = 46


@dataclass(frozen=True, slots=True)
class Site:
    """What named files have to know of the app.

    Attributes:
        title: of the home page.
        stylesheet: path of the CSS file that holds the style, or "".
        site_scripts: paths of script files for every page.
        follows_theme: the home page lets the visitor choose light or dark.
        origins: path -> how that file came about, for files that explain it.
    """

    title: str
    stylesheet: str = ""
    site_scripts: tuple[str, ...] = ()
    follows_theme: bool = False
    origins: Mapping[str, str] | None = None


def named_file(wish: FileWish, site: Site) -> bytes:
    """The content of ``wish``: what rules can know of it, and a plain word where a writer is needed."""
    extension = wish.name.rpartition(".")[2].lower()
    return _WRITERS[extension](wish, site).encode()


def is_placeholder(content: bytes) -> bool:
    """A writer or a model still has to supply what ``content`` should say."""
    return any(mark.encode() in content for mark in _STILL_OPEN)


def ask_of(wish: FileWish) -> str:
    """What the brief says about the file, without the bullet and the name before it."""
    text = re.sub(rf"^\s*(?:[-*•]|\d+[.)])?\s*[`'\"]?{re.escape(wish.name)}[`'\"]?\s*[:\u2013—-]?\s*", "", wish.context)
    return text.strip()


def _text(wish: FileWish, _site: Site) -> str:
    return _exact_words(wish) or f"{TO_BE_WRITTEN}\n\nThe brief asks for: {ask_of(wish) or wish.name}\n"


def _exact_words(wish: FileWish) -> str:
    """When the brief wants a handful of words, that many true ones."""
    match = _EXACT_WORDS.search(wish.context)
    if match is None:
        return ""
    count = _NUMBERS.index(match[1].lower()) if match[1].lower() in _NUMBERS else int(match[1])
    return " ".join(_HONEST_WORDS[:count]) + "\n" if 0 < count <= len(_HONEST_WORDS) else ""


def _markdown(wish: FileWish, site: Site) -> str:
    if exact := _exact_words(wish):
        return exact
    heading = label_of(wish.name.rpartition("/")[2].rpartition(".")[0])
    if site.origins and re.search(r"\bhow\b|\bsource", wish.context, re.IGNORECASE):
        rows = [f"- `{path}`: {origin}" for path, origin in site.origins.items()]
        return "\n".join([f"# {heading}", "", "How each file of this app came about:", "", *rows, ""])
    return f"# {heading}\n\n{TO_BE_WRITTEN}\n\nThe brief asks for:\n\n> {ask_of(wish) or wish.name}\n"


def _json(wish: FileWish, _site: Site) -> str:
    value = fill_template(wish.context)
    if value is None:
        value = {"note": TO_BE_WRITTEN, "asked": ask_of(wish) or wish.name}
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _svg(wish: FileWish, _site: Site) -> str:
    label = label_of(wish.name.rpartition("/")[2].rpartition(".")[0])
    lines = [*_wrapped(ask_of(wish) or label)[:3], "Placeholder: made without a language model."]
    return render("placeholder.svg", label=label, lines=lines)


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()[:_LINE]
    return lines


def _html(wish: FileWish, site: Site) -> str:
    label = label_of(wish.name.rpartition("/")[2].rpartition(".")[0])
    return render(
        "plain.html",
        mark=MARK,
        title=site.title,
        label=label,
        context=ask_of(wish),
        home=file_address("index.html", below=wish.name),
        here=file_address(wish.name.rpartition("/")[2]),
        stylesheet=file_address(site.stylesheet, below=wish.name) if site.stylesheet else "",
        css=Markup(asset("page.css").rstrip()),  # noqa: S704 - our own file
        script=Markup(asset("js/follow.js").rstrip()) if site.follows_theme else "",  # noqa: S704 - our own file
        site_scripts=[file_address(path, below=wish.name) for path in site.site_scripts],
    )


def _css(wish: FileWish, site: Site) -> str:
    return (
        asset("page.css")
        if wish.name == site.stylesheet
        else f"/* {wish.name}: nothing to add to the page's own style. */\n"
    )


def _script(wish: FileWish, site: Site) -> str:
    if site.site_scripts and wish.name == site.site_scripts[0]:
        return asset("js/site.js")
    return f"// {wish.name}: nothing to add to the page's own script.\n"


def _table(wish: FileWish, _site: Site) -> str:
    mark = "\t" if wish.name.endswith(".tsv") else ","
    return f"file{mark}note\n{wish.name}{mark}named in the brief but not attached\n"


def _xml(wish: FileWish, _site: Site) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<note file="{escape(wish.name)}">{escape(TO_BE_WRITTEN)}</note>\n'


def _yaml(wish: FileWish, _site: Site) -> str:
    if not wish.name.startswith(".github/workflows/"):
        return yaml.safe_dump({"note": TO_BE_WRITTEN}, allow_unicode=True)
    return asset("workflow.yml")


_WRITERS: dict[str, Callable[[FileWish, Site], str]] = {
    "txt": _text,
    "md": _markdown,
    "json": _json,
    "webmanifest": _json,
    "svg": _svg,
    "html": _html,
    "htm": _html,
    "css": _css,
    "js": _script,
    "mjs": _script,
    "csv": _table,
    "tsv": _table,
    "xml": _xml,
    "yml": _yaml,
    "yaml": _yaml,
}


def first_with(names: Sequence[str], *extensions: str) -> str:
    """The first of ``names`` with one of ``extensions``, or ""."""
    return next((name for name in names if name.lower().endswith(extensions)), "")
