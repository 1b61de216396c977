"""The code uses something, asks an address, or reads what the page is opened with."""

import re

from pipeline.verification.inspection import Ruling, failed, passed, undecided
from pipeline.verification.prose.code import STRING, code_of, live_code, style_addresses, styles_of
from pipeline.verification.prose.recognisers import Said, Unclear, recognises
from pipeline.verification.prose.sentences import PAGE, items

_CUSTOM, _GRID = r"var\(\s*--", r"display\s*:\s*(?:inline-)?grid"
_IN_STYLES = {
    "media queries": r"@media\b", "css variables": _CUSTOM, "css custom properties": _CUSTOM, "css grid": _GRID,
    "grid": _GRID, "flexbox": r"display\s*:\s*(?:inline-)?flex",
}  # fmt: skip
_IN_STRINGS = {"webgl": r"[\"'`](?:experimental-)?webgl2?[\"'`]", "canvas": r"getContext\(\s*[\"'`]"}
_IN_CODE = {
    "localstorage": r"\blocalStorage\b",
    "sessionstorage": r"\bsessionStorage\b",
    "indexeddb": r"\bindexedDB\b",
    "fetch": r"\bfetch\s*\(",
    "fetch api": r"\bfetch\s*\(",
    "async/await": r"\basync\b[\s\S]*\bawait\b",
    "async": r"\basync\b",
    "await": r"\bawait\b",
    "try/catch": r"\btry\s*\{",
    "urlsearchparams": r"\bURLSearchParams\b|\bsearchParams\b",
    "requestanimationframe": r"\brequestAnimationFrame\b",
    "web audio api": r"\bAudioContext\b",
    "web workers": r"\bnew Worker\(",
    "es modules": r"\bimport\b",
    "arrow functions": r"=>",
}
_KNOWN = _IN_STYLES | _IN_STRINGS | _IN_CODE
_WHO = rf"({PAGE}|code|script|scripts|javascript|js|it|program)"


@recognises(
    rf"({_WHO} )?(uses|makes use of|calls|utilizes|is using) (?P<what>.+)",
    r"(?P<what>\"[^\"]+\"|[\w.]+( API)?) is (used|called)( (in|by) (code|script|index\.html|javascript|page))?",
    rf"{_WHO} (has|mentions) call to (?P<what>\"?[\w.]+(\(\))?\"?)",
    rf"{_WHO} does (?P<not>not) (use|call) (?P<what>.+)",
)
def _uses(said: Said) -> Ruling:
    start, end = r"^(?:css|javascript|browser|js) (?!grid|var|custom)", r" (?:API|method|function|calls?|object)$"
    words = re.sub(f"{start}|{end}", "", said["what"], flags=re.IGNORECASE)
    wanted = [words] if words.lower() in _KNOWN else items(words)
    found = {word: _occurs(word, said) for word in wanted}
    missing = [word for word, is_used in found.items() if is_used is not True]
    if loose := [word for word, is_used in found.items() if is_used is None]:
        return undecided(f"{', '.join(loose)}: only in comments, texts or styles of others")
    used = [word for word in wanted if word not in missing]
    seen = f"used in the code: {', '.join(used) or 'nothing'}; not used: {', '.join(missing) or 'nothing'}"
    return passed(seen) if not (used if said["not"] else missing) else failed(seen)


def _occurs(word: str, said: Said) -> bool | None:
    """Whether the code uses it; None when it is only mentioned."""
    name = word.removesuffix("()")
    pattern, code, styles = _KNOWN.get(name.lower()), live_code(said.inspection), styles_of(said.inspection)
    if pattern is None and not (re.search(r"[a-z][A-Z]|\.\w|\(\)", word) or '"' in said["what"] or "-" in word):
        raise Unclear
    if pattern is None and re.search(r"[\"'(]", name):
        return re.sub(r"[\"'`]", '"', name) in re.sub(r"[\"'`]", '"', code)
    where = styles if name.lower() in _IN_STYLES else code if name.lower() in _IN_STRINGS else STRING.sub('""', code)
    if re.search(pattern or rf"(?<![\w$]){re.escape(name)}(?![\w$])", where):
        return True
    pages = (page.source for page in said.inspection.pages.values())
    everything = "\n".join([*code_of(said.inspection), styles, *pages])
    is_mentioned = re.search(re.escape(name.split(".")[-1]), everything, re.IGNORECASE)
    return None if is_mentioned or (where is styles and style_addresses(said.inspection)) else False


