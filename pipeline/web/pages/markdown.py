"""The API's reference as Markdown, made from its OpenAPI description."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.web.pages.manual import Page

_DEEPEST = 4
_SHOWN_VALUES = 12
_INTRODUCTION = """\
The service answers at `{address}`. Bodies are JSON, in and out. Whatever is no success has the same shape: \
`{{"ok": false, "error": "…"}}`, with `"fields": [{{"field", "problem"}}]` when fields of the request broke rules.

Operations marked *token* want the service's secret as `Authorization: Bearer …`. For Spaces, a Hugging Face token of \
your own (`hf_…`) does as well, and then acts instead of the operator's. `POST /api-deploy` takes the secret in its \
body.

```sh
curl -H "Authorization: Bearer $DEPLOY_SECRET" {address}/jobs
curl -H "Authorization: Bearer $DEPLOY_SECRET" -H "Content-Type: application/json" -d @SPACE.json {address}/create-space
```"""


def as_markdown(document: Mapping[str, Any], address: str, pages: Iterable[Page] = ()) -> str:
    """The whole reference, groups together and in the description's order; ``pages`` are linked."""
    about = document["info"]
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            group = (operation.get("tags") or ["other"])[0]
            groups.setdefault(group, []).extend(_operation(document, f"{method.upper()} {path}", operation))
    more = "\n".join(f"- [{page.title}]({address}/docs/{page.name}.md)" for page in pages)
    introduction = _INTRODUCTION.format(address=address)
    parts = [f"# {about['title']} {about['version']}", about.get("summary", ""), introduction, more]
    for group, texts in groups.items():
        parts += [f"## {group.capitalize()}", *texts]
    return "\n\n".join(filter(None, parts)) + "\n"


def _operation(document: Mapping[str, Any], title: str, operation: Mapping[str, Any]) -> list[str]:
    token = " *(token)*" if operation.get("security") else ""
    parameters = [
        _field(each, f"{each['in']}, {kind_of(document, each['schema'])}", each.get("required", False))
        for each in sorted(operation.get("parameters", []), key=lambda each: each["in"] != "path")
    ]
    answers = [f"- {status}{_dash(answer['description'])}" for status, answer in operation["responses"].items()]
    return [
        f"### {title}",
        f"{operation.get('summary', '')}{token}",
        operation.get("description", ""),
        "\n".join(parameters),
        *(_body(document, operation["requestBody"]["content"]) if "requestBody" in operation else ()),
        "\n".join(["Answers:", "", *answers]),
    ]


def _body(document: Mapping[str, Any], content: Mapping[str, Any]) -> list[str]:
    """Its fields, and the examples that the description gives."""
    media_type, body = next(iter(content.items()))
    schema = _resolved(document, body.get("schema", {}))
    fields = [
        _field({"name": name, **field}, kind_of(document, field), name in schema.get("required", []))
        for name, field in schema.get("properties", {}).items()
    ]
    given = {"": {"value": body["example"]}} if "example" in body else body.get("examples", {})
    examples = [
        f"{example.get('summary', 'Example')}:\n\n"
        f"```json\n{json.dumps(example['value'], ensure_ascii=False, indent=2)}\n```"
        for example in given.values()
    ]
    return ["\n".join([f"Body, `{media_type}`:", "", *fields]), *examples]


def _field(field: Mapping[str, Any], kind: str, is_required: bool) -> str:
    required = ", required" if is_required else ""
    return f"- `{field['name']}` ({kind}{required}){_dash(field.get('description', ''))}"


def _dash(text: str) -> str:
    return f" — {' '.join(text.split())}" if text else ""


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


def _choices(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    choices = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return [choice for choice in choices if choice.get("type") != "null"]


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if "$ref" not in schema:
            break
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
