"""Sentences of evaluators in a plainer form, so that rules need not spell out every way of saying the same."""

import re

from pipeline.verification.said import Said

QUOTED = r'"(?P<{0}>[^"]+)"'
"""Text in quotes, as a group that is called as ``format`` is told."""

NAME = r"\"?(?:[\w.-]+/)*(?:[\w-][\w.-]*\.[a-z][a-z0-9]{0,9}|\.[\w.]+|license|dockerfile)\"?"
"""A file name, with or without quotes. Matches whole words only when the pattern around it says so."""

NAMES = rf"(?P<files>{NAME}(?:(?:, and |, | and |,){NAME})*)"
FILE = rf"(?:file |workflow )?(?P<file>{NAME})(?: file| workflow)?"
EXISTS = r"(?:(?:is )?exists?|is (?:present|there|available|defined|rendered|visible)|(?:is )?appears?)"
SHOWS = r"(?:shows?|displays?|renders?|prints?|outputs?)"

_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
NUMBER = rf"(?:\d[\d,]{{0,8}}|{'|'.join(_NUMBERS)}|a single|single)"
RANGE = (
    r"(?:(?P<bound>exactly|only|just|at least|no fewer than|no less than|a minimum of|minimum|more "
    r"than|over|at most|no more than"
    r"|a maximum of|up to|fewer than|less than|under|between|from|around|about|roughly|approximately) )?"
    rf"(?P<low>{NUMBER})(?: ?(?:-|\u2013|\u2014|to|and) ?(?P<high>{NUMBER})|(?P<more>\+| or more))?"
)
"""A number of things, or from how many to how many; read by ``limits``."""
_ABOUT = {"around", "about", "roughly", "approximately"}

_USUAL_NAMES = {"license": "LICENSE", "readme.md": "README.md"}
_LIST_ITEM = re.compile(
    rf"^\s*(?:[-*•+]|\d+[.)])\s+[`*\"']*({NAME})[`*\"']*\s*(?::|\u2013|\u2014|-|\(|$)", re.IGNORECASE | re.MULTILINE
)
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
_OPENING = re.compile(
    (
        r"\A(?:(?:please )?(?:check|verify|confirm|ensures?|make sure|makes sure|assert)(?: that)? |that "
        r"|(?:on|in) page,? )+"
    ),
    re.IGNORECASE,
)
_PLACE = (
    r"(?:github|root(?: folder| directory)?|top level|repo|app|site|code|(?:git |commit )?history|page|DOM|HTML"
    r"|document|markup|screen)"
)
_PLACE_AT_END = re.compile(
    rf"(?: (?:on|in|at|to|inside|of|from|under) (?:(?:repo(?:'s)?|page) )?{_PLACE})+$", re.IGNORECASE
)
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
            parts[index] = re.sub(
                rf"(?<![\w./'=#-])(?:{pattern})(?![\w/'=#-]|\.\w)", replacement, parts[index], flags=re.IGNORECASE
            )
    plain = " ".join("".join(parts).split()).replace(" ,", ",")
    return _OPENING.sub("", _PLACE_AT_END.sub("", plain), count=1) if plain else plain


def told(text: str) -> str:
    """What stood in quotes, as the evaluator wrote it."""
    return text.replace(_INNER_QUOTE, '"')


def items(enumeration: str) -> list[str] | None:
    """The values of a list such as ``"a", "b" and c``; None when it holds words that may be no values.

    Without quotes a value is one word, or several with capitals.
    """
    found: list[str] = []
    for part in _SEPARATORS.split(enumeration.strip()):
        bare = part.strip()
        if quoted := re.fullmatch(r'"([^"]+)"', bare):
            found.append(told(quoted[1]))
        elif (
            re.fullmatch(r"[\w.+-]+(?:\(\))?|(?:[A-Z0-9][\w.+-]*)(?: [A-Z0-9][\w.+-]*)+", bare)
            and bare not in _NO_VALUE
        ):
            found.append(bare)
        else:
            return None
    return found


_SEPARATORS = re.compile(r'(?:,? (?:and|&|or) |, ?|(?<=[A-Z])/(?=[A-Z]))(?=(?:[^"]*"[^"]*")*[^"]*$)')
_NO_VALUE = {
    "all",
    "every",
    "each",
    "any",
    "some",
    "other",
    "more",
    "them",
    "both",
    "least",
    "it",
    "several",
    "many",
    "valid",
    "correct",
}


def limits(said: Said) -> tuple[float, float] | None:
    """From how many to how many ``RANGE`` allows; None when it only says about how many."""
    low = number(said["low"])
    high = number(said["high"]) if said["high"] else low
    bound = said["bound"].lower()
    if bound in _ABOUT:
        return None
    if bound in {"more than", "over"}:
        return low + 1, float("inf")
    if bound in {"fewer than", "less than", "under"}:
        return 0, low - 1
    if bound.startswith(("at least", "no fewer", "no less", "a minimum", "minimum")) or said["more"]:
        return low, float("inf")
    if bound.startswith(("at most", "no more", "a maximum", "up to")):
        return 0, low
    return low, high


def number(words: str) -> int:
    """The number that digits or a word stand for."""
    bare = words.lower().replace(",", "")
    return int(bare) if bare.isdigit() else 1 if "single" in bare else _NUMBERS.index(bare)


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
