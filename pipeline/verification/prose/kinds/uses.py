"""The code uses something, asks an address, or reads what the page is opened with."""

import re

from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.code import STRING, code_of, live_code, style_addresses, without_comments
from pipeline.verification.prose.page import PAGE
from pipeline.verification.prose.sentences import items
from pipeline.verification.said import Said

_KNOWN = {
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
    "webgl": r"[\"'`](?:experimental-)?webgl2?[\"'`]",
    "web audio api": r"\bAudioContext\b",
    "web workers": r"\bnew Worker\(",
    "es modules": r"\bimport\b",
    "arrow functions": r"=>",
    "canvas": r"getContext\(\s*[\"'`]",
    "media queries": r"@media\b",
    "css variables": r"var\(\s*--",
    "css custom properties": r"var\(\s*--",
    "css grid": r"display\s*:\s*(?:inline-)?grid",
    "grid": r"display\s*:\s*(?:inline-)?grid",
    "flexbox": r"display\s*:\s*(?:inline-)?flex",
}
_IN_STYLES = {"media queries", "css variables", "css custom properties", "css grid", "grid", "flexbox"}


def _uses(said: Said, inspection: Inspection) -> Ruling | None:
    found = _occurs(said, inspection)
    if found is None:
        return None
    missing, told, loose = found
    if not missing:
        return passed(f"the code uses {', '.join(told)}")
    if loose:
        return undecided(f"{', '.join(loose)}: only in comments, texts or styles of others")
    return failed(f"nothing in the code uses {', '.join(missing)}")


def _does_not_use(said: Said, inspection: Inspection) -> Ruling | None:
    found = _occurs(said, inspection)
    if found is None:
        return None
    missing, told, loose = found
    if loose:
        return undecided(f"{', '.join(loose)} occurs")
    return (
        failed(f"the code uses {', '.join(set(told) - set(missing))}")
        if len(missing) < len(told)
        else passed(f"nothing in the code uses {', '.join(told)}")
    )


def _occurs(said: Said, inspection: Inspection) -> tuple[list[str], list[str], list[str]] | None:
    """Which of the things asked for are not used, all of them, and which of the first are mentioned."""
    words = re.sub(
        r"^(?:css|javascript|browser|js) (?!grid|var|custom)| (?:API|method|function|calls?|object)$",
        "",
        said["what"],
        flags=re.IGNORECASE,
    )
    wanted = [words] if words.lower() in _KNOWN else items(words)
    if not wanted:
        return None
    code, styles = live_code(inspection), _styles(inspection)
    bare = STRING.sub('""', code)
    everything = "\n".join([*code_of(inspection), styles, *(page.source for page in inspection.pages.values())])
    missing, loose = [], []
    for word in wanted:
        name = word.removesuffix("()")
        pattern = _KNOWN.get(name.lower())
        if pattern is None and not (re.search(r"[a-z][A-Z]|\.\w|\(\)", word) or '"' in said["what"] or "-" in word):
            return None
        in_styles = name.lower() in _IN_STYLES
        if pattern is None and re.search(r"[\"'(]", name):
            there = re.sub(r"[\"'`]", '"', name) in re.sub(r"[\"'`]", '"', code)
            missing += [] if there else [word]
            continue
        pattern = pattern or rf"(?<![\w$]){re.escape(name)}(?![\w$])"
        if not re.search(pattern, (styles if in_styles else bare if name.lower() not in {"webgl", "canvas"} else code)):
            missing.append(word)
            mentioned = re.search(re.escape(name.split(".")[-1]), everything, re.IGNORECASE) or (
                in_styles and style_addresses(inspection)
            )
            loose += [word] if mentioned else []
    return missing, wanted, loose


def _styles(inspection: Inspection) -> str:
    inline = [
        node.attributes.get("style") or "" for page in inspection.pages.values() for node in page.tree.css("[style]")
    ]
    sheets = [style.text for page in inspection.pages.values() for style in page.styles]
    files = [inspection.files.text(path) or "" for path in inspection.files if path.endswith(".css")]
    return "\n".join([*inline, *map(without_comments, [*sheets, *files])])


_ASKS = re.compile(
    r"\bfetch\s*\(|\bXMLHttpRequest\b|\baxios\b|\$\.(?:get|ajax|getJSON)|\bsendBeacon\b|\bd3\.(?:json"
    r"|csv|text)\b|\bPapa\.parse\b|\bload\("
)


def _asks(said: Said, inspection: Inspection) -> Ruling | None:
    """An address in the code together with a call that asks. Where it is put together of parts, nothing is said."""
    address = said["url"].strip('"').rstrip("/.")
    if not re.search(r"\.\w|/", address) and address not in inspection.files:
        return None
    code = live_code(inspection)
    bare = re.sub(r"^(?:https?:)?//|(?:\{[^}]*\}|<[^>]*>|:\w+|\.\.\.|…|\*)$", "", address).rstrip("/")
    pattern = (
        r"[^\s\"'`]+?".join(re.escape(part) for part in re.split(r"#{2,}|\{[^}]*\}|<[^>]*>|:\w+|\.\.\.|…|\*", bare))
        if bare
        else "(?!)"
    )
    if re.search(rf"(?<![\w-]){pattern}", code) and _ASKS.search(code) and not said["when"]:
        return passed(f"a script asks {address}")
    texts = [
        text
        for path in inspection.files
        if path not in {"README.md", "LICENSE"} and not path.startswith(".github/")
        for text in [inspection.files.text(path)]
        if text
    ]
    host = re.split(r"[/{#<?]", bare)[0]
    last = bare.rstrip("/").rsplit("/", 1)[-1] if "/" in bare and "{" not in bare else bare
    if any(host in text or (last and last in text) for text in texts):
        return undecided(f"{host} stands in the app, but not plainly as an address that a script asks")
    return failed(f"nothing in the app names {host}")


