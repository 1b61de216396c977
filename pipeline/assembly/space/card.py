"""The card at the head of a Space's README.md: what its author wrote there, corrected and completed.

The Hub builds nothing from a Space without a card, and refuses a commit whose card breaks a rule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from pipeline.assembly.space.card_rules import ONLY_FOR, READERS
from pipeline.domain.front_matter import split_front_matter

LONGEST_CARD = 16 * 1024
"""In characters. Longer blocks are no cards."""

_KEY = re.compile(r"[A-Za-z_]\w*[ \t]*:", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_ ]*")
_DEEPEST = 10
_DEFAULTS = {"emoji": "🚀", "colorFrom": "blue", "colorTo": "indigo", "pinned": False}


@dataclass(frozen=True, slots=True)
class Card:
    """What stood at the head of a README."""

    values: Mapping[str, object] = field(default_factory=dict)  # those that the Hub takes
    refused: tuple[str, ...] = ()  # keys that the Hub knows, with values that it does not take
    body: str = ""  # the README without its card
    is_readable: bool = True  # False when there was a card that is no YAML


class _CardLoader(yaml.BaseLoader):
    """Every scalar is text, so that 3.10 stays 3.10; no aliases, no deep nesting."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As PyYAML does, within limits."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases have no place in a card")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.YAMLError("nested too deeply")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _CardDumper(yaml.SafeDumper):
    """Texts are quoted unless every YAML reader takes them for text."""


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(value) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_CardDumper.add_representer(str, _represent_text)


def read_card(readme: str) -> Card:
    """Take a README apart. A block between two lines of dashes that holds no keys is text, and no card."""
    readme = readme.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    block, body = split_front_matter(readme)
    if block is None or len(block) > LONGEST_CARD:
        return Card(body=readme)
    body = body.lstrip("\n")
    try:
        document = yaml.load(block, Loader=_CardLoader)  # noqa: S506 - builds nothing but text, list and dict
    except (yaml.YAMLError, RecursionError):
        is_card = _KEY.match(block.lstrip()) is not None
        return Card(body=body, is_readable=False) if is_card else Card(body=readme)
    if not document:
        return Card(body=body)
    if not isinstance(document, dict):
        return Card(body=readme)
    given = {key: value for key, value in document.items() if isinstance(key, str) and key in READERS and value != ""}
    values = {key: READERS[key](value) for key, value in given.items()}
    return Card(
        values={key: value for key, value in values.items() if value is not None},
        refused=tuple(key for key, value in values.items() if value is None and key != "sdk"),
        body=body,
    )


def write_readme(card: Card, ours: Mapping[str, object]) -> str:
    """Put a README together. The keys of ``ours``, ``sdk`` and ``title`` among them, win over the author's."""
    merged = {**_DEFAULTS, **card.values, **ours}
    fitting = {
        key: merged[key]
        for key in READERS
        if merged.get(key) is not None and ours["sdk"] in ONLY_FOR.get(key, {ours["sdk"]})
    }
    text = yaml.dump(fitting, Dumper=_CardDumper, sort_keys=False, allow_unicode=True, width=LONGEST_CARD)
    body = card.body.strip("\n") or f"# {_heading(str(ours['title']))}"
    return f"---\n{text}---\n{body}\n"


def _heading(title: str) -> str:
    return re.sub(r"([\\`*_<>\[\]#&])", r"\\\1", title)
