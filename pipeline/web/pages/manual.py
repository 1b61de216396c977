"""The written pages of the reference: the Markdown files in ``reference/``, as they are and as HTML."""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise
from typing import Any

from pipeline.domain.errors import NotFound

_FOLDER = files("pipeline.web.pages")
_MARK = re.compile(r"^<!--.*?-->\n+", re.MULTILINE)
_OTHER_PAGE = re.compile(r"([a-z-]+)\.md(#.*)?")


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: the last part of its address.
        text: Markdown, in which other pages of the folder are named as files.
    """

    name: str
    text: str

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.text.partition("\n")[0].removeprefix("# ")

    @cached_property
    def html(self) -> str:
        """As a page, with links to the others."""
        return _in_frame(title=self.title, body=_rendered(self.text), here="", api="../docs", name=self.name)


@cache
def pages() -> dict[str, Page]:
    """All pages, by name."""
    found = sorted(file.name for file in (_FOLDER / "reference").iterdir() if file.name.endswith(".md"))
    texts = {name.removesuffix(".md"): (_FOLDER / "reference" / name).read_text("utf-8") for name in found}
    return {name: Page(name, _MARK.sub("", text)) for name, text in texts.items()}


def missing_page() -> NotFound:
    """The error that names the pages there are."""
    return NotFound(f"there is no such page; there are: {', '.join(pages())}")


def missing_page_html() -> str:
    """The same for people."""
    return _in_frame(title="Not found", body="<h1>There is no such page</h1>", here="", api="../docs", name="")


@cache
def interactive_html() -> str:
    """The frame of Swagger UI."""
    return _in_frame(title="API", body="", here="docs/", api="docs", name="")


def _in_frame(**given: str) -> str:
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string((_FOLDER / "page.html").read_text("utf-8"))
    return template.render(given, pages=pages().values())


def _rendered(text: str) -> Any:
    """HTML; headings have the anchors that GitHub gives them, tags in the text are text."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            words = re.sub(r"[^\w\s-]", "", content.content.lower())
            token.attrSet("id", re.sub(r"\s", "-", words))
        for link in token.children or ():
            if link.type == "link_open" and (other := _OTHER_PAGE.fullmatch(str(link.attrGet("href")))):
                link.attrSet("href", other[1] + (other[2] or ""))
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - our own text, tags escaped