def _reads(said: Said, inspection: Inspection) -> Ruling | None:
    """A parameter of the page's address."""
    name = said["name"]
    code = live_code(inspection)
    reads = re.search(r"\bURLSearchParams\b|\bsearchParams\b|\blocation\.(?:search|href)\b", code)
    is_named = re.search(
        rf"[\"'`?&]{re.escape(name)}[\"'`=]|\b(?:params|query)\.{re.escape(name)}\b|\[?\\?&\]?{re.escape(name)}=", code
    )
    if reads and is_named:
        return passed(f"a script reads {name} of the page's address")
    if not reads and not re.search(r"\blocation\b|\bURL\b", code):
        return failed(f"no script reads the page's address, so none reads {name}")
    return undecided(f"how a script may read {name} of the address is not plain")


def _is_in_source(said: Said, inspection: Inspection) -> Ruling | None:
    """Literally in a page or a script."""
    wanted = items(said["what"])
    if not wanted:
        return None
    texts = [*(page.source for page in inspection.pages.values()), *code_of(inspection)]
    missing = [word for word in wanted if not any(word in text for text in texts)]
    return (
        failed(f"no page or script holds {', '.join(missing)}")
        if missing
        else passed(f"the source holds {', '.join(wanted)}")
    )


_WHO = rf"(?:{PAGE}|code|script|scripts|javascript|js|it|program)"
_URL = r"(?P<url>\"[^\"\s]+\"|(?:https?://)?[\w.-]+\.[a-z]{2,}(?:/[^\s,\"]*)?)"
_QUERY = (
    r"(?:url |query (?:string )?)*(?:parameter )?\"?\?(?P<name>[\w-]+)=?(?:\.\.\.|…|<[^>]*>|\{[^}]*\}"
    r"|[\w:/.]*)?\"?(?: (?:query|url|search|parameter|parameters|param|query string|from url|in url"
    r"|in query string|argument|query parameter|url parameter))*"
)
RULES: Rules = (
    (rf"(?:{_WHO} )?(?:uses|makes use of|calls|utilizes|is using) (?P<what>.+)", _uses),
    (
        (
            r"(?P<what>\"[^\"]+\"|[\w.]+(?: API)?) is (?:used|called)(?: (?:in|by) (?:code|script|index\.html"
            r"|javascript|page))?"
        ),
        _uses,
    ),
    (rf"{_WHO} (?:has|mentions) call to (?P<what>\"?[\w.]+(?:\(\))?\"?)", _uses),
    (
        (
            rf"(?:{PAGE} )?(?:source(?: code)?|code|html|script) (?:has|mentions|references|refers to) "
            rf"(?P<what>\"[^\"]+\"|(?:[\w-]+\.)+[a-z]{{2,}}(?:/\S*)?)"
        ),
        _is_in_source,
    ),
    (rf"(?:{_WHO} )?uses fetch(?:\(\))? (?:to|for) (?:load|loading|get|read|fetch|request|retrieve) {_URL}", _asks),
    (rf"{_WHO} does not (?:use|call) (?P<what>.+)", _does_not_use),
    (
        (
            rf"(?:{_WHO} )?(?:fetches|requests|calls|queries|asks|retrieves|loads|reads|makes requests? to"
            rf"|sends requests? to|gets data from|fetches data from|loads data from|fetches(?: \w+){{1,2}} "
            rf"from|uses)(?: (?:\w+ ){{0,2}}API (?:at|from))? {_URL}(?: (?:with|using|via|by) fetch(?:\(\))?"
            rf"| API| endpoint| at runtime| on load)*"
        ),
        _asks,
    ),
    (
        (
            rf"{_URL} is (?:fetched|called|requested|queried|asked|loaded|used)(?: (?:with|using|via|by|in"
            rf"|from) \w+(?:\.html|\(\))?)?(?P<when> (?:when|on|after|if) .+)?"
        ),
        _asks,
    ),
    (rf"(?:data|\w+ data) is (?:fetched|loaded|read|retrieved) from {_URL}", _asks),
    (rf"(?:{_WHO} )?(?:reads|supports|accepts|handles|parses|uses|honou?rs|respects|takes) {_QUERY}", _reads),
    (
        (
            rf"(?:{_WHO} )?(?:reads|supports|accepts|handles|parses|uses|honou?rs|takes) \"?(?P<name>[\w-]+)"
            rf"\"? (?:url |query |search )*(?:parameter|param|query string)(?: from (?:url|query string"
            rf"|address))?"
        ),
        _reads,
    ),
    (
        (
            r"\"?\?(?P<name>[\w-]+)=?[^\s\"]*\"?(?: query| url| parameter)* is (?:supported|read|accepted"
            r"|handled|parsed)(?: by page)?"
        ),
        _reads,
    ),
)
