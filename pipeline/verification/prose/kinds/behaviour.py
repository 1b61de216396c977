"""The page opens without errors and shows what it is opened with; what the app answers, and where its links lead."""

import re
from dataclasses import replace
from urllib.parse import quote

from pipeline.verification.inspection import Judgement, failed, needs_server, passed, undecided
from pipeline.verification.prose.files import still_page
from pipeline.verification.prose.page import ELEMENT, ask, found_in
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import NAMES, PAGE, SHOWS, TEXT, listed_files, names_in, told

_ERRORS = (
    r"((any )?((browser |developer )?console|javascript|js|script|uncaught|runtime)( console)"
    r"?( |/)?(or console |and console |or javascript )?errors?)"
)
_WHEN = (
    r"( (on|at|during|when|while|upon|in) (page )?(load(ing|ed|s)?|page loads?|startup|(browser )?console|it is opened"
    r"|(is )?opened))*"
)
_ANYWHERE = rf"({_ERRORS}|errors? in (browser )?console)"
_NO, _LOGGED, _RAISES = (
    "(no|zero)",
    "(logged|shown|thrown|printed)",
    "(has|throws?|logs?|produces?|raises|causes?|shows)",
)


@recognises(
    rf"{PAGE} (loads?|runs?|opens?|renders?|works?) (without|with no|free of|with zero) (any )?{_ANYWHERE}",
    rf"(there (is|exists) )?{_NO} {_ERRORS}( is (thrown|logged|shown|present|raised)| occurs?)?{_WHEN}",
    rf"(there is )?{_NO} errors? (is )?({_LOGGED} )?(in|to) (browser |javascript )?console{_WHEN}",
    rf"(browser )?console (is (free of|clear of|clean|without)|has no|shows no)( (javascript )?errors?)?{_WHEN}",
    rf"{PAGE} (is (free of|free from|without)|{_RAISES} {_NO}|does not {_RAISES}( any)?) {_ERRORS}{_WHEN}",
)
def _is_quiet(_said: Said) -> Judgement:
    return replace(ask("return 'no errors in the console'"), is_quiet=True)


@recognises(
    r"(an? )?GET (request )?(to |of )?\"?(?P<path>/[^\s\"]*)\"? (answers|returns|responds|replies|gives)( with)?( an?)?"
    rf"( (HTTP )?(status )?(code )?(?P<status>[1-5]\d\d)( OK)?| (valid )?(?P<json>JSON)| {TEXT})?"
)
def _answers(said: Said) -> Judgement:
    """To a request below its address as hosts serve apps."""
    is_json = "(() => { try { JSON.parse(text); return answer.ok; } catch { return false; } })()"
    test = is_json if said["json"] else "text.includes(wanted)" if said["text"] else "answer.status === status"
    return ask(
        "const answer = await fetch(path), text = await answer.text();"
        f"return say({test}, `it answers ${{answer.status}}: ${{shown(text)}}`)",
        path=f".{said['path']}",
        status=int(said["status"] or 200),
        wanted=told(said["text"]),
    )


PROBE_URL = "https://images.example/sample-7f3a19c4.png"
"""Passed at ``?url=``. No such host exists (RFC 2606): seeing it proves that the page shows what it was given."""

_SEEN = "flat([document.body.innerText, ...all('input, textarea').map(e => e.value)].join(' '))"
_PASSED = r"(passed|given|provided|specified|supplied) (at|as|in|via|through|with|by|using)"
_URL_GIVEN = r"\"?\?(?P<name>url)=[^\s\"]*\"?( parameter| query parameter)?"
_WITH = r"(with|when opened with|at|for|opening) \"?\?(?P<name>[\w-]+)=(?P<value>[^\s\",&]+)\"?,?"


