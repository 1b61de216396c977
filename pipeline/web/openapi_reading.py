"""What an OpenAPI description says of parameters and bodies, as flat lists for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
_DEEPEST = 4
_SHOWN_VALUES = 12


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one field of a body.

    Attributes:
        name: as it is sent.
        kind: its type in words.
        place: ``path``, ``query``, ``header`` or ``body``.
        is_required: whether it must be there.
        description: Markdown of one line.
        example: of a parameter, in text; None = there is none.
    """

    name: str
    kind: str
    place: str
    is_required: bool
    description: str
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries.

    Attributes:
        fields: of its object.
        examples: title and value, at least one.
        media_type: ``application/json``, or what else it has to be.
    """

    fields: tuple[Field, ...]
    examples: tuple[tuple[str, Any], ...]
    media_type: str = JSON


def as_fields(document: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Parameters of an operation, those of its path first."""
    fields = [
        Field(
            name=parameter["name"],
            kind=kind_of(document, parameter.get("schema", {})),
            place=parameter["in"],
            is_required=parameter.get("required", False),
            description=parameter.get("description", ""),
            example=next(map(str, parameter.get("schema", {}).get("examples", [])), None),
        )
        for parameter in parameters
    ]
    return tuple(sorted(fields, key=lambda field: field.place != "path"))


def as_body(document: Mapping[str, Any], body: Mapping[str, Any], examples: Sequence[tuple[str, Any]]) -> Body:
    """The body of an operation; ``examples`` (title and value) are used when the description has none."""
    media_type, content = next(iter(body["content"].items()))
    schema = _resolved(document, content.get("schema", {}))
    required = schema.get("required", [])
    fields = tuple(
        Field(name, kind_of(document, item), "body", name in required, item.get("description", ""))
        for name, item in schema.get("properties", {}).items()
    )
    described = [(each.get("summary", name), each["value"]) for name, each in content.get("examples", {}).items()]
    if "example" in content:
        described.insert(0, ("Example", content["example"]))
    made_up = [("Example", example_of(document, schema))]
    return Body(fields, tuple(described or examples or made_up), media_type)


def kind_of(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> str:
    """A type in words, such as ``list of string``; values in backticks."""
    schema = _resolved(document, schema)
    if depth > _DEEPEST:
        return "…"
    if "enum" in schema or "const" in schema:
        values = [f"`{value}`" for value in schema.get("enum", [schema.get("const")])]
        return values[0] if len(values) == 1 else "one of " + ", ".join(values[:_SHOWN_VALUES])
    if choices := _choices(schema):
        return " or ".join(dict.fromkeys(kind_of(document, choice, depth + 1) for choice in choices))
    if schema.get("properties"):
        return "object with " + ", ".join(f"`{name}`" for name in schema["properties"])
    of_each = schema.get("items" if schema.get("type") == "array" else "additionalProperties")
    if isinstance(of_each, Mapping):
        collection = "list" if schema["type"] == "array" else "object"
        return f"{collection} of {kind_of(document, of_each, depth + 1)}"
    return str(schema.get("type", "any JSON"))


def example_of(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of the schema's shape: its own example or default, else something short."""
    schema = _resolved(document, schema)
    own = [schema.get("example"), *schema.get("examples", []), schema.get("const"), schema.get("default")]
    given = [value for value in [*own, *schema.get("enum", [])] if value is not None]
    if given or depth > _DEEPEST:
        return given[0] if given else None
    if choices := _choices(schema):
        return example_of(document, choices[0], depth + 1)
    kind = schema.get("type")
    if kind == "object":
        properties, required = schema.get("properties", {}), schema.get("required", [])
        names = [name for name in properties if name in required or depth == 0]
        return {name: example_of(document, properties[name], depth + 1) for name in names}
    if kind == "array":
        return [example_of(document, schema.get("items", {}), depth + 1)]
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    return False if kind == "boolean" else "…"


def _choices(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return [choice for choice in choices if choice.get("type") != "null"]


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if "$ref" not in schema:
            break
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
