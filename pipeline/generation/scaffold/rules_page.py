"""Rules for elements that live without a file: lookups, forms, counters, lists, theme, visits, clocks, buttons."""

import re

from pipeline.generation.scaffold.parts import SHOWING_TAGS, Part, Place, Scene
from pipeline.generation.scaffold.prose import text_for
from pipeline.generation.scaffold.reading import Element
from pipeline.generation.scaffold.words import label_of, sentences_of, words_of

_STATUS_WORDS = ("status", "message", "msg", "alert", "error", "notice", "feedback", "log", "toast", "notification")
_STEPS = {
    "increment": 1,
    "inc": 1,
    "plus": 1,
    "increase": 1,
    "up": 1,
    "decrement": -1,
    "dec": -1,
    "minus": -1,
    "decrease": -1,
    "down": -1,
}
_LIST_WORDS = ("todo", "task", "note", "item", "list", "entry", "shopping")
_DEEDS = {"print": "print", "download": "download", "export": "download", "copy": "copy"}
_FIELD_TYPES = {
    "email": "email",
    "mail": "email",
    "phone": "tel",
    "tel": "tel",
    "date": "date",
    "age": "number",
    "number": "number",
    "amount": "number",
    "password": "password",
    "color": "color",
    "url": "url",
    "quantity": "number",
}


def theme(element: Element, _scene: Scene) -> Part | None:
    """A button that switches between light and dark."""
    if not element.has("theme", "dark", "darkmode") or element.tag not in {"", "button", "input"}:
        return None
    attributes = {"type": "checkbox"} if element.tag == "input" else {}
    return Part(
        element.id, "theme", element.tag or "button", Place.CONTROL, attributes=attributes, label="Light or dark"
    )


def visits(element: Element, _scene: Scene) -> Part | None:
    """How often this browser has been here."""
    if not element.has("visit", "visitor", "hit", "pageview") or element.tag not in SHOWING_TAGS:
        return None
    return Part(element.id, "visits", element.tag or "output", Place.FIGURE, text="1", label="Visits with this browser")


def status(element: Element, _scene: Scene) -> Part | None:
    """Where the page says what it is doing."""
    if not element.has(*_STATUS_WORDS) or element.tag not in SHOWING_TAGS or element.has("input", "count"):
        return None
    live = {"aria-live": "polite", "data-messages": ""}
    return Part(element.id, "", element.tag or "p", Place.ACTION, attributes=live, text="Ready.")


def lookup(element: Element, scene: Scene) -> Part | None:
    """A form that asks a web API, its input, and the fields of the answer."""
    if not scene.reading.interfaces:
        return None
    form = scene.element("form")
    if element == form:
        return Part(
            element.id,
            "lookup",
            "form",
            Place.BLOCK,
            {"address": scene.reading.interfaces[0]},
            label=label_of(element.id),
        )
    if element.tag == "input":
        return Part(element.id, "lookup:input", "input", Place.INSIDE, holder=form.id if form else "")
    if element.tag == "button":
        return Part(
            element.id,
            "lookup:button",
            "button",
            Place.INSIDE,
            label=label_of(element.id),
            holder=form.id if form else "",
        )
    if element.tag in SHOWING_TAGS and not element.has(*_STATUS_WORDS):
        return Part(element.id, "lookup:field", element.tag or "output", Place.FIGURE, text="…")
    return None


def counter(element: Element, scene: Scene) -> Part | None:
    """A number that buttons step up and down."""
    buttons = [each for each in scene.reading.elements if each.tag in {"", "button"} and each.has(*_STEPS)]
    if not buttons:
        return None
    if element in buttons:
        step = next(_STEPS[word] for word in words_of(element.id) if word in _STEPS)
        return Part(element.id, "counter:button", "button", Place.CONTROL, {"step": step}, label=label_of(element.id))
    if element.has("reset", "clear", "zero") and element.tag in {"", "button"}:
        return Part(element.id, "counter:button", "button", Place.CONTROL, {"step": 0}, label=label_of(element.id))
    if element.has("count", "counter", "value", "number", "display", "total") and element.tag in SHOWING_TAGS:
        return Part(element.id, "counter", element.tag or "output", Place.FIGURE, text="0")
    return None


def adder(element: Element, scene: Scene) -> Part | None:
    """A list that the visitor adds to; it is kept in the browser."""
    about_lists = [each for each in scene.reading.elements if each.has(*_LIST_WORDS)]
    shown = next(
        (each for each in about_lists if each.tag in {"ul", "ol"} or (not each.tag and each.has("list"))), None
    )
    typed = next((each for each in scene.reading.elements if each.tag in {"input", "textarea"}), None)
    if scene.sources or shown is None or typed is None:
        return None
    holder = element.inside if any(each.id == element.inside for each in scene.reading.elements) else ""
    place = Place.INSIDE if holder else Place.CONTROL
    if element == shown:
        return Part(element.id, "adder", element.tag or "ul", Place.BLOCK, label=label_of(element.id))
    if element == typed:
        return Part(element.id, "adder:input", element.tag, place, holder=holder)
    if element.tag in {"", "button"} and element.has("add", "submit", "save", "create", "new"):
        return Part(element.id, "adder:button", "button", place, label=label_of(element.id), holder=holder)
    if element.has("count", "total") and element.tag in SHOWING_TAGS:
        return Part(element.id, "adder:count", element.tag or "output", Place.FIGURE, text="0")
    return None


