"""What brief and checks name: title, elements, classes, libraries, parameters, files. Nothing is invented here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.domain.brief import Brief, Check
from pipeline.generation.scaffold import prose
from pipeline.generation.scaffold.libraries import Library, libraries_named
from pipeline.generation.scaffold.prose import ClassName, FileWish, Mention
from pipeline.generation.scaffold.scripts import Use, read_script
from pipeline.generation.scaffold.selectors import Compound
from pipeline.generation.scaffold.words import distinct, printable, sentences_of, stem, words_of

MAX_ELEMENTS = 120
MAX_FILES = 60

_ROW_TAGS = {"tbody", "thead", "tfoot", "tr"}
_SAFE_ATTRIBUTE_NAMES = {"role", "type", "name", "placeholder", "alt", "lang", "min", "max", "step", "required"}


@dataclass(frozen=True, slots=True)
class Request:
    """What one round asked for.

    Attributes:
        brief: its text.
        checks: its checks.
    """

    brief: str
    checks: tuple[Check, ...] = ()

    @classmethod
    def of(cls, brief: Brief) -> "Request":
        """What ``brief`` asks for, without characters that no file could hold."""
        return cls(printable(brief.text), tuple(Check.from_text(printable(check.text)) for check in brief.checks))

    @property
    def prose(self) -> tuple[str, ...]:
        """Everything written for people."""
        return (self.brief, *(check.text for check in self.checks if check.script is None))


@dataclass(frozen=True, slots=True)
class Element:
    """An element that must be in the page.

    Attributes:
        id: its id.
        tag: lower case; "" when nothing is said about it.
        attributes: name -> value, fit to be written into the page.
        holds: elements that must be inside, from checks' selectors.
        inside: id of an element around it, or "".
        context: the sentences that name it, joined.
    """

    id: str
    tag: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    holds: tuple[Compound, ...] = ()
    inside: str = ""
    context: str = ""

    @property
    def words(self) -> frozenset[str]:
        """Stems of the words of its id."""
        return frozenset(words_of(self.id))

    def has(self, *words: str) -> bool:
        """One of ``words`` is in its id, in the singular or the plural."""
        return not self.words.isdisjoint(map(stem, words))


@dataclass(frozen=True, slots=True)
class Reading:
    """What all rounds so far ask for, read by fixed rules.

    Attributes:
        title: of the page, or "".
        elements: in the order in which they are named.
        classes: named classes.
        data_attributes: names, such as ``data-region``.
        libraries: to load from a CDN.
        parameters: of the page's address: ``url`` for ``?url=``.
        hash_keys: kept after the ``#`` of the address.
        storage_key: under which the browser keeps what was entered, or "".
        interfaces: addresses of web APIs.
        files: asked for by name.
        in_code: texts that checks look for in the page's first script.
        sentences: everything that was written for people.
    """

    title: str = ""
    elements: tuple[Element, ...] = ()
    classes: tuple[ClassName, ...] = ()
    data_attributes: tuple[str, ...] = ()
    libraries: tuple[Library, ...] = ()
    parameters: tuple[str, ...] = ()
    hash_keys: tuple[str, ...] = ()
    storage_key: str = ""
    interfaces: tuple[str, ...] = ()
    files: tuple[FileWish, ...] = ()
    in_code: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    def says(self, pattern: str) -> bool:
        """A sentence matches the regular expression ``pattern``; case does not count."""
        return any(prose.found(pattern, sentence) for sentence in self.sentences)


def read(requests: Sequence[Request]) -> Reading:
    """Read the requests of all rounds, oldest first; where two disagree, the later one counts."""
    texts = [text for request in requests for text in request.prose]
    facts = [read_script(check.script) for request in requests for check in request.checks if check.script is not None]
    sentences = distinct(sentence for text in texts for sentence in sentences_of(text))
    uses = [use for fact in facts for use in fact.uses]
    strings = [string for fact in facts for string in fact.strings]
    titles = [title for request in requests for title in _titles(request)]
    return Reading(
        title=titles[-1] if titles else "",
        elements=_elements(sentences, uses),
        classes=_classes(sentences, uses),
        data_attributes=distinct([*prose.data_attributes(sentences), *_data_attributes(uses)]),
        libraries=libraries_named(sentences, _address_parts(uses)),
        parameters=prose.parameters(sentences),
        hash_keys=prose.hash_keys([*sentences, *strings]),
        storage_key=next(iter(prose.storage_keys([*sentences, *strings])), ""),
        interfaces=prose.interfaces([*sentences, *strings]),
        files=prose.files(texts, strings)[:MAX_FILES],
        in_code=distinct(text for fact in facts for text in fact.in_code),
        sentences=sentences,
    )


def _titles(request: Request) -> list[str]:
    """Of one round, the least binding first: a check is more exact than a sentence."""
    scripts = [read_script(check.script).title for check in request.checks if check.script is not None]
    written = [prose.title(sentence) for text in request.prose for sentence in sentences_of(text)]
    return [*distinct(reversed(written)), *distinct(scripts)]


def _elements(sentences: Iterable[str], uses: Iterable[Use]) -> tuple[Element, ...]:
    elements: dict[str, Element] = {}
    spoken_of: list[Mention] = []
    for sentence in sentences:
        mentions = list(prose.mentions_in(sentence))
        if not mentions and prose.goes_on(sentence):
            mentions = [Mention(mention.id) for mention in spoken_of]
        for mention in mentions:
            known = elements.get(mention.id, Element(mention.id))
            elements[mention.id] = _with_mention(known, mention, sentence)
        spoken_of = mentions
    for use in uses:
        _add_use(elements, use)
    return tuple(elements.values())[:MAX_ELEMENTS]


def _with_mention(element: Element, mention: Mention, sentence: str) -> Element:
    context = element.context if sentence in element.context else f"{element.context} {sentence}".strip()
    attributes = dict(mention.attributes) | dict(element.attributes)
    return replace(element, tag=element.tag or mention.tag, attributes=tuple(attributes.items()), context=context)


def _add_use(elements: dict[str, Element], use: Use) -> None:
    around = ""
    for index, compound in enumerate(use.chain):
        if compound.id:
            element = elements.get(compound.id, Element(compound.id))
            is_selected = index == len(use.chain) - 1
            attributes = {name: value for name, operator, value in compound.attributes if operator in {"", "="}}
            attributes |= use.attributes if is_selected else {}
            below = use.chain[index + 1 :]
            said = compound.tag or (use.tag if is_selected else "")
            likely = use.likely if is_selected else ""
            elements[compound.id] = replace(
                element,
                tag=said or element.tag or _tag_around(below) or likely,
                attributes=tuple((dict(element.attributes) | _safe(attributes)).items()),
                holds=(*element.holds, *(held for held in below if not held.id and held not in element.holds)),
                inside=element.inside or around,
            )
            around = compound.id


def _tag_around(below: Sequence[Compound]) -> str:
    first = below[0].tag if below else ""
    return "table" if first in _ROW_TAGS else "select" if first == "option" else ""


def _safe(attributes: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in attributes.items()
        if name in _SAFE_ATTRIBUTE_NAMES or name.startswith(("aria-", "data-"))
    }


def _classes(sentences: Iterable[str], uses: Iterable[Use]) -> tuple[ClassName, ...]:
    named = [found for sentence in sentences for found in prose.classes_in(sentence)]
    for use in uses:
        around = ""
        for compound in use.chain:
            named += [ClassName(name, compound.tag, around) for name in compound.classes if not compound.id]
            around = compound.id or around
    merged: dict[str, ClassName] = {}
    for found in named:
        known = merged.setdefault(found.name, found)
        merged[found.name] = replace(
            known,
            tag=known.tag or found.tag,
            inside=known.inside or found.inside,
            context=known.context or found.context,
        )
    return tuple(merged.values())


def _data_attributes(uses: Iterable[Use]) -> list[str]:
    in_selectors = [name for use in uses for compound in use.chain for name, _, _ in compound.attributes]
    on_elements = [name for use in uses for name in use.attributes]
    return [name for name in [*in_selectors, *on_elements] if name.startswith("data-")]


def _address_parts(uses: Iterable[Use]) -> list[str]:
    return [
        value
        for use in uses
        for compound in use.chain
        if compound.tag in {"script", "link", ""}
        for name, _, value in compound.attributes
        if name in {"src", "href"}
    ]
