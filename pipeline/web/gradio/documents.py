"""What Gradio's clients and OpenAPI tools read about the functions: /config, /gradio_api/info, openapi.json."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pipeline import __version__
from pipeline.web.gradio.functions import Function, Parameter, parameters_of
from pipeline.web.gradio.registry import FUNCTIONS

API_PREFIX = "/gradio_api"
GRADIO_VERSION = "6.31.0"
"""Whose protocol is spoken; clients choose their way of speaking by it."""

APP_ID = sha256(f"{__version__} {[function.name for function in FUNCTIONS]}".encode()).hexdigest()[:16]

_COMPONENTS = {"string": "Textbox", "integer": "Number", "number": "Number", "boolean": "Checkbox"}
_PYTHON_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict",
}
_FILES = {"type": "object", "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}}}
UPLOAD_BODY = {"required": True, "content": {"multipart/form-data": {"schema": _FILES}}}
_EVENT_PATH = f"{API_PREFIX}/call/{{name}}/{{event_id}}"


def config(max_file_bytes: int) -> dict[str, Any]:
    """The app as Gradio's clients see it first: one component per parameter and per result.

    There is no ``root``: clients then use the address at which they found this, which is right behind every proxy.
    """
    components: list[dict[str, Any]] = []
    dependencies = []

    def component(kind: str, label: str) -> int:
        components.append({"id": len(components) + 1, "type": kind.lower(), "props": {"label": label}})
        return len(components)

    for index, function in enumerate(FUNCTIONS):
        dependencies.append(
            {
                "id": index,
                "api_name": function.name,
                "api_visibility": "public",
                "queue": True,
                "inputs": [component(_component(p), p.name) for p in parameters_of(function.parameters)],
                "outputs": [component("JSON", "result")],
                "targets": [],
                "types": {"generator": True, "cancel": False},
                "api_description": function.description,
            }
        )
    return {
        "version": GRADIO_VERSION,
        "api_prefix": API_PREFIX,
        "protocol": "sse_v3",
        "mode": "blocks",
        "title": "code-to-deployment",
        "app_id": APP_ID,
        "enable_queue": True,
        "connect_heartbeat": False,
        "run_history": False,
        "max_file_size": max_file_bytes,
        "components": components,
        "dependencies": dependencies,
    }


def info() -> dict[str, Any]:
    """The functions with the types of their parameters, by name with a slash."""
    return {"named_endpoints": {f"/{f.name}": _endpoint(f) for f in FUNCTIONS}, "unnamed_endpoints": {}}


def _endpoint(function: Function) -> dict[str, Any]:
    return {
        "description": function.description,
        "api_visibility": "public",
        "parameters": [
            {
                "label": parameter.name,
                "parameter_name": parameter.name,
                "parameter_has_default": not parameter.required,
                "parameter_default": parameter.default,
                "type": parameter.schema,
                "python_type": {"type": _told_type(parameter), "description": parameter.description},
                "component": _component(parameter),
                "example_input": function.example.get(parameter.name, parameter.default),
            }
            for parameter in parameters_of(function.parameters)
        ],
        "returns": [
            {
                "label": "result",
                "type": {"type": "object", "description": function.returns},
                "python_type": {"type": "dict", "description": function.returns},
                "component": "JSON",
            }
        ],
    }


def openapi(server: str) -> dict[str, Any]:
    """The calls as curl makes them, as an OpenAPI document; ``server`` is the service's address."""
    refused = {"description": "Refused; says why", "content": {"application/json": {"schema": {"type": "object"}}}}
    event = {"type": "object", "properties": {"event_id": {"type": "string"}}, "required": ["event_id"]}
    paths: dict[str, Any] = {
        f"{API_PREFIX}/call/v2/{function.name}": {
            "post": {
                "operationId": function.name,
                "summary": function.summary,
                "description": f"{function.access} The events end with: {function.returns}",
                "requestBody": {"required": True, "content": {"application/json": {"schema": input_schema(function)}}},
                "responses": {"200": _described("The call has begun", event), "4XX": refused},
            }
        }
        for function in FUNCTIONS
    }
    names = [function.name for function in FUNCTIONS]
    paths[_EVENT_PATH] = {
        "get": {
            "operationId": "events",
            "summary": "Server-Sent Events of a call: generating, heartbeat, then complete or error.",
            "parameters": [_in_path("name", {"enum": names}), _in_path("event_id", {"type": "string"})],
            "responses": {
                "200": {"description": "Events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
                "4XX": refused,
            },
        }
    }
    paths[f"{API_PREFIX}/upload"] = {
        "post": {
            "operationId": "upload",
            "summary": "Upload files for a call.",
            "requestBody": UPLOAD_BODY,
            "responses": {"200": _described("Their paths", {"type": "array", "items": {"type": "string"}})},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "code-to-deployment", "version": __version__},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    }


def input_schema(function: Function) -> dict[str, Any]:
    """A function's parameters as one JSON Schema."""
    parameters = parameters_of(function.parameters)
    return {
        "type": "object",
        "properties": {parameter.name: dict(parameter.schema) for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }


def python_type(schema: Mapping[str, Any]) -> str:
    """A JSON Schema as a Python type, for people to read."""
    if choices := schema.get("anyOf"):
        return " | ".join(dict.fromkeys(map(python_type, choices)))
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return f"Literal[{', '.join(map(repr, values))}]"
    if schema.get("type") == "array":
        return f"list[{python_type(schema.get('items', {}))}]"
    if "_type" in schema.get("properties", {}).get("meta", {}).get("properties", {}):
        return "filepath"
    if isinstance(entries := schema.get("additionalProperties"), dict):
        return f"dict[str, {python_type(entries)}]"
    return _PYTHON_TYPES.get(schema.get("type", ""), "Any")


def _told_type(parameter: Parameter) -> str:
    """Clients write ``| None`` themselves where the default is null."""
    kind = python_type(parameter.schema)
    return kind if parameter.default is not None else kind.removesuffix(" | None")


def _component(parameter: Parameter) -> str:
    choices = parameter.schema.get("anyOf", [parameter.schema])
    kinds = {choice.get("type", "") for choice in choices} - {"null"}
    return _COMPONENTS.get(kinds.pop(), "JSON") if len(kinds) == 1 else "JSON"


def _described(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _in_path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}
