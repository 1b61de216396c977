"""The page links to files, and its links lead somewhere."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules, failed, passed, undecided
from pipeline.verification.prose.page import PAGE, ask
from pipeline.verification.prose.sentences import NAMES, listed_files, names_in
from pipeline.verification.said import Said

_ALL = r"(?:all|every|each)(?: of)?(?: required| above| other| listed| requested| these)*"
# Links are followed within the app; a null is thrown when there are others, which nobody can try here.
_LINKS_WORK = """
  const links = [...new Set([...document.links].map(a => a.href.split("#")[0]))].filter(h => /^https?:/.test(h));
  const own = links.filter(h => new URL(h).origin === location.origin);
  for (const link of own) if (!(await fetch(link)).ok) throw new Error(`${link} leads to nothing`);
  if (!isLocal && own.length < links.length) throw null;
  return say(links.length > 0, links.length ? `all of ${links.length} links lead somewhere` : "there are no links");
"""


def _links_to_listed_files(_said: Said, inspection: Inspection) -> Judgement:
    names = [name for name in listed_files(inspection.brief.text) if name != "index.html"]
    return _links_to(names, inspection) if names else undecided("the brief has no list of files to go by")


def _links_to_files(said: Said, inspection: Inspection) -> Judgement:
    return _links_to(names_in(said["files"]), inspection)


def _links_to(names: list[str], inspection: Inspection) -> Judgement:
    page = inspection.entry
    if page is None:
        return (
            undecided("index.html could not be read")
            if "index.html" in inspection.files
            else failed("there is no index.html")
        )
    linked = {re.sub(r"^\./|[?#].*$", "", url) for url in page.references}
    missing = [name for name in names if name not in linked]
    if not missing:
        return passed(f"index.html links to {', '.join(names)}")
    optional = {"LICENSE", "README.md"} if len(names) > len(set(names) & {"LICENSE", "README.md"}) else set()
    if page.is_alive:
        return ask(
            "const linked = [...document.links].map(a => a.getAttribute('href').replace(/^\\.\\/|[?#].*$/g, ''));"
            "const missing = names.filter(n => !linked.some(l => l === n || l.endsWith('/' + n)));"
            "return say(!missing.length || (missing.every(n => optional.includes(n)) ? null : false), "
            "missing.length ? `index.html does not link to ${missing.join(', ')}` : `index.html links to "
            "${names.join(', ')}`)",
            {"names": names, "optional": sorted(optional)},
        )
    evidence = f"index.html does not link to {', '.join(missing)}"
    return (
        undecided(f"{evidence}; whether that is asked for is not said")
        if set(missing) <= optional
        else failed(evidence)
    )


def _links_to_address(said: Said, _inspection: Inspection) -> Judgement:
    return ask(
        (
            "const found = [...document.links].map(a => a.href); const bare = u => "
            "u.replace(/^https?:\\/\\/(www\\.)?|\\/$/g, '');"
            "return say(found.some(h => bare(h) === bare(wanted) || (bare(h).startsWith(bare(wanted)) && "
            "null)) || (found.some(h => bare(h).includes(bare(wanted))) ? null : false), `it links to "
            "${list(found)}; asked for ${wanted}`)"
        ),
        {"wanted": said["url"]},
    )


def _links_work(said: Said, inspection: Inspection) -> Judgement:
    if broken := next((finding for finding in inspection.findings if finding.rule == "broken-link"), None):
        return failed(f"{broken.path}: {broken.message}")
    if any(page.is_alive for page in inspection.pages.values()):
        return ask(_LINKS_WORK, {"isLocal": bool(said["local"])})
    urls = (url for page in inspection.pages.values() for url in page.references)
    if not said["local"] and any(re.match(r"(?:https?:)?//", url) for url in urls):
        return undecided("every link within the app works; links to other sites were not tried")
    return passed("every link within the app leads to a file of the app")


_LOCAL = r"(?P<local>(?:local|internal|relative) )?"
RULES: Rules = (
    (rf"{PAGE} (?:links to|has links? to|references) {_ALL} (?:files?|assets?)(?: above)?", _links_to_listed_files),
    (rf"{PAGE} (?:links to|has links? to) {NAMES}", _links_to_files),
    (rf"(?:{PAGE} has |there is )?link to {NAMES}(?: exists| is present)?", _links_to_files),
    (rf"{PAGE} (?:links to|has link to) \"?(?P<url>https?://[^\s\"]+)\"?", _links_to_address),
    (rf"(?:all )?{_LOCAL}links (?:work|resolve|is valid)", _links_work),
    (rf"(?:there is )?no {_LOCAL}(?:broken|dead) links", _links_work),
)
