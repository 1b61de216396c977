"""CSS selectors as checks use them, reduced to what a page must hold to match them."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<attribute>\[\s*(?P<name>[\w-]+)\s*(?:(?P<operator>[*^$|~]?=)\s*(?P<value>"[^"]*"|'[^']*'|[^\]\s]*)[^\]]*)?\])
    | \#(?P<id>[\w-]+) | \.(?P<class>[\w-]+)
    | (?P<pseudo>::?[\w-]+(?:\([^)]*\))?)
    | (?P<tag>[A-Za-z][\w-]*|\*)
    | (?P<comma>\s*,\s*) | (?P<combinator>\s*[>+~]\s*|\s+)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Compound:
    """One element of a selector.

    Attributes:
        tag: lower case, or "" when any tag will do.
        id: or "".
        classes: in order.
        attributes: (name, operator, value); operator and value are "" when only presence is asked.
    """

    tag: str = ""
    id: str = ""
    classes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str, str], ...] = ()


Chain = tuple[Compound, ...]
"""From the outermost element to the one that is selected; the kind of combinator is not kept."""


def parse_selector(text: str) -> tuple[Chain, ...]:
    """Read ``text`` as its comma-separated alternatives; pseudo-classes and what cannot be read are passed over."""
    chains: list[Chain] = []
    chain: list[Compound] = []
    current = Compound()
    for token in _TOKEN.finditer(text.strip()):
        if token["comma"] or token["combinator"]:
            chain += [current] if current != Compound() else []
            current = Compound()
        if token["comma"]:
            chains += [tuple(chain)] if chain else []
            chain = []
        elif not token["combinator"]:
            current = _extended(current, token)
    chain += [current] if current != Compound() else []
    return (*chains, tuple(chain)) if chain else tuple(chains)


def _extended(compound: Compound, token: re.Match[str]) -> Compound:
    tag, id_, classes, attributes = compound.tag, compound.id, compound.classes, compound.attributes
    if token["tag"] and token["tag"] != "*":
        tag = token["tag"].lower()
    elif token["id"]:
        id_ = token["id"]
    elif token["class"]:
        classes = (*classes, token["class"])
    elif token["attribute"]:
        value = (token["value"] or "").strip("\"'")
        attributes = (*attributes, (token["name"].lower(), token["operator"] or "", value))
    return Compound(tag, id_, classes, attributes)
