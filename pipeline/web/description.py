"""GET /openapi.json: what the framework says of the routes, completed by what they do by themselves."""

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from pipeline.shapes.deploy_request import DeployRequest, RequestRules
from pipeline.web.errors import REF_TEMPLATE, ErrorReply, documented

Document = dict[str, Any]

_NULL = {"type": "null"}
_ANY_ANSWER = ("408", "413", "415")


def completed(document: Document, rules: RequestRules) -> Document:
    """Describe the body of the deploy route, refusals and event streams, and drop 422: broken rules are 400 here."""
    schemas = document["components"]["schemas"]
    _, described = models_json_schema(
        [(DeployRequest, "validation"), (ErrorReply, "serialization")], ref_template=REF_TEMPLATE
    )
    schemas.update(described["$defs"])
    _complete_deploy_request(schemas["DeployRequest"], rules)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in _operations(document):
        answers = operation["responses"]
        answers.pop("422", None)
        if "requestBody" in operation:
            for status, answer in documented(*map(int, _ANY_ANSWER)).items():
                answers.setdefault(str(status), answer)
        for answer in answers.values():
            stream = answer.get("content", {}).get("text/event-stream", {})
            if "itemSchema" in stream:  # of each event: a word of OpenAPI 3.2, which few can read yet
                stream["schema"] = stream.pop("itemSchema")
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "confirm":  # optional in code alone, for better words when it is not there
                parameter["required"] = True
    return document


def _operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from path.values()


def _complete_deploy_request(schema: Document, rules: RequestRules) -> None:
    fields = schema["properties"]
    fields["attachments"]["maxItems"] = rules.max_attachments
    if rules.url_rule.has_exceptions:
        del fields["evaluation_url"]["pattern"]
    for name, field in fields.items():
        # Null in an optional field is as good as leaving it out.
        if name not in schema["required"] and _NULL not in field.get("anyOf", ()):
            fields[name] = {"anyOf": [field, _NULL]}
    fields["secret"] = {"type": "string", "format": "password"}  # writeOnly would make two types of it in clients
    schema["required"] = ["secret", *schema["required"]]