def tabs(element: Element, _scene: Scene) -> Part | None:
    """Buttons that switch between blocks; which ones is settled when all parts are known."""
    named = re.search(rf"\btabs?\s+[`'\"(]?#{re.escape(element.id)}(?![\w-])", element.context, re.IGNORECASE)
    if not (named or element.has("tab", "tablist", "switcher")) or element.tag not in {
        "",
        "div",
        "nav",
        "ul",
        "section",
    }:
        return None
    return Part(element.id, "tabs", "div", Place.CONTROL, {"context": element.context})


def clock(element: Element, _scene: Scene) -> Part | None:
    """Time, date or year of now."""
    words = {"time": ("clock", "time", "now"), "date": ("date", "today"), "year": ("year",)}
    what = next((what for what, names in words.items() if element.has(*names)), None)
    about_now = re.search(r"\b(?:current|today|now|clock|live)\b", element.context, re.IGNORECASE)
    if (
        what is None
        or not (about_now or element.has("clock", "now", "today", "current"))
        or element.tag not in SHOWING_TAGS
    ):
        return None
    return Part(element.id, "clock", element.tag or "output", Place.FIGURE, {"what": what}, text="…")


def deed(element: Element, scene: Scene) -> Part | None:
    """Buttons that print, save, copy, or put all controls back."""
    if element.tag not in {"", "button"}:
        return None
    what = next((_DEEDS[word] for word in words_of(element.id) if word in _DEEDS), None)
    if what and (what != "download" or scene.sources):
        first = scene.sources[0].name if scene.sources else ""
        return Part(
            element.id,
            "deed",
            "button",
            Place.CONTROL,
            {"what": what, "file": first, "source": first},
            label=label_of(element.id),
        )
    if element.has("reset", "clear") and scene.views:
        return Part(element.id, "reset", "button", Place.CONTROL, label=label_of(element.id))
    return None


def form(element: Element, scene: Scene) -> Part | None:
    """A form, its fields and where its answer is shown."""
    whole = scene.element("form")
    if whole is None:
        return None
    if element == whole:
        return Part(element.id, "form", "form", Place.BLOCK, label=label_of(element.id))
    if element.tag in {"input", "textarea", "select", "button"}:
        return replace_holder(plain(element, scene), whole.id)
    if (
        element.has("confirmation", "thank", "result", "output", "answer", "response", "success", "greeting", "summary")
        and element.tag in SHOWING_TAGS
    ):
        return Part(element.id, "form:shows", element.tag or "output", Place.BLOCK, attributes={"aria-live": "polite"})
    return None


def replace_holder(part: Part, holder: str) -> Part:
    """``part`` inside another part."""
    return Part(
        part.id,
        part.role,
        part.tag,
        Place.INSIDE,
        part.settings,
        part.attributes,
        part.options,
        part.text,
        part.label,
        holder,
        part.is_guess,
    )


def plain(element: Element, scene: Scene) -> Part:
    """What can be done without knowing what the element is for: the right tag, a label, and an honest word."""
    given = dict(element.attributes)
    label = label_of(element.id)
    if element.tag == "button" or (not element.tag and element.has("button", "btn", "toggle")):
        return Part(element.id, "idle", "button", Place.CONTROL, attributes=given, label=label, is_guess=True)
    if element.tag in {"input", "textarea"} or (not element.tag and element.has("input", "field")):
        kind = given.get("type") or next(
            (_FIELD_TYPES[word] for word in words_of(element.id) if word in _FIELD_TYPES), "text"
        )
        kinds = {"type": kind} if element.tag != "textarea" else {}
        is_first = scene.element("input", "textarea") == element
        role = "memory" if scene.reading.storage_key and is_first else ""
        return Part(element.id, role, element.tag or "input", Place.CONTROL, attributes=given | kinds, label=label)
    if element.tag == "select":
        values = [
            value
            for held in element.holds
            if held.tag == "option"
            for name, _, value in held.attributes
            if name == "value"
        ]
        return Part(
            element.id,
            "",
            "select",
            Place.CONTROL,
            attributes=given,
            options={v: label_of(v) or v for v in values},
            is_guess=True,
        )
    if element.tag in {"h1", "h2", "h3", "h4"}:
        return Part(element.id, "", element.tag, Place.BLOCK, attributes=given, text=label)
    wanted = next(filter(None, (text_for(element.id, each) for each in sentences_of(element.context))), "")
    if wanted:
        return Part(element.id, "", element.tag or "p", Place.BLOCK, attributes=given, text=wanted)
    usual = "ul" if any(held.tag == "li" for held in element.holds) else "div"
    unknown = "Not filled in: no rule of the builder, which used no language model, knows what belongs here."
    return Part(
        element.id, "", element.tag or usual, Place.BLOCK, attributes=given, text=unknown, label=label, is_guess=True
    )


FIRST = (theme, visits, tabs, lookup)
"""Before the rules for files: what they look for is said plainly."""

LATER = (counter, adder, clock, deed, form, status)
"""After them."""
