"""Sentences about what is in a page, as far as that does not depend on running it."""

import re

from pipeline.verification.inspection import Inspection, Rule, Ruling, failed, passed, undecided
from pipeline.verification.prose.sentences import NAMES, listed_files, names_in

ANY_ELEMENT = frozenset({"element", "node", "tag"})
_ELEMENT = (
    r"(?P<tag>element|node|tag|article|audio|a|button|canvas|dialog|div|fieldset|form|h[1-6]|iframe|img|input|label|li"
    r"|main|nav|ol|output|pre|progress|p|section|select|span|svg|table|tbody|textarea|ul|video)"
)
_ENTRY = r"\"?index\.html\"?"
PAGE = rf"(?:page|document|site|app|{_ENTRY})"
_TITLE = rf"(?:{PAGE} )?(?:has )?(?:title|<title>)"
_ALL = r"(?:all|every|each)(?: of)?(?: required| above| other| listed| requested)*"
_ID = r"[\"']?#?(?P<id>[\w-]+)[\"']?"

TITLE_IS = rf"{_TITLE} (?:is|equals|reads|is exactly|is set to) (?:exactly )?\"(?P<text>[^\"]+)\""
HAS_ID = rf"(?:{PAGE} has |there is )?{_ELEMENT}(?: element)? with id(?: of| =)? ?{_ID}(?: exists)?"
ID_EXISTS = rf"(?P<tag>element )?\"?#{_ID}\"?(?: element)? (?:exists|is present)(?: on page)?"
LINKS_WORK = r"(?:all )?(?P<local>(?:local|internal|relative) )?links (?:work|resolve|is valid)"
NO_BROKEN_LINKS = r"(?:there is )?no (?P<local>(?:local|internal|relative) )?(?:broken|dead) links"


def _unread(inspection: Inspection) -> Ruling:
    if "index.html" in inspection.files:
        return undecided("index.html could not be read")
    return failed("there is no index.html")


def _title_is(said: re.Match[str], inspection: Inspection) -> Ruling:
    page, wanted = inspection.entry, said["text"]
    if page is None:
        return _unread(inspection)
    if page.title == wanted and "document.title" not in page.source:
        return passed(f'the title of {page.path} is "{wanted}"')
    if page.is_alive:
        return undecided(f"a script may set the title of {page.path}: needs a browser")
    return failed(f'the title of {page.path} is "{page.title}"' if page.title else f"{page.path} has no title")


def _has_id(said: re.Match[str], inspection: Inspection) -> Ruling:
    page, name = inspection.entry, said["id"]
    tag = (said["tag"] or "element").strip().lower()
    if page is None:
        return _unread(inspection)
    tags = [element.tag for element in page.tree.css("[id]") if element.attributes.get("id") == name]
    if tags and (tag in ANY_ELEMENT or tags[0] == tag):
        return passed(f'{page.path} has <{tags[0]} id="{name}">')
    if page.is_alive:
        return undecided(f'no {tag} in the source of {page.path} has the id "{name}"; a script may add it')
    return failed(f'no {tag} in {page.path} has the id "{name}"')


def _links_to_listed_files(_said: re.Match[str], inspection: Inspection) -> Ruling:
    names = [name for name in listed_files(inspection.brief.text) if name != "index.html"]
    return _links_to(names, inspection) if names else undecided("the brief has no list of files to go by")


def _links_to_files(said: re.Match[str], inspection: Inspection) -> Ruling:
    return _links_to(names_in(said["files"]), inspection)


def _links_to(names: list[str], inspection: Inspection) -> Ruling:
    page = inspection.entry
    if page is None:
        return _unread(inspection)
    linked = {re.sub(r"^\./|[?#].*$", "", url) for url in page.references}
    missing = [name for name in names if name not in linked]
    if not missing:
        return passed(f"index.html links to {', '.join(names)}")
    evidence = f"index.html does not link to {', '.join(missing)}"
    if page.is_alive:
        return undecided(f"{evidence}; a script may add links")
    if set(missing) <= {"LICENSE", "README.md"} and len(missing) < len(names):
        return undecided(f"{evidence}; whether that is asked for is not said")
    return failed(evidence)


def _links_work(said: re.Match[str], inspection: Inspection) -> Ruling:
    broken = [finding for finding in inspection.findings if finding.rule == "broken-link"]
    if broken:
        return failed(f"{broken[0].path}: {broken[0].message}")
    if any(page.is_alive for page in inspection.pages.values()):
        return undecided("every link in the source works; scripts may add others")
    urls = (url for page in inspection.pages.values() for url in page.references)
    if not said["local"] and any(re.match(r"(?:https?:)?//", url) for url in urls):
        return undecided("every link within the app works; links to other sites were not tried")
    return passed("every link within the app leads to a file of the app")


RULES: tuple[tuple[str, Rule], ...] = (
    (TITLE_IS, _title_is),
    (HAS_ID, _has_id),
    (ID_EXISTS, _has_id),
    (rf"{_ENTRY} links to {_ALL} (?:files?|assets?)(?: above)?", _links_to_listed_files),
    (rf"{_ENTRY} links to {NAMES}", _links_to_files),
    (LINKS_WORK, _links_work),
    (NO_BROKEN_LINKS, _links_work),
)
