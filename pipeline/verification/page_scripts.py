"""Checks that are page scripts, without a browser: at most they can be seen to fail."""

import re

from pipeline.verification.files.pages import Page
from pipeline.verification.inspection import Inspection, Ruling, failed, undecided

# A script that begins by asking for one element, and one that compares how many there are.
_ELEMENT_FIRST = re.compile(
    r"\s*(?:return\s)?\s*(?P<negation>!*)(?:window\.)?document\.(?:"
    r"querySelector\(\s*([\"'`])(?P<selector>[^`$\\]*?)\2\s*\)|"
    r"getElementById\(\s*([\"'`])(?P<id>[^\"'`$\\]*)\4\s*\))(?P<rest>.*)",
    re.DOTALL,
)
_COUNT = re.compile(
    r"\s*(?:return\s)?\s*(?:window\.)?document\.querySelectorAll\(\s*([\"'`])(?P<selector>[^`$\\]*?)\1\s*\)"
    r"\.length\s*(?:(?:===?|>=)\s*[1-9]\d*|>\s*\d+)\s*;?\s*"
)
# What makes nothing of a missing element: the end, "&&", a comparison with null. Anything else may turn it around.
_NEEDS_TRUTH = re.compile(r"\s*(?:&&[^|?,;]*|!==?\s*null)?\s*;?\s*")
_ATTRIBUTE_SELECTOR = re.compile(r"\[[^\]]*\]")


def judge_page_script(script: str, inspection: Inspection) -> Ruling:
    """Never a pass: the script was not run.

    A fail when it asks for an element that is not in the page, and the page has nothing that could add one.
    """
    page = inspection.entry
    if page is not None and not page.is_alive and (missing := _missing_element(script, page)):
        return failed(f"{page.path} has no {missing} and no script that could add it")
    return undecided("needs a browser: static verification does not run page scripts")


def _missing_element(script: str, page: Page) -> str | None:
    """The element without which ``script`` cannot come out true, if the page lacks it."""
    if count := _COUNT.fullmatch(script):
        return _not_in(page, count["selector"])
    asked = _ELEMENT_FIRST.fullmatch(script)
    if asked is None:
        return None
    throws_without_it = asked["rest"].startswith(".")
    wants_it = len(asked["negation"]) % 2 == 0 and _NEEDS_TRUTH.fullmatch(asked["rest"])
    if not throws_without_it and not wants_it:
        return None
    return _not_in(page, asked["selector"] if asked["id"] is None else f"#{asked['id']}")


def _not_in(page: Page, selector: str) -> str | None:
    """Say what ``selector`` needs and the page lacks, as far as ids and a single tag go; else None."""
    plain = _ATTRIBUTE_SELECTOR.sub("", selector)
    if "," in plain or ":" in plain:
        return None
    ids = {name.lower() for name in page.ids}  # pages without a doctype do not tell cases apart
    for name in re.findall(r"#([\w-]+)", plain):
        if name.lower() not in ids:
            return f'element with the id "{name}"'
    if re.fullmatch(r"[a-z][a-z0-9]*", selector) and page.tree.css_first(selector) is None:
        return f"<{selector}> element"
    return None
