"""GET /openapi.json is valid OpenAPI and says what the service does: schemathesis sends what it promises to take."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from pipeline.domain.errors import InvalidInput
from pipeline.domain.files import AppFiles
from tests.fakes.jobs import SECRET
from tests.integration.http_rig import bearer, body
from tests.integration.openapi_rig import Described, described_service
from tests.integration.space_functions import ID

pytestmark = pytest.mark.filterwarnings("ignore:If your Space runs on the default:UserWarning")

JSON_LINES = ("application/jsonl", "application/x-ndjson")
HEADERS = bearer() | {"Prefer": "respond-async"}
KEPT = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    schemathesis.checks.not_a_server_error,
]
# What makes an app of files is more than a schema says: their descriptions' examples are sent instead.
BY_EXAMPLE = {"/create-space", "/spaces/provision"}
# Requests against their rules have tests of their own, which are faster.
WRONG = {"GET /jobs", "POST /spaces/wake", "PUT /spaces/{owner}/{name}/volumes", "PUT /spaces/{owner}/{name}/secrets"}


@schemathesis.serializer(*JSON_LINES)
def as_it_is(_context: Any, value: Any) -> bytes:
    return str(value).encode()


@pytest.fixture(scope="module")
def service() -> Iterator[Described]:
    with described_service() as service:
        yield service


@pytest.fixture(scope="module")
def document(service: Described) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{service.address}/openapi.json").json()
    return found


def operations(service: Described, document: dict[str, Any]) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document).exclude(tag=["gradio", "mcp"])
    schema.config.update(base_url=service.address)
    for found in schema.get_all_operations():
        yield found.ok()  # type: ignore[union-attr]


def whole(value: Any) -> Any:
    """The same for JSON Schema, which knows no difference between 1 and 1.0."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def keeps_rules_beyond_schemas(body: Any) -> bool:
    """That file names collide, or hold what Unicode calls invisible, and that a text is blank, no pattern can say."""
    if not isinstance(body, dict):
        return True
    names = [item["name"] for item in body.get("attachments") or ()] + list(body.get("files") or ())
    try:
        AppFiles(dict.fromkeys(names, b""))
    except InvalidInput:
        return False
    changes = {name: value for name, value in body.items() if value not in (None, {})}
    return len(set(names)) == len(names) and bool(changes) and bool(str(body.get("brief", "x")).strip())


def send(case: Any, service: Described) -> Any:
    service.reset_space()
    return case.call(headers=HEADERS, timeout=20)


def tried(operation: Any, mode: GenerationMode, judge: Any, **pinned: Any) -> None:
    @settings(max_examples=4, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(operation.as_strategy(mode, **pinned))
    def judged(case: Any) -> None:
        judge(case)

    judged()


def test_the_description_is_valid(document: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_what_the_description_allows_is_taken_and_answered_as_it_says(
    service: Described, document: dict[str, Any]
) -> None:
    def judge(case: Any) -> None:
        case.body = whole(case.body)
        if case.path == "/api-deploy":
            case.body["secret"] = SECRET
        if case.media_type in JSON_LINES:
            case.body = json.dumps(body())
        if case.media_type == "text/plain":
            case.body = 'KEY="value"'
        assume(keeps_rules_beyond_schemas(case.body))
        response = send(case, service)
        is_refused_elsewhere = b"the Hub refused" in response.content
        accepted = [] if is_refused_elsewhere or case.path in BY_EXAMPLE else [checks.positive_data_acceptance]
        case.validate_response(response, checks=[*KEPT, *accepted], headers=HEADERS)

    owner, name = ID.split("/")
    for operation in operations(service, document):
        pinned: dict[str, Any] = {}
        if "{job_id}" in operation.path:
            pinned["path_parameters"] = {"job_id": service.job_id}
        if "{owner}" in operation.path:
            pinned["path_parameters"] = {"owner": owner, "name": name}
        if any(parameter.name == "confirm" for parameter in operation.query):
            pinned["query"] = {"confirm": ID}
        tried(operation, GenerationMode.POSITIVE, judge, **pinned)


def test_what_the_description_forbids_is_refused(service: Described, document: dict[str, Any]) -> None:
    def judge(case: Any) -> None:
        case.validate_response(send(case, service), checks=[*KEPT, checks.negative_data_rejection], headers=HEADERS)

    for operation in operations(service, document):
        if operation.label in WRONG:
            tried(operation, GenerationMode.NEGATIVE, judge)


def test_every_example_of_the_description_is_taken(service: Described, document: dict[str, Any]) -> None:
    sent = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                body = json.loads(json.dumps(example["value"]).replace("YOUR-SECRET", SECRET))
                answer = httpx.request(method, f"{service.address}{path}", json=body, headers=HEADERS)
                assert answer.status_code in {200, 404}, answer.text  # some name Spaces of a reader's own
                sent += 1
    assert sent > 5
