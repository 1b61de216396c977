"""Rules for elements that show a document, an image, a JSON tree or a quiz."""

from pipeline.generation.scaffold.parts import SHOWING_TAGS, Part, Place, Scene
from pipeline.generation.scaffold.reading import Element
from pipeline.generation.scaffold.sources import Kind, Shape, Source
from pipeline.generation.scaffold.words import label_of, words_of

OVERRIDES = ("url", "src", "source", "file", "image", "img", "input", "csv", "json", "md", "markdown", "data", "doc")
"""Query parameters that name what the page is to open instead of its own file."""

NO_ANSWER = "Not solved: this page was built without a language model and cannot read images."
_IMAGE_FILE = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif")
_IMAGE_WORDS = (
    "image",
    "img",
    "photo",
    "picture",
    "captcha",
    "preview",
    "logo",
    "thumbnail",
    "figure",
    "avatar",
    "banner",
)
_TEXT_TAGS = SHOWING_TAGS | {"article", "main", "pre", "textarea", "a"}
_MEASURES = {
    "words": ("word",),
    "characters": ("character", "char", "letter"),
    "lines": ("line",),
    "minutes": ("minute", "reading"),
}
_QUIZ_PARTS = {
    "quiz:submit": ("submit", "check", "grade", "finish", "done"),
    "quiz:retry": ("retry", "reset", "restart", "again", "clear"),
    "quiz:score": ("score", "result", "point", "grade"),
}


def quiz(element: Element, scene: Scene) -> Part | None:
    """The quiz itself, its buttons and its score."""
    source = scene.first(shape=Shape.QUIZ)
    if source is None:
        return None
    for role, words in _QUIZ_PARTS.items():
        is_button = role != "quiz:score"
        if element.has(*words) and (not is_button or element.tag in {"", "button", "input"}):
            tag = "button" if is_button else element.tag or "output"
            return Part(element.id, role, tag, Place.ACTION, label=label_of(element.id))
    if element.tag in {"", "div", "form", "section"} and element.has("quiz", "question", *words_of(source.name)[:1]):
        return quiz_part(element.id, element.tag or "div", source, scene)
    return None


def quiz_part(id_: str, tag: str, source: Source, scene: Scene) -> Part:
    """The container of the questions; classes as the brief names them."""
    names = [each.name for each in scene.reading.classes]
    fieldsets = [
        each.name for each in scene.reading.classes if each.tag == "fieldset" or "question" in words_of(each.name)
    ]
    settings = {
        "source": source.name,
        "classes": fieldsets or ["question"],
        "wrong": next((name for name in names if {"wrong", "incorrect"} & set(words_of(name))), "wrong"),
        "right": next((name for name in names if {"correct", "right"} & set(words_of(name))), "correct"),
    }
    return Part(id_, "quiz", tag, Place.BLOCK, settings, label=source.title or label_of(source.name.rpartition(".")[0]))


def measure(element: Element, scene: Scene) -> Part | None:
    """Words, characters or lines of the document, or of what is typed into a text area."""
    what = next((what for what, words in _MEASURES.items() if element.has(*words)), None)
    text = scene.text
    typed = scene.element("textarea", words=("editor",))
    if what is None or element.tag not in _TEXT_TAGS or (text is None and typed is None):
        return None
    if what == "lines" and not element.has("count", "number", "total", "num"):
        return None
    grouped = scene.reading.says(r"Intl\.NumberFormat|toLocaleString|thousands?\b|with commas") or any(
        "NumberFormat" in wanted for wanted in scene.reading.in_code
    )
    target = {"source": text.name} if text else {"input": typed.id if typed else ""}
    return Part(
        element.id,
        "measure",
        element.tag or "output",
        Place.FIGURE,
        target | {"what": what, "grouped": grouped},
        text="…",
    )


def origin(element: Element, scene: Scene) -> Part | None:
    """Where what is shown comes from: the file's name, or the address given with ``?url=``."""
    source = overridden(scene) or scene.text or next(iter(scene.sources), None)
    if source is None or element.tag not in _TEXT_TAGS:
        return None
    asks = element.has("label", "origin", "active", "filename") and element.has(
        "source", "url", "file", "label", "origin", "document"
    )
    shows = scene.reading.parameters and element.has("url", "address", "src", "link")
    no_text = scene.text is None and element.has("source")
    if not (asks or shows or no_text):
        return None
    return Part(element.id, "origin", element.tag or "span", Place.FIGURE, {"source": source.name}, text="…")


def overridden(scene: Scene) -> Source | None:
    """The source that ``?url=`` replaces: the first whose kind the parameter's sentence names, else the first."""
    parameter = override_parameter(scene.reading.parameters)
    if parameter is None:
        return None
    said = " ".join(sentence for sentence in scene.reading.sentences if f"?{parameter}" in sentence).lower()
    words = {
        Kind.IMAGE: ("image", "png", "captcha", "photo", "svg", "picture"),
        Kind.MARKDOWN: ("markdown", ".md"),
        Kind.CSV: ("csv", "tsv"),
        Kind.JSON: ("json",),
        Kind.TEXT: ("text", ".txt"),
    }
    named = [source for source in scene.sources if any(word in said for word in words.get(source.kind, ()))]
    return next(iter([*named, *scene.sources]), None)