@recognises(
    rf"{PAGE} {SHOWS} ([\w-]+ ){{0,2}}(url|address|link)( that is)? {_PASSED} {_URL_GIVEN}",
    rf"{_WITH} {PAGE} {SHOWS} (?P<shown>same value|value|it|\"?[\w.-]+\"?)( in {ELEMENT})?",
    rf"{_WITH} {ELEMENT} {SHOWS} (?P<shown>\"?[\w.-]+\"?)",
)
def _shows_what_it_is_opened_with(said: Said) -> Judgement:
    value = said["value"] or PROBE_URL
    known = {value, "same value", "value", "it", ""}
    is_plain = not said["value"] or re.fullmatch(r"[\w.-]{2,60}", value)
    if not is_plain or said["shown"].strip('"') not in known:
        raise Unclear
    found = found_in(said, "")
    return ask(
        f"const seen = {f'{found}.map(value).join()' if found else _SEEN};"
        "return say(has(seen, wanted), `opened with ${wanted}, it shows ${shown(seen)}`)",
        f"?{said['name']}={quote(value, safe='')}",
        wanted=value,
    )


# Links are followed within the app; a null is thrown when there are others, which nobody can try here.
_LINKS_WORK = """
  const links = [...new Set([...document.links].map(a => a.href.split("#")[0]))].filter(h => /^https?:/.test(h));
  const own = links.filter(h => new URL(h).origin === location.origin);
  for (const link of own) if (!(await fetch(link)).ok) throw new Error(`${link} leads to nothing`);
  if (!isLocal && own.length < links.length) throw null;
  return say(links.length > 0, links.length ? `all of ${links.length} links lead somewhere` : "there are no links");
"""
_ALL = r"(all|every|each)( of)?( required| above| other| listed| requested| these)*"
_LOCAL = r"(?P<local>(local|internal|relative) )?"


@recognises(
    rf"{PAGE} (links to|has links? to|references) {_ALL} (files?|assets?)( above)?",
    rf"{PAGE} (links to|has links? to) {NAMES}",
    rf"({PAGE} has |there is )?link to {NAMES}( exists| is present)?",
)
def _links_to_files(said: Said) -> Judgement:
    listed = [name for name in listed_files(said.inspection.brief.text) if name != "index.html"]
    names = names_in(said["files"]) or listed
    if not names:
        return undecided("the brief has no list of files to go by")
    page = still_page(said.inspection)
    if page is None and said.inspection.entry is None and not needs_server(said.inspection.files):
        return undecided("index.html could not be read")
    optional = sorted({"LICENSE", "README.md"}) if set(names) - {"LICENSE", "README.md"} else []
    if page is None:
        return ask(
            "const linked = [...document.links].map(a => a.getAttribute('href').replace(/^\\.\\/|[?#].*$/g, ''));"
            "const missing = names.filter(n => !linked.some(l => l === n || l.endsWith('/' + n)));"
            "return say(!missing.length || (missing.every(n => optional.includes(n)) ? null : false), "
            "`of ${list(names)} are not linked to: ${list(missing)}`)",
            names=names,
            optional=optional,
        )
    linked = {re.sub(r"^\./|[?#].*$", "", url) for url in page.references}
    missing = [name for name in names if name not in linked]
    evidence = f"index.html links to {', '.join(names)}, but for {', '.join(missing) or 'none'}"
    return (
        passed(evidence) if not missing else undecided(evidence) if set(missing) <= set(optional) else failed(evidence)
    )


@recognises(rf"{PAGE} (links to|has link to) \"?(?P<url>https?://[^\s\"]+)\"?")
def _links_to_address(said: Said) -> Judgement:
    return ask(
        "const bare = u => u.replace(/^https?:\\/\\/(www\\.)?|\\/$/g, '');"
        "const found = [...document.links].map(a => bare(a.href)), part = bare(wanted);"
        "const is = h => h === part || (h.includes(part) ? null : false);"
        "return say(some(found.map(is)), `it links to ${list(found)}; asked for ${wanted}`)",
        wanted=said["url"],
    )


@recognises(rf"(all )?{_LOCAL}links (work|resolve|is valid)", rf"(there is )?no {_LOCAL}(broken|dead) links")
def _links_work(said: Said) -> Judgement:
    pages = said.inspection.pages.values()
    if broken := next((finding for finding in said.inspection.findings if finding.rule == "broken-link"), None):
        return failed(f"{broken.path}: {broken.message}")
    if needs_server(said.inspection.files) or any(page.is_alive for page in pages):
        return ask(_LINKS_WORK, isLocal=bool(said["local"]))
    if not said["local"] and any(re.match(r"(?:https?:)?//", url) for page in pages for url in page.references):
        return undecided("every link within the app works; links to other sites were not tried")
    return passed("every link within the app leads to a file of the app")
