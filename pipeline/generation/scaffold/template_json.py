"""Templates of JSON as people write them in briefs: ``{city: "Delhi", lat: float, dish: str}``."""

import json
import re
from typing import Any

TO_BE_WRITTEN = "To be written: this file was made without a language model."

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[{}\[\]:,])|(?P<string>\"(?:[^\"\\]|\\.)*\"|'[^']*'|“[^”]*”)"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w-])|(?P<note>\([^)]*\))|(?P<word>[^\s{}\[\]:,()]+))"
)
_TEXT_TYPES = {"str", "string", "text"}
_MAX_DEPTH = 20


class _NoTemplate(ValueError):
    """The text is not a template."""


def fill_template(text: str) -> Any:
    """Read the first ``{…}`` in ``text``; values that are given stay, those that only have a type are left open.

    Returns:
        The JSON value, or None when there is no template.
    """
    start = text.find("{")
    if start < 0:
        return None
    tokens = [match for match in _TOKEN.finditer(text, start) if match["note"] is None]
    try:
        value, _ = _value(tokens, 0, 0)
    except (_NoTemplate, IndexError):
        return None
    return value


def _value(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[Any, int]:
    token = tokens[at]
    if depth > _MAX_DEPTH:
        raise _NoTemplate
    if token["mark"] == "{":
        return _object(tokens, at + 1, depth)
    if token["mark"] == "[":
        return _list(tokens, at + 1, depth)
    if token["mark"]:
        raise _NoTemplate
    if token["string"]:
        return token["string"][1:-1], at + 1
    if token["number"]:
        return json.loads(token["number"]) if not re.match(r"-?0\d", token["number"]) else token["number"], at + 1
    words = [token["word"]]
    while tokens[at + 1]["word"] or tokens[at + 1]["number"] or tokens[at + 1]["string"]:
        at += 1
        words.append(tokens[at][0].strip())
    return _open_value(words), at + 1


def _open_value(words: list[str]) -> Any:
    if words in (["true"], ["false"]):
        return words == ["true"]
    return TO_BE_WRITTEN if words[0].lower().strip(".…<>") in _TEXT_TYPES else None


def _object(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[dict[str, Any], int]:
    result: dict[str, Any] = {}
    while tokens[at]["mark"] != "}":
        key = tokens[at]["word"] or (tokens[at]["string"] or "")[1:-1]
        if not key or tokens[at + 1]["mark"] != ":":
            raise _NoTemplate
        result[key], at = _value(tokens, at + 2, depth + 1)
        at += tokens[at]["mark"] == ","
    return result, at + 1


def _list(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[list[Any], int]:
    result = []
    while tokens[at]["mark"] != "]":
        value, at = _value(tokens, at, depth + 1)
        result.append(value)
        at += tokens[at]["mark"] == ","
    return result, at + 1
