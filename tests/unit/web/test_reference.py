"""The Markdown of GET /docs: every operation of the OpenAPI description, and examples that work."""

import json
import re
from typing import Any

import pytest

from pipeline.assembly import assemble_space
from pipeline.settings import Settings
from pipeline.shapes.deploy_request import RequestRules, brief_from
from pipeline.shapes.examples import CREATE_SPACE_EXAMPLES, DEPLOY_EXAMPLES
from pipeline.shapes.new_space import parse_new_space
from pipeline.web.app import create_app
from pipeline.web.pages.markdown import as_markdown, kind_of
from tests.cases import cases
from tests.fakes.jobs import MemoryServices

CASES = cases("schema-words")
ADDRESS = "https://deploy.example.com"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(MemoryServices()).openapi()


@pytest.fixture(scope="module")
def markdown(document: dict[str, Any]) -> str:
    return as_markdown(document, ADDRESS)


def test_every_operation_of_the_description_is_documented(document: dict[str, Any], markdown: str) -> None:
    described = [(method.upper(), path) for path, item in document["paths"].items() for method in item]
    assert len(described) > 10
    for method, path in described:
        assert f"### {method} {path}\n" in markdown


def test_groups_stand_together(document: dict[str, Any], markdown: str) -> None:
    tags = {operation["tags"][0].capitalize() for item in document["paths"].values() for operation in item.values()}
    groups = re.findall(r"^## (.+)$", markdown, re.MULTILINE)
    assert sorted(groups) == sorted(tags)


def test_fields_types_and_answers_are_told(markdown: str) -> None:
    assert "- `files` (object of string or object with `base64`, required) — path: text" in markdown
    assert "- `space_type` (one of `gradio`, `static`, `docker`, `streamlit`) — static runs no program" in markdown
    assert "- `job_id` (path, string, required)" in markdown
    assert "- 402 — Payment Required" in markdown


def test_operations_that_want_a_token_say_so_and_the_address_is_told(markdown: str) -> None:
    assert "### GET /jobs\n\nList jobs, newest first *(token)*\n" in markdown
    assert "### GET /health\n\nCan it take a brief?\n" in markdown
    assert f'curl -H "Authorization: Bearer $DEPLOY_SECRET" {ADDRESS}/jobs\n' in markdown


@pytest.mark.parametrize("example", [*CREATE_SPACE_EXAMPLES.values(), *DEPLOY_EXAMPLES.values()])
def test_examples_are_shown_as_json(markdown: str, example: dict[str, Any]) -> None:
    body = markdown.partition(f"{example['summary']}:\n\n```json\n")[2].partition("\n```")[0]
    assert json.loads(body) == example["value"]


@pytest.mark.parametrize("name", CREATE_SPACE_EXAMPLES)
def test_the_examples_of_spaces_are_requests_that_work(name: str) -> None:
    new = parse_new_space(json.dumps(CREATE_SPACE_EXAMPLES[name]["value"]).encode())
    app = assemble_space(new.app.files, new.app.kind, title=name, year=2026, parameters=new.app.parameters)
    assert app.notes == ()
    assert b"PARAMS" in (app.files.get("app.py") or app.files["params.js"])


@pytest.mark.parametrize("name", DEPLOY_EXAMPLES)
def test_the_examples_of_briefs_are_requests_that_work(name: str) -> None:
    brief = brief_from(DEPLOY_EXAMPLES[name]["value"], RequestRules.from_settings(Settings.from_environment()))
    assert brief.attachments[0].content == b"region,sales\nnorth,42"


@pytest.mark.parametrize(("schema", "kind"), CASES["words"])
def test_schemas_are_told_in_words(schema: dict[str, Any], kind: str) -> None:
    properties = {"b": {"type": "string"}, "c": {"type": "string", "default": "d"}}
    document = {"components": {"schemas": {"A": {"type": "object", "properties": properties}}}}
    assert kind_of(document, schema) == kind


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    document = {"components": {"schemas": {"A": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}}}}
    assert re.fullmatch("(list of )+…", kind_of(document, {"$ref": "#/components/schemas/A"}))
