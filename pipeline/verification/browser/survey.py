"""What an open page shows that no check asked about: whether there is anything to see, and whether all can use it."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import CDPSession

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.problems import shown

MOST_BARRIERS = 8
"""Rules of axe whose breaches are told: a page that breaks more is mended step by step."""

LONGEST_MESSAGE = 400

_OWN_CODE = (".html", ".htm", ".js", ".mjs", ".css")  # all else is data, which may be shown as it is
_NAMED = re.compile(r"(?:#|\bgetElementById\(\s*[\"'`])([A-Za-z][\w-]*)")
_READS = re.compile(r"\b(?:textContent|innerText|innerHTML|value)\b")

# A page may scroll sideways within an element of its own; what counts is the whole page.
OVERFLOW = """(() => {
  const root = document.documentElement, hidden = ["hidden", "clip"];
  if (root.scrollWidth <= innerWidth + 1) return "";
  if ([root, document.body].some(e => e && hidden.includes(getComputedStyle(e).overflowX))) return "";
  const wide = [...document.body.querySelectorAll("*")].find(e => e.getBoundingClientRect().right > innerWidth + 1);
  const name = wide ? wide.localName + (wide.id ? "#" + wide.id : "") : "body";
  return `${root.scrollWidth} pixels wide; the first element that is too wide: ${name}`;
})()"""
"""How much wider than its window a page is, in words; empty when it is not."""

_IS_NONSENSE = re.compile(r"null|.{0,40}(?:\bundefined\b|\bNaN\b|\[object \w+\]).{0,40}", re.DOTALL)


@cache
def _script() -> str:
    own = Path(__file__).with_name("survey.js").read_text("utf-8")
    return f"{Path(AXE_FILE_PATH).read_text('utf-8')}\n;({own})"


def ids_in(checks: Iterable[Check]) -> frozenset[str]:
    """Of elements that ``checks`` name."""
    return frozenset(name for check in checks for name in _NAMED.findall(check.text))


async def survey(devtools: CDPSession, ids: Iterable[str], *, is_broken: bool) -> dict[str, Any]:
    """What is seen of the open page, elements with ``ids`` among it, in one go. Raises Playwright's Error.

    A page that is known to be broken is not waited for.
    """
    frame = (await devtools.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await devtools.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "survey"})
    here = {"contextId": world["executionContextId"], "awaitPromise": True, "returnByValue": True}
    expression = f"{_script()}({json.dumps(sorted(ids))}, {json.dumps(is_broken)})"
    found = (await devtools.send("Runtime.evaluate", {"expression": expression, **here}))["result"].get("value")
    return found if isinstance(found, dict) else {}


def survey_findings(
    seen: Mapping[str, Any], failed: Iterable[str], lacking: Collection[str], app: AppFiles
) -> Iterator[Finding]:
    """What is wrong with a page of which ``seen`` was seen; ``failed`` are scripts of checks that do not hold there.

    What may be so only because something was out of reach is a warning. ``lacking``: ``content`` and ``style``.
    """
    of_content = Severity.WARNING if "content" in lacking else Severity.ERROR
    of_style = Severity.WARNING if lacking else Severity.ERROR
    if seen.get("blank"):
        message = "the page shows nothing: no text, no picture, no control. Visitors see an empty page"
        yield Finding(of_content, "blank-page", message, "index.html")
    if conflict := seen.get("conflict"):
        message = f"the page shows the mark of an edit that was not carried out: {shown(conflict)}"
        yield Finding(Severity.ERROR, "conflict-marker", message, "index.html")
    data = (app.text(path) or "" for path in app if not path.endswith(_OWN_CODE))
    if (markup := seen.get("markup")) and not any(markup in text for text in data):
        message = f"the page shows markup as text, as if it had been escaped once too often: {shown(markup)}"
        yield Finding(Severity.ERROR, "markup-as-text", message, "index.html")
    if overflow := seen.get("overflow"):
        message = f"on a phone the page scrolls sideways: it is {shown(overflow, 200)}"
        yield Finding(of_style, "too-wide-for-phones", message, "index.html")
    read = {name for script in failed if _READS.search(script) for name in _NAMED.findall(script)}
    for name, value in seen.get("values", {}).items():
        if _IS_NONSENSE.fullmatch(value) or (name in read and not value):
            message = f"#{name}, which a check names, shows {shown(value) or 'nothing'}"
            yield Finding(of_content, "no-value", message, "index.html")
    for barrier in seen.get("barriers", [])[:MOST_BARRIERS]:
        message = shown(f"{barrier['what']}. {' '.join(barrier['how'].split())}", LONGEST_MESSAGE)
        yield Finding(of_style, f"axe-{barrier['rule']}", message, "index.html")
