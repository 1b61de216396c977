"""The documentation of the service, made from its OpenAPI description: as Markdown, and as a page.

The page needs nothing from any other host, and its forms send requests from the reader's browser to this service alone.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from pipeline.web.openapi_reading import JSON, Body, Field, as_body, as_fields

SECRET_PLACEHOLDER = "YOUR-SECRET"  # noqa: S105 - stands where readers put theirs
_METHODS = ("get", "post", "put", "delete", "patch")
_TEMPLATES = "templates"
_DEPLOY_EXAMPLE = {
    "email": "ada@example.com",
    "secret": SECRET_PLACEHOLDER,
    "task": "sales-summary",
    "round": 1,
    "nonce": "ab12",
    "brief": "Show the sum of the sales column of data.csv in #total.",
    "checks": ["The page has a heading", "js: document.querySelector('#total').textContent.includes('42')"],
    "attachments": [{"name": "data.csv", "url": "data:text/csv,region,sales%0Anorth,42"}],
}
EXAMPLES: Mapping[tuple[str, str], Sequence[tuple[str, Any]]] = {
    ("POST", "/api-deploy"): [("A page that sums up a table", _DEPLOY_EXAMPLE)]
}
"""Of requests whose description has none: by method and path, each with its title."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of the service.

    Attributes:
        method: upper case.
        path: with its parameters in braces.
        group: that it belongs to.
        summary: a few words.
        description: Markdown.
        parameters: in the path, the query and the headers.
        body: of the request, or None.
        responses: status and meaning.
        needs_token: whether it wants ``Authorization: Bearer``.
    """

    method: str
    path: str
    group: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: Body | None
    responses: tuple[tuple[str, str], ...]
    needs_token: bool

    @property
    def anchor(self) -> str:
        """For links within the page."""
        words = "".join(character if character.isalnum() else " " for character in f"{self.method} {self.path}")
        return "-".join(words.lower().split())


def operations_of(document: Mapping[str, Any]) -> list[Operation]:
    """Read an OpenAPI description; in its order, groups together."""
    found = [
        _operation(document, method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    groups = list(dict.fromkeys(operation.group for operation in found))
    return sorted(found, key=lambda operation: groups.index(operation.group))


def as_markdown(about: Mapping[str, Any], operations: Sequence[Operation], address: str) -> str:
    """The whole documentation as text.

    Args:
        about: ``info`` of the OpenAPI description.
        operations: in order.
        address: of the service, without a slash at the end.
    """
    parts = [f"# {about['title']} {about['version']}", about.get("summary", ""), _INTRODUCTION.format(address=address)]
    for group, members in groupby(operations, key=lambda operation: operation.group):
        parts.append(f"## {group.capitalize()}")
        for operation in members:
            parts += _markdown_of(operation, address)
    return "\n\n".join(part for part in parts if part) + "\n"


def as_page(about: Mapping[str, Any], operations: Sequence[Operation], address: str) -> str:
    """The same as a page of HTML with a form for every operation."""
    groups = [(name, list(members)) for name, members in groupby(operations, key=lambda operation: operation.group)]
    return (
        _environment()
        .get_template("documentation.html")
        .render(
            about=about,
            introduction=_INTRODUCTION.format(address=address),
            groups=groups,
            address=address,
            curl=lambda operation: curl(operation, address),
            pretty=_pretty,
            style=Markup(_asset("documentation.css")),  # noqa: S704 - a file of ours
            script=Markup(_asset("documentation.js")),  # noqa: S704 - the same
        )
    )


@cache
def page_headers() -> dict[str, str]:
    """What goes with the page: it runs our style and script, and talks to this service."""
    policy = {
        "default-src": "'none'",
        "style-src": _source_hash("documentation.css"),
        "script-src": _source_hash("documentation.js"),
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}


def curl(operation: Operation, address: str) -> str:
    """A command that does it. What readers have to fill in stands in capitals, or is a shell variable."""
    path = operation.path
    for parameter in operation.parameters:
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", parameter.example or parameter.name.upper())
    needed = [field.name for field in operation.parameters if field.place == "query" and field.is_required]
    query = "?" + "&".join(f"{name}={name.upper()}" for name in needed) if needed else ""
    method = "" if operation.method == "GET" else f" -X {operation.method}"
    lines = [f'curl{method} "{address}{path}{query}"']
    if operation.needs_token:
        lines.append('-H "Authorization: Bearer $DEPLOY_SECRET"')
    if operation.body and operation.body.media_type == JSON:
        _, example = operation.body.examples[0]
        lines += [f"-H 'Content-Type: {JSON}'", f"--data-binary @- <<'JSON'\n{_pretty(example)}\nJSON"]
    elif operation.body:
        lines += [f"-F '{field.name}=@FILE'" for field in operation.body.fields]
    return " \\\n  ".join(lines)


_INTRODUCTION = """\
The service answers at `{address}`. Bodies are JSON, in and out. Whatever is no success has the same shape: \
`{{"ok": false, "error": "…"}}`, with `"fields": [{{"field", "problem"}}]` when fields of the request broke rules.

Operations marked *token* want the service's secret as `Authorization: Bearer …`. For Spaces, a Hugging Face token of \
your own (`hf_…`) does as well, and then acts instead of the operator's. `POST /api-deploy` takes the secret in its \
body."""


def _operation(document: Mapping[str, Any], method: str, path: str, item: Mapping[str, Any]) -> Operation:
    examples = EXAMPLES.get((method.upper(), path), ())
    return Operation(
        method=method.upper(),
        path=path,
        group=(item.get("tags") or ["other"])[0],
        summary=item.get("summary", ""),
        description=item.get("description", ""),
        parameters=as_fields(document, item.get("parameters", [])),
        body=as_body(document, item["requestBody"], examples) if "requestBody" in item else None,
        responses=tuple((status, answer.get("description", "")) for status, answer in item["responses"].items()),
        needs_token=bool(item.get("security")),
    )


def _markdown_of(operation: Operation, address: str) -> list[str]:
    token = " *(token)*" if operation.needs_token else ""
    parts = [f"### {operation.method} {operation.path}", f"{operation.summary}{token}", operation.description]
    if operation.parameters:
        parts.append(
            "\n".join(f"- `{f.name}` ({f.place}, {_kind(f)}){_dash(f.description)}" for f in operation.parameters)
        )
    if operation.body:
        parts.append(
            "\n".join(
                ["Body:", "", *(f"- `{f.name}` ({_kind(f)}){_dash(f.description)}" for f in operation.body.fields)]
            )
        )
    parts.append(
        "\n".join(["Answers:", "", *(f"- {status}{_dash(meaning)}" for status, meaning in operation.responses)])
    )
    parts.append(f"```sh\n{curl(operation, address)}\n```")
    if operation.body and operation.body.media_type == JSON:
        parts += [f"{title}:\n\n```json\n{_pretty(value)}\n```" for title, value in operation.body.examples[1:]]
    return parts


def _kind(field: Field) -> str:
    return field.kind + (", required" if field.is_required else "")


def _dash(text: str) -> str:
    return f" — {' '.join(text.split())}" if text else ""


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline.web", _TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    markdown = MarkdownIt("commonmark", {"html": False})
    environment.filters["markdown"] = lambda text: Markup(markdown.render(text))  # noqa: S704 - HTML in it is escaped
    return environment


@cache
def _asset(name: str) -> str:
    return files("pipeline.web").joinpath(_TEMPLATES, name).read_text(encoding="utf-8")


def _source_hash(name: str) -> str:
    return f"'sha256-{b64encode(sha256(_asset(name).encode()).digest()).decode()}'"
