"""JSON: its shape and its beginning, so that a model need not read all of it."""

import json
from collections.abc import Sequence

from pipeline.generation.attachments.description import Description, counted
from pipeline.generation.tokens import Density

SAMPLE_CHARACTERS = 1_500
_ITEMS_LOOKED_AT = 50
_KEYS_SHOWN = 40
_DEPTH = 6
_MAX_SHAPE = 4_000
_INDENT = "  "
_KINDS = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


def describe_json(text: str, remarks: Sequence[str]) -> Description | None:
    """Shape and first characters, or None when ``text`` is not JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # a number of thousands of digits is a ValueError of its own
        return None
    shape = "\n".join(_shape(document, depth=0))
    facts = "\n".join(["; ".join(["JSON", *remarks, "its shape:"]), shape[:_MAX_SHAPE]])
    is_partial = len(text) > SAMPLE_CHARACTERS
    sample = text[:SAMPLE_CHARACTERS] + (f"\n… {len(text) - SAMPLE_CHARACTERS} characters cut …" if is_partial else "")
    return Description("application/json", facts, sample, Density.JSON, is_partial)


def _shape(value: object, depth: int) -> list[str]:
    """Lines: the first says what ``value`` is, the others, indented, what it holds."""
    if isinstance(value, dict):
        return _object_shape([value], f"object with {counted(len(value), 'key')}", depth)
    if isinstance(value, list):
        return _array_shape(value, depth)
    return [_kind(value)]


def _array_shape(values: list[object], depth: int) -> list[str]:
    looked_at = values[:_ITEMS_LOOKED_AT]
    objects = [item for item in looked_at if isinstance(item, dict)]
    if objects and len(objects) == len(looked_at):
        return _object_shape(objects, f"array of {counted(len(values), 'object')}", depth)
    kinds = " or ".join(sorted({_kind(item) for item in looked_at}))
    lines = [f"array of {counted(len(values), 'item')}" + (f": {kinds}" if kinds else "")]
    nested = next((item for item in looked_at if isinstance(item, dict | list)), None)
    if nested is not None and depth < _DEPTH:
        first, *inner = _shape(nested, depth + 1)
        lines += [f"{_INDENT * (depth + 1)}one of them: {first}", *inner]
    return lines


def _object_shape(objects: list[dict[str, object]], title: str, depth: int) -> list[str]:
    """The shape of objects that are likely alike, by all keys that any of them has."""
    if depth >= _DEPTH:
        return [title]
    lines = [title]
    keys = list(dict.fromkeys(key for item in objects for key in item))
    for key in keys[:_KEYS_SHOWN]:
        values = [item[key] for item in objects if key in item]
        first, *inner = _values_shape(values, depth + 1)
        missing = "" if len(values) == len(objects) else f" (in {len(values)} of the first {len(objects)})"
        lines += [f"{_INDENT * (depth + 1)}{json.dumps(key, ensure_ascii=False)}: {first}{missing}", *inner]
    if len(keys) > _KEYS_SHOWN:
        lines.append(f"{_INDENT * (depth + 1)}… {len(keys) - _KEYS_SHOWN} more keys")
    return lines


def _values_shape(values: list[object], depth: int) -> list[str]:
    """What the values of one key are; of objects and arrays, the first speaks for all."""
    kinds = sorted({_kind(value) for value in values})
    if len(kinds) > 1:
        return [" or ".join(kinds)]
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        return [f"string of up to {counted(max(map(len, texts)), 'character')}"]
    return _shape(values[0], depth)


def _kind(value: object) -> str:
    return _KINDS[type(value)]
