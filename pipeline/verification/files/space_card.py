"""The card of a Hugging Face Space: the front matter of README.md."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.domain.files import AppFiles
from pipeline.domain.space_card import COLOURS, LICENCES, LONGEST_SHORT_DESCRIPTION, MOST_OAUTH_MINUTES, SDKS
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.findings import MOST_OF_A_KIND
from pipeline.verification.files.quoting import shown
from pipeline.verification.files.syntax import yaml_problem
from pipeline.verification.files.yaml_nodes import (
    Node,
    entries,
    items,
    line_of,
    repeated_keys,
    string,
    type_of,
    yaml_root,
)

README = "README.md"
LONGEST_CARD = 16 * 1024  # characters

_ENTRY = {"gradio": "app.py", "static": "index.html"}
_HAS_SDK = re.compile(r"^sdk\s*:", re.MULTILINE)
_PYTHON_VERSION = re.compile(r"3\.\d{1,2}(?:\.\d{1,2})?")
_VERSION = re.compile(r"\d+(?:\.\d+){0,3}(?:[a-z.-]+\d*)?")
_HEADERS = {"cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"}
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_MODIFIERS = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\ufe0e\ufe0f]")  # skin tones, tags, variants
_JOINER = "\u200d"
_LAST_PLAIN_SIGN = "\u00a8"  # copyright and registered sign come after it and are emoji

# With those that are newer or belong to one maker: nothing is blamed that may be right.
_LICENCES = LICENCES.union(
    [
        "h-research",
        "intel-research",
        "apple-ascl",
        "apple-amlr",
        "openmdw-1.0",
        "deepfloyd-if-license",
        "fair-noncommercial-research-license",
        "llama4",
        "grok2-community",
    ]
)


@dataclass(frozen=True, slots=True)
class SpaceCard:
    """A card that could be read.

    Attributes:
        values: key -> node; lines within the file are those of the nodes plus one.
        repeated: keys that stand there twice.
    """

    values: dict[str, Node]
    repeated: tuple[Node, ...]

    @property
    def sdk(self) -> str | None:
        """As written."""
        return string(self.values.get("sdk"))

    @property
    def sdk_version(self) -> str | None:
        """As written."""
        return string(self.values.get("sdk_version"))

    @property
    def app_file(self) -> str | None:
        """As written, or what the Hub takes without it; None for docker."""
        return string(self.values.get("app_file")) or _ENTRY.get(self.sdk or "")

    @property
    def app_port(self) -> int | None:
        """As written, when it is a port."""
        text = string(self.values.get("app_port")) or ""
        return int(text) if re.fullmatch(r"\d{1,5}", text) else None


def front_matter(readme: str) -> tuple[str | None, bool]:
    """The text between the ``---`` lines at the very beginning, and whether a closing one is there."""
    head = readme[:LONGEST_CARD]
    opening = re.match(r"---[ \t]*\r?\n", head)
    if opening is None:
        return None, False
    closing = re.search(r"^---[ \t]*\r?$", head[opening.end() :], re.MULTILINE)
    if closing is None:
        return head[opening.end() :], False
    return head[opening.end() :][: closing.start()], True


def read_card(readme: str) -> SpaceCard | None:
    """The card at the head of ``readme``; None without one that names an sdk and can be read."""
    text, is_closed = front_matter(readme)
    if text is None or not is_closed:
        return None
    root = yaml_root(text)
    values = entries(root)
    return SpaceCard(values, tuple(repeated_keys(root))) if "sdk" in values else None


def card_findings(readme: str, files: AppFiles) -> Iterator[Finding]:
    """What is wrong with the card in ``readme``; nothing when there is no front matter that names an sdk."""
    text, is_closed = front_matter(readme)
    if text is None or not _HAS_SDK.search(text):
        return
    if not is_closed:
        yield _error("the front matter is never closed: put a line with --- after it", 1)
        return
    card = read_card(readme)
    if card is None:
        problem = yaml_problem(text)
        message = problem.message if problem else "is not one flat list of keys and values"
        yield _error(f"the front matter cannot be read: {message}", problem.line + 1 if problem and problem.line else 1)
        return
    for repeated in card.repeated[:MOST_OF_A_KIND]:
        name = shown(string(repeated) or "")
        yield _error(f"{name} stands in the front matter twice: keep one", line_of(repeated) + 1)
    for key, rule in _RULES.items():
        node = card.values.get(key)
        if node is not None and (complaint := rule(node)):
            yield _error(f"{key} {complaint}", line_of(node) + 1)
    yield from _entry_problems(card, files)
    yield from _out_of_place(card)


def missing_card_finding(files: AppFiles) -> Iterator[Finding]:
    """What is wrong with an app that becomes a Space and has no card."""
    text, _ = front_matter(files.text(README) or "")
    if text is None or not _HAS_SDK.search(text):
        message = "has no front matter that names the sdk: a Space needs it, between --- lines at the very beginning"
        yield _error(message, 1 if README in files else None)


def _error(message: str, line: int | None) -> Finding:
    return Finding(Severity.ERROR, "space-card", message, README, line)


def _warning(message: str, line: int | None) -> Finding:
    return Finding(Severity.WARNING, "space-card", message, README, line)


def _entry_problems(card: SpaceCard, files: AppFiles) -> Iterator[Finding]:
    if card.sdk == "docker":
        if "Dockerfile" not in files:
            yield _error("sdk is docker, but there is no Dockerfile in the root", line_of(card.values["sdk"]) + 1)
        return
    path = card.app_file
    is_built = "app_build_command" in card.values
    if path is not None and not is_built and re.sub(r"^\./", "", path) not in files:
        node = card.values.get("app_file") or card.values["sdk"]
        yield _error(
            f"the Space starts with {shown(path)}, which is not in the app: name a file that is", line_of(node) + 1
        )


def _out_of_place(card: SpaceCard) -> Iterator[Finding]:
    """Keys that the Hub ignores for this sdk, and versions that YAML reads as other numbers."""
    for key, sdks in (("app_port", {"docker"}), ("app_file", {"gradio", "static"}), ("sdk_version", {"gradio"})):
        node = card.values.get(key)
        if node is not None and card.sdk in SDKS and card.sdk not in sdks:
            yield _warning(f"{key} has no meaning for sdk {card.sdk}: leave it out", line_of(node) + 1)
    for key in ("python_version", "sdk_version"):
        node = card.values.get(key)
        if node is not None and type_of(node) == "float" and (string(node) or "").endswith("0"):
            yield _warning(
                f"{key} is read as a number, which loses the 0 at its end: put it in quotes", line_of(node) + 1
            )


_Rule = Callable[[Node], str | None]


def _sdk(node: Node) -> str | None:
    if string(node) == "streamlit":
        return "streamlit is no longer there: use docker, with a Dockerfile that runs streamlit"
    return _one_of(*SDKS)(node)


def _one_of(*allowed: str) -> _Rule:
    return lambda node: None if string(node) in allowed else f"must be one of {', '.join(allowed)}"


def _boolean(node: Node) -> str | None:
    return (
        None
        if type_of(node) == "bool" and (string(node) or "").lower() in {"true", "false"}
        else "must be true or false"
    )


def _title(node: Node) -> str | None:
    if type_of(node) != "str":
        return "must be text: put it in quotes"
    return None if (string(node) or "").strip() else "must not be empty"


def _description(node: Node) -> str | None:
    if type_of(node) != "str":
        return "must be text: put it in quotes"
    length = len(string(node) or "")
    return (
        f"has {length} characters, {LONGEST_SHORT_DESCRIPTION} are allowed"
        if length > LONGEST_SHORT_DESCRIPTION
        else None
    )


def _emoji(node: Node) -> str | None:
    text = (string(node) or "").strip()
    return None if type_of(node) == "str" and is_one_emoji(text) else "must be exactly one emoji character"


def is_one_emoji(text: str) -> bool:
    """Whether ``text`` looks like one emoji: a pictograph with what modifies it, a flag, or a keycap."""
    if _KEYCAP.fullmatch(text) or _FLAG.fullmatch(text):
        return True
    return all(map(_is_pictograph, _MODIFIERS.sub("", text).split(_JOINER)))


def _is_pictograph(character: str) -> bool:
    if len(character) != 1 or character <= _LAST_PLAIN_SIGN or _FLAG_LETTER.match(character):
        return False
    return unicodedata.category(character) in {"So", "Sm", "Cn", "Po", "Pd"}


def _port(node: Node) -> str | None:
    is_port = type_of(node) == "int" and re.fullmatch(r"\d{1,5}", string(node) or "")
    return None if is_port and 1 <= int(string(node) or 0) <= 65535 else "must be a port number such as 7860"  # noqa: PLR2004 - the highest port


def _matching(pattern: re.Pattern[str], wanted: str) -> _Rule:
    return lambda node: None if pattern.fullmatch(string(node) or "") else wanted


def _licence(node: Node) -> str | None:
    for one in items(node) or [node]:
        text = string(one) or ""
        if text not in _LICENCES:
            hint = f"write {text.lower()}" if text.lower() in _LICENCES else "use one such as mit, apache-2.0 or other"
            return f"is not an identifier of the Hub: {hint}"
    return None


def _texts(node: Node) -> str | None:
    is_list = type_of(node) == "seq" and all(type_of(item) == "str" for item in items(node))
    return None if is_list else "must be a list of texts"


def _path(node: Node) -> str | None:
    return None if (string(node) or "").startswith("/") else "must begin with a slash"


def _oauth_minutes(node: Node) -> str | None:
    is_number = type_of(node) == "int" and re.fullmatch(r"\d{1,6}", string(node) or "")
    fits = is_number and 1 <= int(string(node) or 0) <= MOST_OAUTH_MINUTES
    return None if fits else f"must be a number of minutes up to {MOST_OAUTH_MINUTES}"


def _headers(node: Node) -> str | None:
    return (
        None if entries(node).keys() <= _HEADERS and entries(node) else f"may hold only {', '.join(sorted(_HEADERS))}"
    )


_RULES: dict[str, _Rule] = {
    "title": _title,
    "emoji": _emoji,
    "colorFrom": _one_of(*COLOURS),
    "colorTo": _one_of(*COLOURS),
    "sdk": _sdk,
    "sdk_version": _matching(_VERSION, 'must be a version such as "5.0.0"'),
    "python_version": _matching(_PYTHON_VERSION, 'must be a version such as "3.12"'),
    "app_port": _port,
    "base_path": _path,
    "header": _one_of("mini", "default"),
    "short_description": _description,
    "license": _licence,
    "tags": _texts,
    "models": _texts,
    "datasets": _texts,
    "fullWidth": _boolean,
    "pinned": _boolean,
    "disable_embedding": _boolean,
    "hf_oauth": _boolean,
    "hf_oauth_expiration_minutes": _oauth_minutes,
    "custom_headers": _headers,
}
