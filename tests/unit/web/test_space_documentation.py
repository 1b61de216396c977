"""GET /docs: every route in it, examples that work, and nothing from other hosts."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline.assembly import assemble_space
from pipeline.settings import Settings
from pipeline.shapes.deploy_request import parse_deploy_request
from pipeline.shapes.examples import CREATE_SPACE_EXAMPLES
from pipeline.shapes.new_space import parse_new_space
from pipeline.web.app import create_app
from pipeline.web.documentation import EXAMPLES, as_markdown, as_page, curl, operations_of, page_headers
from pipeline.web.openapi_reading import example_of, kind_of
from tests.fakes.jobs import MemoryServices

ADDRESS = "https://deploy.example.com"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(MemoryServices()).openapi()


@pytest.fixture(scope="module")
def markdown(document: dict[str, Any]) -> str:
    return as_markdown(document["info"], operations_of(document), ADDRESS)


@pytest.fixture(scope="module")
def page(document: dict[str, Any]) -> str:
    return as_page(document["info"], operations_of(document), ADDRESS)


def test_every_operation_of_the_description_is_documented(document: dict[str, Any], markdown: str, page: str) -> None:
    described = [(method.upper(), path) for path, item in document["paths"].items() for method in item]
    assert len(described) > 10
    for method, path in described:
        assert f"### {method} {path}\n" in markdown
        assert f'<span class="path">{path}</span>' in page


def test_groups_stand_together(document: dict[str, Any]) -> None:
    groups = [operation.group for operation in operations_of(document)]
    assert len(set(groups)) == sum(1 for before, group in zip([None, *groups], groups, strict=False) if before != group)


def test_anchors_are_unique(document: dict[str, Any]) -> None:
    anchors = [operation.anchor for operation in operations_of(document)]
    assert len(set(anchors)) == len(anchors)


def test_fields_types_and_answers_are_told(markdown: str) -> None:
    assert "- `files` (object of string or object with `base64`, required) — path: text" in markdown
    assert "- `space_type` (one of `gradio`, `static`, `docker`, `streamlit`) — static runs no program" in markdown
    assert "- `job_id` (path, string, required)" in markdown
    assert "- 402 — Payment Required" in markdown


@pytest.mark.parametrize("name", CREATE_SPACE_EXAMPLES)
def test_the_examples_of_spaces_are_requests_that_work(name: str) -> None:
    new = parse_new_space(json.dumps(CREATE_SPACE_EXAMPLES[name]["value"]).encode())
    app = assemble_space(new.files, new.kind, title=name, year=2026, parameters=new.parameters)
    assert app.notes == ()
    assert b"PARAMS" in (app.files.get("app.py") or app.files["params.js"])


def test_the_example_of_a_brief_is_a_request_that_works() -> None:
    for _, example in EXAMPLES["POST", "/api-deploy"]:
        brief = parse_deploy_request(json.dumps(example).encode(), Settings.from_environment())
        assert brief.attachments[0].content == b"region,sales\nnorth,42"


def test_commands_carry_token_body_and_address(document: dict[str, Any]) -> None:
    by_path = {(operation.method, operation.path): operation for operation in operations_of(document)}
    command = curl(by_path["POST", "/create-space"], ADDRESS)
    assert f'curl -X POST "{ADDRESS}/create-space"' in command
    assert '-H "Authorization: Bearer $DEPLOY_SECRET"' in command
    body = command.partition("<<'JSON'\n")[2].removesuffix("\nJSON")
    assert json.loads(body) == CREATE_SPACE_EXAMPLES["static"]["value"]
    assert curl(by_path["GET", "/jobs/{job_id}"], ADDRESS).startswith(f'curl "{ADDRESS}/jobs/JOB_ID"')
    assert "Authorization" not in curl(by_path["GET", "/health"], ADDRESS)
    named = curl(by_path["POST", "/gradio_api/call/v2/{name}"], ADDRESS)
    assert f'"{ADDRESS}/gradio_api/call/v2/space_runtime"' in named
    assert '"space_id": "owner/name"' in named


def test_an_operation_that_takes_files_has_a_command_and_no_form() -> None:
    properties = {"files": {"type": "array", "items": {"type": "string"}}}
    described = {
        "paths": {
            "/upload={path}": {
                "post": {
                    "parameters": [
                        {"name": "path", "in": "path", "required": True},
                        {"name": "session", "in": "query", "required": True},
                        {"name": "more", "in": "query"},
                    ],
                    "requestBody": {"content": {"multipart/form-data": {"schema": {"properties": properties}}}},
                    "responses": {},
                }
            }
        }
    }
    (operation,) = operations_of(described)
    command = f"curl -X POST \"{ADDRESS}/upload=PATH?session=SESSION\" \\\n  -F 'files=@FILE'"
    assert curl(operation, ADDRESS) == command
    page = as_page({"title": "x", "version": "1"}, [operation], ADDRESS)
    assert "files=@FILE" in page
    assert "<form data-method" not in page


def test_the_page_loads_nothing_and_runs_nothing_but_its_own(page: str) -> None:
    addresses: list[tuple[str, str]] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            addresses.extend((tag, value or "") for name, value in attrs if name in {"src", "href", "action"})
            assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    Links().feed(page)
    assert {tag for tag, _ in addresses} == {"a"}
    assert all(value.startswith("#") or value == "openapi.json" for _, value in addresses)
    assert "url(" not in page
    assert "@import" not in page
    policy = page_headers()["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_texts_of_the_description_are_no_html() -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1))"
    described = {
        "paths": {
            "/x": {
                "post": {
                    "summary": hostile,
                    "description": hostile,
                    "tags": ["<b>"],
                    "parameters": [{"name": '"><i>', "in": "query", "description": hostile}],
                    "requestBody": {"content": {"application/json": {"schema": {}, "example": "</textarea><script>"}}},
                    "responses": {"200": {"description": hostile}},
                }
            }
        }
    }
    page = as_page({"title": "<i>", "version": "1"}, operations_of(described), ADDRESS)
    assert page.count("<script>") == 1
    assert page.count("</textarea>") == 1
    assert "<i>" not in page
    assert "<b>" not in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize(
    ("schema", "kind", "example"),
    [
        ({"type": "string"}, "string", "…"),
        ({"type": "integer", "minimum": 5}, "integer", 5),
        ({"type": "boolean"}, "boolean", False),
        ({"enum": ["a", "b"]}, "one of `a`, `b`", "a"),
        ({"const": 1}, "`1`", 1),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string", "…"),
        ({"type": "array", "items": {"type": "number"}}, "list of number", [1]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of string", {}),
        ({"$ref": "#/components/schemas/A"}, "object with `b`, `c`", {"b": "…", "c": "d"}),
        ({}, "any JSON", "…"),
    ],
)
def test_schemas_are_told_in_words_and_by_example(schema: dict[str, Any], kind: str, example: Any) -> None:
    properties = {"b": {"type": "string"}, "c": {"type": "string", "default": "d"}}
    document = {"components": {"schemas": {"A": {"type": "object", "properties": properties}}}}
    assert kind_of(document, schema) == kind
    assert example_of(document, schema) == example


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    document = {"components": {"schemas": {"A": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}}}}
    assert re.fullmatch("(list of )+…", kind_of(document, {"$ref": "#/components/schemas/A"}))
    assert example_of(document, {"$ref": "#/components/schemas/A"})
