"""Reading rules for sentences: each finds one kind of name that a brief may hold."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.generation.scaffold.words import addresses_in, distinct, items_of, vocabulary, without_addresses

# What people call an element -> its tag; "input:checkbox" is an input of that type.
_NOUNS = {
    "select": "select dropdown drop-down combobox select-box drop-down-menu dropdown-menu",
    "button": "button toggle toggle-button submit-button",
    "input": "input search-box search-field search-bar search-input text-box textbox text-field input-box input-field",
    "input:checkbox": "checkbox check-box",
    "input:range": "slider range-slider",
    "input:date": "date-picker date-input",
    "input:color": "color-picker colour-picker",
    "input:number": "number-input number-field",
    "textarea": "textarea text-area",
    "table": "table",
    "form": "form",
    "ul": "list unordered-list bullet-list",
    "ol": "ordered-list numbered-list",
    "img": "image img picture photo thumbnail",
    "canvas": "canvas",
    "progress": "progress progress-bar",
    "dialog": "dialog modal",
    "nav": "nav navbar navigation",
    "h2": "heading subheading",
    "a": "link anchor",
    "pre": "pre",
    "video": "video",
    "audio": "audio",
    "svg": "svg",
    "output": "output",
    "footer": "footer",
    "header": "header",
    "section": "section",
    "details": "details",
}
_TAG_OF_NOUN = {noun.replace("-", " "): tag for tag, nouns in _NOUNS.items() for noun in nouns.split()}
_TAG_OF_NOUN |= {"currency picker": "select", "picker": "select"}
_TAGS = vocabulary(
    "a article aside audio button canvas caption code dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr iframe img input label legend li link main nav ol "
    "optgroup option output p path pre progress rect circle line script section select small span strong "
    "style summary svg table tbody td textarea tfoot th thead time tr ul video"
)
_AROUND = 200
"""Characters on either side of a name that may say what it is."""

_FILLERS = {"named", "called", "with", "id", "labelled", "labeled", "element", "an", "the"}

_HASH_ID = re.compile(r"(?<![\w&/#.?=-])(?P<tag>[a-z][a-z0-9]{0,12})?#(?P<id>[A-Za-z][\w-]*)(?![\w=-])")
_ATTRIBUTE_ID = re.compile(r"\bid\s*=\s*[\"'“\u2018`]?(?P<id>[A-Za-z][\w:-]*)", re.IGNORECASE)
_WORDED_ID = re.compile(
    r"\bids?\s+(?:of\s+|is\s+|named\s+|called\s+)?(?:[\"'“\u2018`](?P<quoted>[A-Za-z][\w-]*)[\"'”\u2019`]|(?P<bare>[a-z]\w*-[\w-]+))",
    re.IGNORECASE,
)
_OPEN_TAG = re.compile(r"<([a-z][a-z0-9]*)\b[^<>]{0,200}$", re.IGNORECASE)
_HEX_COLOUR = re.compile(r"[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8}", re.IGNORECASE)
_ARIA = re.compile(r"\baria-live(?:\s*=\s*[\"'“]?(polite|assertive))?", re.IGNORECASE)

_DOT_CLASS = re.compile(r"(?<![\w./#\])-])(?P<tag>[a-z][a-z0-9]{0,12})?\.(?P<name>[a-zA-Z][\w-]*)(?![\w./(-]|\.\w)")
_ATTRIBUTE_CLASS = re.compile(
    r"\bclass(?:es)?(?:\s*=\s*[\"'“\u2018`]?|\s+(?:of\s+|named\s+|called\s+)?[\"'“\u2018`]|\s+)(?P<name>[A-Za-z][\w-]*)"
)
_NO_CLASS = vocabulary(
    "and or name names attribute attributes to for on is are called named of after when that which in from "
    "with the a an as it if each on"
)
_NOT_CLASS_DOTTED = vocabulary("gitignore nojekyll env github md html css js json csv svg txt net com org io dev app")

_QUOTED = (
    r"(?:\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|`([^`\n]{1,200})`|'([^'\n]{1,200})'|\u2018([^\u2019\n]{1,200})\u2019)"
)
_TITLE = re.compile(rf"\btitled?\b[^.\"“`'\u2018\n]{{0,40}}?{_QUOTED}", re.IGNORECASE)
_BARE_TITLE = re.compile(r"\btitle\s*(?::|=|\bto\b|\bis\b|\bof\b)\s*([A-Z][^.,;:\"\n]{1,80})")

_PARAMETER = re.compile(r"(?<![\w&])(?:[\w./-]{1,40})?\?([A-Za-z_]\w{0,40})=")
_WORDED_PARAMETER = re.compile(
    r"\b(?:query|url)(?:[ -]string)?\s+param(?:eter)?s?\s+[\"'“`?]+(\w+)"
    r"|[\"'“`](\w+)[\"'”`]\s+(?:query|url)(?:[ -]string)?\s+param",
    re.IGNORECASE,
)
_HASH_KEY = re.compile(r"(?<![\w&/])#([A-Za-z]\w{0,40})=")
_STORAGE_KEY = re.compile(
    r"localStorage\.(?:set|get)Item\(\s*\\?[\"'`]([^\"'`\\]{1,80})|localStorage\b[^\"'“`\n]{0,60}[\"“`]([^\"”`\n]{1,80})[\"”`]"
)
_DATA_ATTRIBUTE = re.compile(r"\bdata-[a-z][a-z0-9-]*[a-z0-9]\b")
_NOT_DATA_ATTRIBUTE = {"data-driven", "data-set", "data-science", "data-uri", "data-url", "data-uris", "data-urls"}

_FILE = re.compile(
    r"(?<![\w@/.#-])(?P<name>(?:\.github/workflows/|(?:[\w-]{1,60}/){0,4})[A-Za-z0-9_][\w.-]{0,80}?\."
    r"(?:html?|css|m?js|json|md|txt|svg|csv|tsv|xml|ya?ml|webmanifest))(?![\w(/-]|\.\w)"
)
_FRAMEWORK = re.compile(
    r"(?:node|next|nuxt|react|vue|d3|three|chart|express|highlight|alpine|day|moment|p5|tesseract|ethers|mermaid|marked|"
    r"leaflet|plotly|anime|brain|ml5|backbone|ember|tensorflow|underscore|socket\.io|polyfill)(?:\.min)?\.js",
    re.IGNORECASE,
)
_GIVEN_ELSEWHERE = {"index.html", "readme.md", "license.md", "license.txt"}

_KNOWN_INTERFACES = (
    (re.compile(r"\bgithub\s+(?:user|username|login|profile)", re.IGNORECASE), "https://api.github.com/users/"),
)
_CDN = re.compile(r"jsdelivr|cdnjs|unpkg|googleapis\.com/css|tailwindcss|github\.io|w3\.org")


@dataclass(frozen=True, slots=True)
class Mention:
    """An id in a sentence, with what the words around it say about the element."""

    id: str
    tag: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class, the tag it is asked for on, the id of an element around it, and the sentence that names it."""

    name: str
    tag: str = ""
    inside: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class FileWish:
    """A file asked for by name, and what was said about it."""

    name: str
    context: str = ""