def override_parameter(parameters: tuple[str, ...]) -> str | None:
    """The query parameter that names a resource to open, if there is one."""
    return next((name for name in parameters if name.lower() in OVERRIDES or words_of(name)[-1:] == ("url",)), None)


def raw(element: Element, scene: Scene) -> Part | None:
    """The document as it was written."""
    text = scene.text
    asked = element.has("source", "raw", "original", "plain") or (
        element.tag == "textarea" and element.has("input", "editor", "markdown")
    )
    if text is None or not asked or element.tag not in _TEXT_TAGS:
        return None
    return Part(element.id, "raw", element.tag or "pre", Place.BLOCK, {"source": text.name}, label="Source")


def rendered(element: Element, scene: Scene) -> Part | None:
    """The document as it is meant to be read."""
    text = scene.text
    usual = (
        "output",
        "rendered",
        "render",
        "html",
        "preview",
        "content",
        "article",
        "document",
        "doc",
        "text",
        "note",
        "reader",
        "viewer",
        "body",
        "markdown",
        "story",
        "result",
    )
    if text is None or element.tag not in {"", "div", "section", "article", "main", "pre", "p"}:
        return None
    if not element.has(*usual, *words_of(text.name.rpartition(".")[0])):
        return None
    label = "Rendered" if text.kind is Kind.MARKDOWN else label_of(element.id)
    return Part(element.id, "rendered", element.tag or "article", Place.BLOCK, {"source": text.name}, label=label)


def tree(element: Element, scene: Scene) -> Part | None:
    """A JSON document as nested lists."""
    source = next((each for each in scene.sources if each.kind is Kind.JSON and each.shape is not Shape.QUIZ), None)
    usual = ("json", "tree", "output", "data", "raw", "result", "content", "viewer", "display")
    if source is None or element.tag not in {"", "div", "pre", "code", "section", "ul"}:
        return None
    if not element.has(*usual, *words_of(source.name.rpartition(".")[0])):
        return None
    return Part(
        element.id,
        "tree",
        "pre" if element.tag in {"pre", "code"} else "div",
        Place.BLOCK,
        {"source": source.name},
        label=label_of(element.id),
    )


def image(element: Element, scene: Scene) -> Part | None:
    """One image: the file whose name the id holds, else the one from ``?url=``, else the first."""
    if element.tag not in {"", "img", "figure", "div"} or element.has(
        "text", "solution", "answer", "url", "label", "solved"
    ):
        return None
    images = sorted(path for path in scene.files if path.lower().endswith(_IMAGE_FILE))
    same_name = [path for path in images if element.words & set(words_of(path.rpartition("/")[2].rpartition(".")[0]))]
    if not (element.tag == "img" or element.has(*_IMAGE_WORDS) or same_name):
        return None
    place, label = Place.BLOCK, label_of(element.id)
    opened = [source for source in scene.sources if source.kind is Kind.IMAGE and source.name not in same_name[:1]]
    if same_name and not any(source.name == same_name[0] for source in scene.sources):
        return Part(element.id, "image", element.tag or "img", place, {"file": same_name[0], "alt": label}, label=label)
    chosen = same_name[0] if same_name else opened[0].name if opened else None
    if chosen is None:
        return (
            Part(element.id, "image", element.tag or "img", place, {"file": images[0], "alt": label}, label=label)
            if images
            else None
        )
    return Part(element.id, "image", element.tag or "img", place, {"source": chosen, "alt": label}, label=label)


def gallery(element: Element, scene: Scene) -> Part | None:
    """All attached images."""
    names = [source.name for source in scene.sources if source.kind is Kind.IMAGE and source.name]
    asked = element.has("gallery", "slideshow", "carousel") or (
        element.has("image", "photo", "picture") and element.id.lower().endswith("s")
    )
    if len(names) < 2 or not asked or element.tag not in {"", "div", "section", "ul"}:  # noqa: PLR2004 - one image is no gallery
        return None
    return Part(element.id, "gallery", element.tag or "div", Place.BLOCK, {"files": names}, label=label_of(element.id))


def unread(element: Element, scene: Scene) -> Part | None:
    """What would have to be read out of an image: the page says that it cannot."""
    asked = element.has("solution", "solved", "answer", "ocr") or (
        element.has("captcha") and element.has("text", "result")
    )
    if not asked or scene.first(Kind.IMAGE) is None or element.tag in {"input", "button", "form", "img"}:
        return None
    return Part(element.id, "", element.tag or "output", Place.FIGURE, text=NO_ANSWER, is_guess=True)


FIRST = (quiz, measure)
"""Before the rules for tables."""

LATER = (unread, gallery, image, origin, raw, rendered, tree)
"""After them."""
