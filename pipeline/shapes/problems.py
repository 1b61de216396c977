"""Validation errors in words for people. Never the value, and never a name that the caller chose."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipeline.domain.errors import FieldProblem

_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "string_type": lambda _: "must be a string",
    "string_too_short": lambda _: "is required and must not be empty",
    "string_too_long": lambda limit: f"is longer than {limit['max_length']} characters",
    "string_pattern_mismatch": lambda _: "contains a character that is not allowed",
    "int_type": lambda _: "must be a whole number, without quotes and without a fraction",
    "float_type": lambda _: "must be a number, without quotes",
    "finite_number": lambda _: "is too large",
    "int_parsing": lambda _: "must be a whole number",
    "int_parsing_size": lambda _: "is too large",
    "int_from_float": lambda _: "must be a whole number",
    "greater_than": lambda limit: f"must be more than {limit['gt']}",
    "greater_than_equal": lambda limit: f"must be at least {limit['ge']}",
    "less_than_equal": lambda limit: f"must be at most {limit['le']}",
    "list_type": lambda _: "must be a list",
    "too_short": lambda _: "is required and must not be empty",
    "too_long": lambda limit: f"has more than {limit['max_length']} items",
    "model_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
    "dict_type": lambda _: "must be an object",
    "enum": lambda choice: f"must be one of {choice['expected']}",
    "literal_error": lambda choice: f"must be one of {choice['expected']}",
}
"""By pydantic's error type; the argument is the error's context, which holds our limits, not values."""

OWN_RULE = "own_rule"
"""Error type of the rules that are raised here with their words, as ``PydanticCustomError(OWN_RULE, "…")``."""


def problems_in_words(details: Iterable[Mapping[str, Any]]) -> list[FieldProblem]:
    """Translate pydantic's error details (``ValidationError.errors()``), one to one."""
    return [FieldProblem(field_at(detail["loc"]), _words(detail)) for detail in details]


def field_at(location: tuple[int | str, ...]) -> str:
    """A location as the caller would write it: ``("attachments", 2, "name")`` is ``attachments[2].name``."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in location]
    return "".join(steps).removeprefix(".") or "body"


def _words(detail: Mapping[str, Any]) -> str:
    if detail["type"] == OWN_RULE:
        return str(detail["msg"])
    words = _WORDS.get(detail["type"])
    return words(detail.get("ctx", {})) if words else "is not valid"
