"""From the raw bytes of a request that changes a Space to what it asks for."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.manage_space.wishes import STORAGE_IS_GONE, NewSetting
from pipeline.shapes.env_file import parse_env_file
from pipeline.shapes.json_object import read_object
from pipeline.shapes.problems import OWN_RULE, problems_in_words
from pipeline.shapes.space_changes import Body, SettingBody, new_settings

_NAMED_BY_CALLERS = {"secrets", "variables"}
_UNKNOWN_FIELD = "has a field that is not known here"
_SETTINGS_RULE = 'must be an object of name to text, or to {"value": text, "description": text}'
_SETTINGS: TypeAdapter[dict[str, str | SettingBody]] = TypeAdapter(dict[str, str | SettingBody])

B = TypeVar("B", bound=Body)
Raw = Mapping[str, Any]
SettingKind = Literal["secrets", "variables"]


def parse_body(model: type[B], raw: bytes) -> B:
    """Read ``raw`` as the JSON of ``model``; nothing at all counts as ``{}``.

    Raises:
        InvalidInput: every broken rule; no values, and no names that the caller chose.
    """
    document = read_object(raw if raw.strip() else b"{}")
    if "storage" in document:
        raise InvalidInput(FieldProblem("storage", STORAGE_IS_GONE))
    try:
        return model.model_validate(document)
    except ValidationError as error:
        details = [_told(detail) for detail in error.errors(include_url=False, include_input=False)]
    raise InvalidInput(*dict.fromkeys(problems_in_words(details)))


def parse_settings(kind: SettingKind, raw: bytes) -> dict[str, NewSetting]:
    """Read ``{"KEY": "value"}``, where a value may also be ``{"value", "description"}``. Raises InvalidInput."""
    try:
        return new_settings(_SETTINGS.validate_python(read_object(raw), strict=True))
    except ValidationError:
        raise InvalidInput(FieldProblem(kind, _SETTINGS_RULE)) from None


def described(model: type[Body], example: Raw) -> dict[str, Any]:
    """``openapi_extra`` for a route that reads ``model``."""
    schema = model.model_json_schema()
    content = {"schema": schema, "example": example}
    return {"requestBody": {"required": bool(schema.get("required")), "content": {"application/json": content}}}


def described_settings() -> dict[str, Any]:
    """``openapi_extra`` for a route that sets many secrets or variables."""
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    content = {
        "application/json": {"schema": schema, "example": {"TEAM": "a", "LEVEL": "3"}},
        "text/plain": {"schema": {"type": "string"}, "example": 'TEAM=a\nLEVEL="3"  # an env file\n'},
    }
    return {"requestBody": {"required": True, "content": content}}


def parse_any_settings(kind: SettingKind, raw: bytes, *, is_env_file: bool) -> dict[str, NewSetting]:
    """As ``parse_settings``, or with ``is_env_file`` a text of ``KEY=VALUE`` lines. Raises InvalidInput."""
    if not is_env_file:
        return parse_settings(kind, raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise InvalidInput(FieldProblem("body", "is not UTF-8")) from None
    return {key: NewSetting(value) for key, value in parse_env_file(text, "body").items()}


def _told(detail: Raw) -> Raw:
    """The detail without names that the caller chose, which may be values in the wrong place."""
    place = tuple(detail["loc"])
    if place and place[0] in _NAMED_BY_CALLERS:
        return {"type": OWN_RULE, "msg": _SETTINGS_RULE, "loc": place[:1]}
    if detail["type"] == "extra_forbidden":
        return {"type": OWN_RULE, "msg": _UNKNOWN_FIELD, "loc": place[:-1]}
    return {**detail, "loc": place}