@recognises(
    rf"({PAGE} )?(source( code)?|code|html|script) (has|mentions|references|refers to) "
    r"(?P<what>\"[^\"]+\"|([\w-]+\.)+[a-z]{2,}(/\S*)?)"
)
def _is_in_source(said: Said) -> Ruling:
    """Literally in a page or a script."""
    texts = [*(page.source for page in said.inspection.pages.values()), *code_of(said.inspection)]
    missing = [word for word in items(said["what"]) if not any(word in text for text in texts)]
    return failed(f"no page or script holds {', '.join(missing)}") if missing else passed("a page or script holds it")


_URL = r"(?P<url>\"[^\"\s]+\"|(https?://)?[\w.-]+\.[a-z]{2,}(/[^\s,\"]*)?)"
_ASKS = re.compile(
    r"\bfetch\s*\(|\bXMLHttpRequest\b|\baxios\b|\$\.(?:get|ajax|getJSON)|\bsendBeacon\b|\bd3\.(?:json|csv|text)\b"
    r"|\bPapa\.parse\b|\bload\("
)
_GETS = (
    r"(fetches|requests|calls|queries|asks|retrieves|loads|reads|makes requests? to|sends requests? to|gets data from"
    r"|fetches data from|loads data from|fetches( \w+){1,2} from|uses)"
)
_GAP = r"#{2,}|\{[^}]*\}|<[^>]*>|:\w+|\.\.\.|…|\*"


@recognises(
    rf"({_WHO} )?uses fetch(\(\))? (to|for) (load|loading|get|read|fetch|request|retrieve) {_URL}",
    (
        rf"({_WHO} )?{_GETS}( (\w+ ){{0,2}}API (at|from))? {_URL}"
        r"( (with|using|via|by) fetch(\(\))?| API| endpoint| at runtime| on load)*"
    ),
    (
        rf"{_URL} is (fetched|called|requested|queried|asked|loaded|used)"
        r"( (with|using|via|by|in|from) \w+(\.html|\(\))?)?(?P<when> (when|on|after|if) .+)?"
    ),
    rf"(data|\w+ data) is (fetched|loaded|read|retrieved) from {_URL}",
)
def _asks(said: Said) -> Ruling:
    """An address in the code together with a call that asks. Where it is put together of parts, nothing is said."""
    address, files = said["url"].strip('"').rstrip("/."), said.inspection.files
    if not re.search(r"\.\w|/", address) and address not in files:
        raise Unclear
    code = live_code(said.inspection)
    bare = re.sub(rf"^(?:https?:)?//|(?:{_GAP})$", "", address).rstrip("/")
    pattern = r"[^\s\"'`]+?".join(map(re.escape, re.split(_GAP, bare))) if bare else "(?!)"
    if re.search(rf"(?<![\w-]){pattern}", code) and _ASKS.search(code) and not said["when"]:
        return passed(f"a script asks {address}")
    told = [path for path in files if path not in {"README.md", "LICENSE"} and not path.startswith(".github/")]
    everything = "\n".join(files.text(path) or "" for path in told)
    host, last = re.split(r"[/{#<?]", bare)[0], bare.rpartition("/")[2]
    if host in everything or (last and "{" not in bare and last in everything):
        return undecided(f"{host} stands in the app, but not plainly as an address that a script asks")
    return failed(f"nothing in the app names {host}")


_READS = r"(reads|supports|accepts|handles|parses|uses|honou?rs|respects|takes)"
_VALUE = r"=?(\.\.\.|…|<[^>]*>|\{[^}]*\}|[\w:/.]*)?\"?"


@recognises(
    (
        rf"({_WHO} )?{_READS} (url |query (string )?)*(parameter )?\"?\?(?P<name>[\w-]+){_VALUE}( (query|url|search"
        r"|parameter|parameters|param|query string|from url|in url|in query string|argument|query parameter"
        r"|url parameter))*"
    ),
    (
        rf"({_WHO} )?{_READS} \"?(?P<name>[\w-]+)\"? (url |query |search )*(parameter|param|query string)"
        r"( from (url|query string|address))?"
    ),
    (
        r"\"?\?(?P<name>[\w-]+)=?[^\s\"]*\"?( query| url| parameter)* is (supported|read|accepted|handled|parsed)"
        r"( by page)?"
    ),
)
def _reads(said: Said) -> Ruling:
    """A parameter of the page's address."""
    name, code = said["name"], live_code(said.inspection)
    reads = re.search(r"\bURLSearchParams\b|\bsearchParams\b|\blocation\.(?:search|href)\b", code)
    own = re.escape(name)
    if reads and re.search(rf"[\"'`?&]{own}[\"'`=]|\b(?:params|query)\.{own}\b|\[?\\?&\]?{own}=", code):
        return passed(f"a script reads {name} of the page's address")
    if not reads and not re.search(r"\blocation\b|\bURL\b", code):
        return failed(f"no script reads the page's address, so none reads {name}")
    return undecided(f"how a script may read {name} of the address is not plain")