def found(pattern: str, sentence: str) -> bool:
    """``sentence`` matches ``pattern``; case does not count."""
    return re.search(pattern, sentence, re.IGNORECASE) is not None


def goes_on(sentence: str) -> bool:
    """``sentence`` says more about what the one before it named."""
    return found(r"^(?:by\s+|the\s+)?default|^(?:it|they|this|these|that|its|sort(?:ing)?|start)\b", sentence)


def mentions_in(sentence: str) -> Iterator[Mention]:
    """Ids in ``sentence``: ``#total``, ``form#login``, ``<img id="pelican">``, an id of "total"."""
    text = without_addresses(sentence)
    live = _ARIA.search(text)
    matches = [*_HASH_ID.finditer(text), *_ATTRIBUTE_ID.finditer(text), *_WORDED_ID.finditer(text)]
    for match in sorted(matches, key=lambda each: each.start()):
        groups = match.groupdict()
        name = groups.get("id") or groups.get("quoted") or groups.get("bare") or ""
        before = text[max(0, match.start() - _AROUND) : match.start()]
        if match.re is _HASH_ID and _is_colour(name, before):
            continue
        prefix = groups.get("tag") or ""
        noun = prefix if prefix in _TAGS else _tag_around(before, text[match.end() : match.end() + _AROUND])
        tag, _, kind = noun.partition(":")
        attributes = (("type", kind),) if kind else ()
        if tag != "input" and live:
            attributes = (("aria-live", live[1] or "polite"),) if not noun or noun in {"p", "div"} else attributes
        yield Mention(name, tag, attributes)


def _is_colour(name: str, before: str) -> bool:
    if not _HEX_COLOUR.fullmatch(name):
        return False
    return any(map(str.isdigit, name)) or len(set(name)) == 1 or found(r"colou?r\W*$|background\W*$", before)


def _tag_around(before: str, after: str) -> str:
    if open_tag := _OPEN_TAG.search(before):
        return open_tag[1].lower()
    joined = re.search(r"((?:[A-Za-z-]+\s+){0,6}[A-Za-z-]+)\s*[\"'`(“]?\s*$", before)
    words = joined[1].lower().split() if joined else []
    while words and words[-1] in _FILLERS:
        words.pop()
    following = re.match(r"[\"'`)”]?\s+([a-z-]+)(?:\s+([a-z-]+))?", after)
    next_words = [word for word in following.groups() if word] if following else []
    return _noun(words[-2:], last=True) or _noun(next_words, last=False)


