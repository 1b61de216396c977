"""The Space card: the YAML at the head of README.md, and the Hub's rules for it.

Rules: https://huggingface.co/docs/hub/spaces-config-reference
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SDKS = ("gradio", "docker", "static")
KNOWN = tomllib.loads((Path(__file__).parents[2] / "data/hub.toml").read_text("utf-8"))
LICENCES = KNOWN["licences"].split()
MAX_SHORT_DESCRIPTION = 60
MAX_OAUTH_MINUTES = 43_200
MAX_EMOJI = 10  # code points of one emoji with its modifiers

_MARK = re.compile(r"---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|$)", re.DOTALL)
_PARTS_OF_EMOJI = {"So", "Sk", "Sm", "Mn", "Me", "Cf"}
_HEADERS = {"cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"}

Problem = Callable[[Any], str | None]


def _one_of(*allowed: str) -> Problem:
    return lambda value: None if value in allowed else f"must be one of [{', '.join(allowed)}]"


def _of(kind: type, name: str) -> Problem:
    return lambda value: None if isinstance(value, kind) else f"must be a {name}"


def _integer(low: int, high: int) -> Problem:
    def problem(value: Any) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "must be a number" if not isinstance(value, float) else "must be an integer"
        if value < low:
            return f"must be greater than or equal to {low}"
        return None if value <= high else f"must be less than or equal to {high}"

    return problem


def _short(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if len(value) > MAX_SHORT_DESCRIPTION:
        return f"length must be less than or equal to {MAX_SHORT_DESCRIPTION} characters long"
    return None


def _emoji(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    is_keycap = bool(re.fullmatch("[0-9#*]\ufe0f?\u20e3", value))
    is_picture = value != "" and all(unicodedata.category(sign) in _PARTS_OF_EMOJI for sign in value)
    return None if is_keycap or (is_picture and len(value) <= MAX_EMOJI) else "must be a valid emoji"


def _base_path(value: Any) -> str | None:
    return None if isinstance(value, str) and value.startswith("/") else 'must start with "/"'


def _headers(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be of type object"
    return None if value.keys() <= _HEADERS else f"keys must be one of [{', '.join(sorted(_HEADERS))}]"


_TEXTS = "title sdk_version python_version app_file app_build_command thumbnail startup_duration_timeout"
_RULES: dict[str, Problem] = {
    **dict.fromkeys(_TEXTS.split(), _of(str, "string")),
    **dict.fromkeys(("fullWidth", "pinned", "hf_oauth", "disable_embedding"), _of(bool, "boolean")),
    **dict.fromkeys(("models", "datasets", "tags", "hf_oauth_scopes", "preload_from_hub"), _of(list, "array")),
    "emoji": _emoji,
    "colorFrom": _one_of(*COLOURS),
    "colorTo": _one_of(*COLOURS),
    "sdk": _one_of(*SDKS),
    "app_port": _integer(1, 65_535),
    "base_path": _base_path,
    "header": _one_of("mini", "default"),
    "short_description": _short,
    "license": _one_of(*LICENCES),
    "hf_oauth_expiration_minutes": _integer(1, MAX_OAUTH_MINUTES),
    "custom_headers": _headers,
}


def read_card(readme: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The card of a README and what is wrong with it; None when it has none."""
    found = _MARK.match(readme)
    if not found:
        return None, []
    try:
        card = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        return None, [f"YAML metadata could not be parsed: {error}".replace("\n", " ")]
    if not isinstance(card, dict):
        return None, [] if card is None else ["YAML metadata must be an object"]
    card = {str(key): value for key, value in card.items()}
    problems = {key: rule(card[key]) for key, rule in _RULES.items() if key in card}
    return card, [f'"{key}" {problem}' for key, problem in problems.items() if problem]


def validation(readme: str) -> dict[str, list[dict[str, str]]]:
    card, errors = read_card(readme)
    warnings = [] if card or errors else ["empty or missing yaml metadata in repo card"]
    found = {"errors": errors, "warnings": warnings}
    return {kind: [{"message": message} for message in messages] for kind, messages in found.items()}


def first_readme(name: str, sdk: str) -> bytes:
    lines = ["---", f"title: {name.replace('-', ' ').replace('_', ' ').title()}", "emoji: 🏆", "colorFrom: gray"]
    lines += ["colorTo: green", f"sdk: {sdk}"]
    if sdk == "gradio":
        lines += ["sdk_version: 6.31.0", "python_version: '3.12'", "app_file: app.py"]
    lines += ["pinned: false", "---", "", "The configuration reference explains the lines above.", ""]
    return "\n".join(lines).encode()
