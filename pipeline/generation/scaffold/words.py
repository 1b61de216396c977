"""Words of names and sentences, as the reading rules compare them."""

import re
import unicodedata
from collections.abc import Iterable

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")
_ACRONYMS = frozenset({"csv", "json", "html", "url", "svg", "png", "pdf", "api", "css", "faq"})
_ADDRESS = re.compile(r"https?://[^\s\"'`<>)\]]+")
_ITEM = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•]|\d{1,3}[.)])\s)")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z#<`\"'“])")


def vocabulary(text: str) -> frozenset[str]:
    """The words of ``text``, to be looked up in."""
    return frozenset(text.split())


def stem(word: str) -> str:
    """The singular of a plain English plural: ``sales`` and ``sale`` are one word here."""
    if len(word) > 4 and word.endswith("ies"):  # noqa: PLR2004 - "ties" is not the plural of "ty"
        return word[:-3] + "y"
    is_plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))  # noqa: PLR2004 - "gas"
    return word[:-1] if is_plural else word


def words_of(name: str) -> tuple[str, ...]:
    """Stems of the words of an id, a file name or a column: ``totalSales`` -> ``total``, ``sale``."""
    parts = _NOT_WORD.split(_CAMEL.sub(" ", name).lower())
    return tuple(stem(part) for part in parts if part)


def label_of(name: str) -> str:
    """A name as a person would write it: ``region-filter`` -> ``Region filter``."""
    parts = [part for part in _NOT_WORD.split(_CAMEL.sub(" ", name)) if part]
    spaced = " ".join(part.upper() if part.lower() in _ACRONYMS else part for part in parts)
    return spaced[:1].upper() + spaced[1:]


def items_of(text: str) -> list[str]:
    """Paragraphs and list items of ``text``, each on one line."""
    return [" ".join(item.split()) for item in _ITEM.split(text) if item.strip()]


def sentences_of(text: str) -> list[str]:
    """Sentences of ``text``; each list item is at least one."""
    return [sentence for item in items_of(text) for sentence in _SENTENCE_END.split(item)]


def without_addresses(text: str) -> str:
    """``text`` with web addresses blanked out: names inside them are nobody's ids or files."""
    return _ADDRESS.sub(" ", text)


def addresses_in(text: str) -> list[str]:
    """Web addresses in ``text``, without the punctuation that ends a sentence."""
    return [found[0].rstrip(".,;:!?") for found in _ADDRESS.finditer(text)]


def mentions(sentence: str, name: str, *, last: bool = False) -> int | None:
    """Where ``sentence`` first, or last, names ``name``, its plural or its singular as whole words; else None."""
    words = [part for part in _NOT_WORD.split(_CAMEL.sub(" ", name).lower()) if part]
    if not words:
        return None
    pattern = r"[\W_]+".join([*map(re.escape, words[:-1]), re.escape(stem(words[-1]))])
    found = [match.start() for match in re.finditer(rf"(?<![\w#-]){pattern}(?:s|es)?(?![\w-])", sentence.lower())]
    return found[-1 if last else 0] if found else None


def printable(text: str) -> str:
    """``text`` without control characters and lone surrogates: neither XML nor UTF-8 can hold them."""
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each) not in {"Cc", "Cs"})


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """``values`` in order of first appearance."""
    return tuple(dict.fromkeys(value for value in values if value))