def _noun(words: list[str], *, last: bool) -> str:
    if not words:
        return ""
    return _TAG_OF_NOUN.get(" ".join(words)) or _TAG_OF_NOUN.get(words[-1] if last else words[0], "")


def text_for(id_: str, sentence: str) -> str:
    """The words that ``sentence`` wants in the element: 'show "Hello" in #greeting', '#greeting reads "Hello"'."""
    name = rf"[\"'`(]?#{re.escape(id_)}(?![\w-])"
    verbs = r"(?:reads?|says?|shows?|showing|displays?|displaying|contains?|containing|with(?: the)? text|:)"
    before = re.search(rf"{_QUOTED}\s+(?:text\s+)?(?:in|inside|into|within)\s+(?:\w+\s+){{0,3}}{name}", sentence)
    after = re.search(rf"{name}[\"'`)]?\s+(?:that\s+|which\s+)?{verbs}\s+{_QUOTED}", sentence)
    match = before or after
    return next((text for text in match.groups() if text), "") if match else ""


def classes_in(sentence: str) -> Iterator[ClassName]:
    """Classes in ``sentence``: ``.item``, ``fieldset.question``, ``<rect class="bar">``, class wrong."""
    text = without_addresses(sentence)
    for match in _DOT_CLASS.finditer(text):
        tag = match["tag"] or ""
        if (not tag or tag in _TAGS) and match["name"].lower() not in _NOT_CLASS_DOTTED:
            yield ClassName(match["name"], tag, context=sentence)
    for match in _ATTRIBUTE_CLASS.finditer(text):
        if match["name"].lower() not in _NO_CLASS:
            open_tag = _OPEN_TAG.search(text[max(0, match.start() - _AROUND) : match.start()])
            yield ClassName(match["name"], open_tag[1].lower() if open_tag else "", context=sentence)


def title(sentence: str) -> str:
    """The page title that ``sentence`` gives word for word, or ""."""
    if quoted := _TITLE.search(sentence):
        return next(text for text in quoted.groups() if text).strip()
    bare = _BARE_TITLE.search(sentence)
    return bare[1].strip() if bare else ""


def data_attributes(sentences: Iterable[str]) -> tuple[str, ...]:
    """Names such as ``data-region``."""
    names = [match[0] for sentence in sentences for match in _DATA_ATTRIBUTE.finditer(sentence)]
    return distinct(name for name in names if name not in _NOT_DATA_ATTRIBUTE)


def parameters(sentences: Iterable[str]) -> tuple[str, ...]:
    """Query parameters of the page's own address."""
    texts = [without_addresses(sentence) for sentence in sentences]
    direct = [match[1] for text in texts for match in _PARAMETER.finditer(text)]
    worded = [match[1] or match[2] for text in texts for match in _WORDED_PARAMETER.finditer(text)]
    return distinct([*direct, *worded])


def hash_keys(texts: Iterable[str]) -> tuple[str, ...]:
    """Keys kept after the ``#`` of the address."""
    return distinct(match[1] for text in texts for match in _HASH_KEY.finditer(without_addresses(text)))


def storage_keys(texts: Iterable[str]) -> tuple[str, ...]:
    """Keys under which the browser is to keep something."""
    return distinct(match[1] or match[2] for text in texts for match in _STORAGE_KEY.finditer(text))


def interfaces(texts: Iterable[str]) -> tuple[str, ...]:
    """Addresses of web APIs: those that end where a value is missing, and a few that are known by name."""
    texts = list(texts)
    written = [address for text in texts for address in addresses_in(text)]
    open_ended = [address for address in written if address.endswith(("/", "=")) or "{" in address]
    known = [address for pattern, address in _KNOWN_INTERFACES if any(pattern.search(text) for text in texts)]
    return distinct(address for address in [*open_ended, *known] if not _CDN.search(address) and "/" in address[8:])


def files(texts: Iterable[str], strings: Iterable[str]) -> tuple[FileWish, ...]:
    """Files asked for by name in sentences or in strings of page scripts, with the list item or paragraph around."""
    wishes: dict[str, str] = {}
    for text in texts:
        for item in items_of(without_addresses(text)):
            for match in _FILE.finditer(item):
                known = wishes.get(match["name"], "")
                wishes[match["name"]] = known or item
    for string in strings:
        whole = _FILE.fullmatch(string.removeprefix("./"))
        hrefs = re.findall(r"(?:href|src)[$]?=[\"']?(?:\./)?([^\"'\]]+)", string)
        for name in [*([whole["name"]] if whole else []), *(each for each in hrefs if _FILE.fullmatch(each))]:
            if not any(known.endswith("/" + name) for known in wishes):
                wishes.setdefault(name, "")
    return tuple(
        FileWish(name, context)
        for name, context in wishes.items()
        if name.lower() not in _GIVEN_ELSEWHERE and not _FRAMEWORK.fullmatch(name)
    )
