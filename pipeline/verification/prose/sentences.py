"""Sentences of evaluators in a plainer form, and the words that patterns of many kinds have in common."""

import re

from pipeline.verification.prose.recognisers import Said, Unclear

NAME = r"\"?(?:[\w.-]+/)*(?:[\w-][\w.-]*\.[a-z][a-z0-9]{0,9}|\.[\w.]+|license|dockerfile)\"?"
"""A file name, with or without quotes. Matches whole words only when the pattern around it says so."""

_AND = "(?:, and |, | and |,)"
NAMES = rf"(?P<files>{NAME}(?:{_AND}{NAME})*)"
FILE = rf"(?:file |workflow )?(?P<file>{NAME})(?: file| workflow)?"


def file_of(endings: str) -> str:
    """A pattern for a file whose name ends so."""
    return rf'(file )?(?P<file>"?([\w.-]+/)*[\w.-]+\.({endings})"?)( file)?'


TEXT = r'"(?P<text>[^"]+)"'
TEXTS = rf'(?P<texts>"[^"]+"(?:{_AND.replace("|,)", ")")}"[^"]+")*)'
EXISTS = r"((is )?exists?|is (present|there|available|defined|rendered|visible)|(is )?appears?)"
SHOWS = r"(shows?|displays?|renders?|prints?|outputs?)"
PAGE = r'(page|document|site|app|ui|"?index\.html"?)'
OPENING = rf"(({PAGE} (has|shows?|displays?|renders?) |there (is|exists) |has )(visible )?)"
"""How a sentence about something on the page may begin."""

_NUMBERS = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_NUMBER = rf"(\d[\d,]{{0,8}}|{_NUMBERS}|a single|single)"
_OPEN = 10**9
_AT_LEAST, _AT_MOST = (
    "at least|no fewer than|no less than|a minimum of|minimum",
    "at most|no more than|a maximum of|up to",
)
_MORE, _FEWER, _ABOUT = "more than|over", "fewer than|less than|under", "around|about|roughly|approximately"
_BOUND = f"exactly|only|just|between|from|{_AT_LEAST}|{_MORE}|{_AT_MOST}|{_FEWER}|{_ABOUT}"
RANGE = (
    rf"((?P<bound>{_BOUND}) )?(?P<low>{_NUMBER})"
    rf"( ?(-|\u2013|\u2014|to|and) ?(?P<high>{_NUMBER})|(?P<more>\+| or more))?"
)
"""A number of things, or from how many to how many; read by ``limits``."""


def limits(said: Said) -> tuple[int, int]:
    """From how many to how many ``RANGE`` allows. Raises Unclear when it only says about how many."""
    low, bound = _number(said["low"]), said["bound"].lower()
    if re.fullmatch(_ABOUT, bound):
        raise Unclear
    if re.fullmatch(_MORE, bound):
        return low + 1, _OPEN
    if re.fullmatch(_FEWER, bound):
        return 0, low - 1
    if re.fullmatch(_AT_LEAST, bound) or said["more"]:
        return low, _OPEN
    return (0, low) if re.fullmatch(_AT_MOST, bound) else (low, _number(said["high"] or said["low"]))


def is_loose(said: Said) -> bool:
    """Whether ``RANGE`` is a bare number: "has 3 images" does not say that there are no more."""
    return not (said["bound"] or said["more"] or said["high"] or "single" in said["low"] or said["low"] == "one")


def _number(words: str) -> int:
    bare = words.lower().replace(",", "")
    return int(bare) if bare.isdigit() else 1 if "single" in bare else _NUMBERS.split("|").index(bare)


