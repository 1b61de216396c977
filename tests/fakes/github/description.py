"""GitHub's OpenAPI description, to hold answers and requests against.

The npm package ``@octokit/openapi`` has it as ``generated/api.github.com.deref.json``.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_PARAMETER = r"\{\w+\}"
_METHODS = ("get", "put", "post", "patch", "delete")


class GitHubDescription:
    """One description.

    Args:
        path: of the JSON file without references.
    """

    def __init__(self, path: Path) -> None:
        self._jsonschema = pytest.importorskip("jsonschema")
        with path.open(encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        self._operations: dict[tuple[str, str], dict[str, Any]] = {
            (method.upper(), template): operations[method]
            for template, operations in paths.items()
            for method in _METHODS
            if method in operations
        }

    def operation(self, method: str, path: str) -> str | None:
        """The template that ``path`` (without the query) follows, the most literal one, or None."""
        templates = [template for verb, template in self._operations if verb == method]
        for wildcard in ("[^/]+", ".*"):  # references may have slashes, and the path of the top folder is empty
            found = [template for template in templates if _pattern(template, wildcard).fullmatch(path)]
            if found:
                return max(found, key=lambda template: len(re.sub(_PARAMETER, "", template)))
        return None

    def answer_problems(self, method: str, path: str, status: int, document: Any) -> list[str]:
        """What in an answer is not as described; ``document`` is None when it had no body."""
        described = self._described(method, path)
        if described is None:
            return [f"{method} {path}: there is no such operation"]
        answer = described["responses"].get(str(status))
        if answer is None:
            return [f"{method} {path}: {status} is not among its statuses"]
        content = answer.get("content", {}).get("application/json")
        if content is None:
            return [] if document is None else [f"{method} {path}: {status} has no body"]
        return [f"{method} {path} {status}: {problem}" for problem in self._problems(content["schema"], document)]

    def body_problems(self, method: str, path: str, document: Any) -> list[str]:
        """What in the body of a request is not as described; fields that GitHub does not know count as well."""
        described = self._described(method, path)
        if described is None:
            return [f"{method} {path}: there is no such operation"]
        content = described.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or document is None:
            return [] if content is document else [f"{method} {path}: one has a body, the other has none"]
        schema = content["schema"]
        unknown = set(document) - set(schema.get("properties", {}))
        problems = [f"unknown field {name}" for name in sorted(unknown)] + self._problems(schema, document)
        return [f"{method} {path} body: {problem}" for problem in problems]

    def _described(self, method: str, path: str) -> dict[str, Any] | None:
        template = self.operation(method, path)
        return self._operations[method, template] if template else None

    def _problems(self, schema: dict[str, Any], document: Any) -> list[str]:
        validator = self._jsonschema.Draft7Validator(_with_nulls(schema))
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


@cache
def _pattern(template: str, wildcard: str) -> re.Pattern[str]:
    """Only a last parameter may be ``wildcard``."""
    *parts, last = re.split(_PARAMETER, template)
    if last or not parts:
        return re.compile("[^/]+".join(map(re.escape, (*parts, last))))
    return re.compile("[^/]+".join(map(re.escape, parts)) + wildcard)


def _with_nulls(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_with_nulls(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _with_nulls(part) for name, part in schema.items() if name not in {"nullable", "example"}}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
