"""From what was asked for and the files at hand to the parts of the page."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.generation.scaffold import rules_controls, rules_documents, rules_page, rules_tables
from pipeline.generation.scaffold.linking import link
from pipeline.generation.scaffold.parts import Part, Place, Scene
from pipeline.generation.scaffold.reading import Element, Reading
from pipeline.generation.scaffold.rules_documents import NO_ANSWER, overridden, override_parameter, quiz_part
from pipeline.generation.scaffold.rules_tables import card_part
from pipeline.generation.scaffold.sources import Kind, Shape, Source
from pipeline.generation.scaffold.words import label_of

Rule = Callable[[Element, Scene], Part | None]

_RULES: tuple[Rule, ...] = (
    *rules_page.FIRST,
    *rules_documents.FIRST,
    *rules_controls.RULES,
    *rules_tables.RULES,
    *rules_documents.LATER,
    *rules_page.LATER,
    *rules_tables.LAST,
    rules_page.plain,
)
_CONTROL_ROLES = frozenset({"filter", "search", "limit", "sort", "currency"})
_FOLLOWING_ROLES = frozenset({"figure", "groups", "values", "chart", "records", "table"})
_SHOWING_ROLES = frozenset({"table", "records", "quiz", "rendered", "raw", "tree", "pairs", "image", "gallery"})

_USUAL: Mapping[Kind, tuple[str, str, Mapping[str, Any]]] = {
    Kind.CSV: ("table", "table", {"sums": True}),
    Kind.JSON: ("tree", "div", {}),
    Kind.IMAGE: ("image", "img", {}),
    Kind.MARKDOWN: ("rendered", "article", {}),
    Kind.TEXT: ("rendered", "article", {}),
}
"""Kind of file -> function of the page script, tag, and what the function is told."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the page is made of.

    Attributes:
        parts: in the order in which they are started; the page shows them by their place.
        sources: files that the page opens.
        override: (query parameter, name of the source it replaces), or None.
    """

    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    override: tuple[str, str] | None = None


def plan(
    reading: Reading,
    sources: Sequence[Source],
    files: Iterable[str],
    existing: Iterable[str] = (),
    new_files: Container[str] | None = None,
) -> Plan:
    """Decide which part every element becomes, and add parts for files that nothing shows.

    Args:
        reading: what was asked for.
        sources: files that the page may open.
        files: every path of the app.
        existing: ids in a page by another hand: they are not made again.
        new_files: those of ``sources`` that the page has to show; None = all of them.
    """
    known = (*sources, *_nameless(reading, sources))
    scene = Scene(reading, known, frozenset(files), frozenset(existing))
    parts = [_part(element, scene) for element in reading.elements if element.id not in scene.existing]
    parts += _bound(parts, scene)
    fresh = _fresh_ids({*scene.existing, *(part.id for part in parts)})
    shown = [source for source in known if new_files is None or source.name in new_files]
    parts += _missing(parts, replace(scene, sources=tuple(shown)), fresh)
    parts = link(parts, scene, fresh)
    replaced = overridden(scene)
    parameter = override_parameter(reading.parameters)
    override = (parameter, replaced.name) if replaced and parameter else None
    return Plan(tuple(parts), tuple(_used(known, parts)), override)


def _part(element: Element, scene: Scene) -> Part:
    part = next(part for rule in _RULES if (part := rule(element, scene)))
    return replace(part, attributes={**part.attributes, **dict(element.attributes)})


def _bound(parts: Sequence[Part], scene: Scene) -> list[Part]:
    """Figures and controls of a page by another hand take part, without being made again or filled anew.

    Its figures follow controls that are added; its controls steer what is added.
    """
    existing = [_part(element, scene) for element in scene.reading.elements if element.id in scene.existing]
    steered = {
        part.settings.get("converts", part.settings.get("source")) for part in parts if part.role in _CONTROL_ROLES
    }
    shown = {part.settings.get("source") for part in parts if part.role in _FOLLOWING_ROLES}
    return [
        replace(part, settings={**part.settings, "existing": True})
        for part in existing
        if (part.role == "figure" and part.settings["source"] in steered)
        or (part.role in _CONTROL_ROLES and part.settings.get("converts", part.settings["source"]) in shown)
    ]


def _nameless(reading: Reading, sources: Sequence[Source]) -> list[Source]:
    """When ``?url=`` is asked for and no file is there to fall back to, the address alone names what to open."""
    parameter = override_parameter(reading.parameters)
    if parameter is None or sources:
        return []
    said = " ".join(sentence for sentence in reading.sentences if f"?{parameter}" in sentence).lower()
    kinds = (
        (Kind.IMAGE, ("image", ".png", "captcha", "photo")),
        (Kind.MARKDOWN, ("markdown", ".md")),
        (Kind.CSV, ("csv",)),
    )
    kind = next((kind for kind, words in kinds if any(word in said for word in words)), None)
    if kind is None:
        kind = Kind.JSON if "json" in said else Kind.TEXT
    return [Source("", kind, Shape.TREE if kind is Kind.JSON else Shape.NONE)]


def _fresh_ids(taken: set[str]) -> Callable[[], str]:
    numbers = iter(range(1, 10_000))

    def fresh() -> str:
        return next(name for number in numbers if (name := f"part-{number}") not in taken)

    return fresh


def _missing(parts: Sequence[Part], scene: Scene, fresh: Callable[[], str]) -> list[Part]:
    """Parts for files that no element asked for by id shows."""
    shown = {part.settings.get("source") for part in parts if part.role in _SHOWING_ROLES}
    shown |= {name for part in parts if part.role == "gallery" for name in part.settings["files"]}
    hidden = [source for source in scene.sources if source.name not in shown and source.kind is not Kind.OTHER]
    images = [source.name for source in hidden if source.kind is Kind.IMAGE]
    added = [_showing(source, scene, fresh()) for source in hidden if len(images) <= 2 or source.kind is not Kind.IMAGE]  # noqa: PLR2004 - three images make a gallery
    if len(images) > 2:  # noqa: PLR2004 - the same
        added.append(Part(fresh(), "gallery", "div", Place.BLOCK, {"files": images}, label="Images"))
    wants_reading = scene.reading.says(r"\bcaptcha|\bocr\b|\bsolve[sd]?\b") and scene.first(Kind.IMAGE) is not None
    if wants_reading and not any(part.text == NO_ANSWER for part in parts):
        added.append(Part(fresh(), "", "output", Place.FIGURE, text=NO_ANSWER, label="Text in the image"))
    replaced = overridden(scene)
    if replaced and not any(part.role == "origin" for part in parts):
        added.append(
            Part(fresh(), "origin", "output", Place.FIGURE, {"source": replaced.name}, text="…", label="Shown from")
        )
    return added


def _showing(source: Source, scene: Scene, id_: str) -> Part:
    """The usual way to show a file of its kind."""
    if source.shape is Shape.QUIZ:
        return quiz_part(id_, "div", source, scene)
    if source.shape is Shape.RECORDS or (source.kind is Kind.CSV and scene.reading.says(r"\bcards?\b")):
        return card_part(id_, "div", source, scene)
    role, tag, settings = _USUAL[source.kind]
    if source.shape in {Shape.RATES, Shape.PAIRS}:
        role, tag = "pairs", "table"
    alt = label_of(source.name.rpartition(".")[0])
    settings = {"source": source.name, **settings} | ({"alt": alt} if source.kind is Kind.IMAGE else {})
    return Part(id_, role, tag, Place.BLOCK, settings, label=source.name or "Content")


def _used(sources: Iterable[Source], parts: Iterable[Part]) -> list[Source]:
    names = {name for part in parts for name in (part.settings.get("source"), part.settings.get("converts"))}
    return [source for source in sources if source.name in names and source.kind is not Kind.OTHER]