_MODAL = r"(?:must|should|shall|will|can|needs? to|has to|have to|ought to)"
_PLAINER = (
    (r"there's", "there is"),
    (rf"{_MODAL} not be|isn't|aren't|is not|are not", "is not"),
    (rf"doesn't|do(?:es)? not|don't|{_MODAL} not|mustn't|shouldn't", "does not"),
    (rf"(?:{_MODAL} )?be|are", "is"),
    (r"(?:must|should|needs? to)", ""),
    (r"the|an?|its|this|published|public|repo(?:sitory)?'s|project's|successfully", ""),
    (r"(?:contain|include|mention)s? +(?:the +)?text", "has words"),
    (r"(?:contain|include|hold|have|feature)s?|(?:is )?(?:containing|including|having)", "has"),
    (r"(?:github )?(?:repository|repo|project)", "repo"),
    (r"(?:web|html|home|landing|main|index) ?page|webpage", "page"),
    (r"licence", "license"),
    (r"readme(?:\.md)?", "README.md"),
    (r"<(h[1-6]|[a-z]{1,10})>", r"\1"),
)
_STARTS = re.compile(
    r"\A(?:(?:please )?(?:check|verify|confirm|ensures?|makes? sure|assert)(?: that)? |that |(?:on|in) page,? )+",
    re.IGNORECASE,
)
_PLACE = (
    r"(?:github|root(?: folder| directory)?|top level|repo|app|site|code|(?:git |commit )?history|page|DOM|HTML"
    r"|document|markup|screen)"
)
_ENDS = re.compile(rf"(?: (?:on|in|at|to|inside|of|from|under) (?:(?:repo(?:'s)?|page) )?{_PLACE})+$", re.IGNORECASE)
_OPENS, _CLOSES = r"(?:(?<=[\s(=\[:,>])|^)", r"(?=[\s).,;:!?\]/]|'s\b|$)"
_QUOTES = re.compile(
    rf'{_OPENS}(?:"([^"\n]+)"|`([^`\n]+)`|\u201c([^\u201d\n]+)\u201d|\u2018([^\u2019\n]+)\u2019'
    rf"|'((?:[^'\n]|'(?=\w))+)'){_CLOSES}|`([^`\n]+)`|\"([^\"\n]+)\""
)
_INNER_QUOTE = "\u02ba"  # stands for a double quote within quotes


def plainer(sentence: str) -> str:
    """One line without articles, closing full stop and the place at its end; a few words stand for their synonyms.

    "The repository must contain an MIT licence in its root." becomes "repo has MIT license". What stands in quotes of
    any kind stays as it is, in plain double quotes.
    """
    line = " ".join(sentence.replace("**", "").split()).rstrip(".! ")
    parts: list[str] = []
    end = 0
    for found in _QUOTES.finditer(line):
        said = next(group for group in found.groups() if group is not None)
        parts += [line[end : found.start()], f'"{said.replace(chr(34), _INNER_QUOTE)}"']
        end = found.end()
    parts.append(line[end:])
    for index in range(0, len(parts), 2):
        for pattern, replacement in _PLAINER:
            words = rf"(?<![\w./'=#-])(?:{pattern})(?![\w/'=#-]|\.\w)"
            parts[index] = re.sub(words, replacement, parts[index], flags=re.IGNORECASE)
    return _STARTS.sub("", _ENDS.sub("", " ".join("".join(parts).split()).replace(" ,", ",")), count=1)


def told(text: str) -> str:
    """What stood in quotes, as the evaluator wrote it."""
    return text.replace(_INNER_QUOTE, '"')


def texts_in(said: Said) -> list[str]:
    """What ``TEXTS`` covered."""
    return [told(text) for text in re.findall(r'"([^"]+)"', said["texts"])]


_SEPARATORS = re.compile(r'(?:,? (?:and|&|or) |, ?|(?<=[A-Z])/(?=[A-Z]))(?=(?:[^"]*"[^"]*")*[^"]*$)')
_VALUE = re.compile(r"[\w.+-]+(?:\(\))?|(?:[A-Z0-9][\w.+-]*)(?: [A-Z0-9][\w.+-]*)+")
_NO_VALUE = re.compile("all|every|each|any|some|other|more|them|both|least|it|several|many|valid|correct")


def items(enumeration: str) -> list[str]:
    """The values of a list such as ``"a", "b" and c``. Raises Unclear when it holds words that may be no values.

    Without quotes a value is one word, or several with capitals.
    """
    parts = [part.strip() for part in _SEPARATORS.split(enumeration.strip())]
    if any(
        not re.fullmatch(r'"[^"]+"', part) and (not _VALUE.fullmatch(part) or _NO_VALUE.fullmatch(part))
        for part in parts
    ):
        raise Unclear
    return [told(part.strip('"')) for part in parts]


_USUAL_NAMES = {"license": "LICENSE", "readme.md": "README.md"}
_LIST_ITEM = re.compile(
    rf"^\s*(?:[-*•+]|\d+[.)])\s+[`*\"']*({NAME})[`*\"']*\s*(?::|\u2013|\u2014|-|\(|$)", re.IGNORECASE | re.MULTILINE
)


def names_in(enumeration: str) -> list[str]:
    """The file names that ``enumeration`` consists of."""
    return [usual_name(name) for name in re.findall(NAME, enumeration, re.IGNORECASE)]


def usual_name(name: str) -> str:
    """Without quotes; licence and README as they are called in a repository."""
    bare = name.strip('"').removeprefix("./")
    return _USUAL_NAMES.get(bare.lower(), bare)


def listed_files(brief_text: str) -> list[str]:
    """The files that the brief enumerates in a list, each item beginning with its name."""
    return list(dict.fromkeys(usual_name(name) for name in _LIST_ITEM.findall(brief_text)))
