"""Requests that change a Space: their fields, and the way from raw bytes to what they ask for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import MAX_SPACE_ID, SettingKind, SpaceSettings
from pipeline.domain.space_rules import sleep_problem
from pipeline.shapes.env_file import parse_env_file
from pipeline.shapes.json_object import Request, read_object
from pipeline.shapes.new_space import FileContents, SettingsRequest
from pipeline.shapes.problems import OWN_RULE, problems_in_words
from pipeline.shapes.schemas import DESCRIPTION, SECONDS, SETTINGS, SPACE_NAME, VALUE, WORD

MAX_VOLUMES = 20
MAX_TEXT = 300

STORAGE_IS_GONE = (
    "the Hub has no persistent storage tiers any more; what to do now: mount a volume, with PUT "
    '/spaces/{owner}/{name}/volumes {"volumes": [{"type": "bucket", "source": "owner/name", "mount_path": "/data"}]} '
    "or `pipeline spaces volumes ID --mount bucket:owner/name:/data`; DELETE the volumes to unmount them"
)

_FOLDER = r"^(?!.*\.\.)(?:/[A-Za-z0-9_.-]+)+$"
_UNKNOWN_FIELD = "has a field that is not known here"
_SETTINGS_RULE = 'must be an object of name to text, or to {"value": text, "description": text}'
_TO_SETTINGS = TypeAdapter(SpaceSettings)

B = TypeVar("B", bound="Body")


def _check_sleep_time(value: int) -> int:
    if problem := sleep_problem(value):
        raise PydanticCustomError(OWN_RULE, "{problem}", {"problem": problem})
    return value


def _check_mount_path(value: str) -> str:
    if not re.fullmatch(_FOLDER, value):
        raise PydanticCustomError(OWN_RULE, "must be a folder such as /data, beginning with a slash")
    return value


Hardware = Annotated[str, Field(description="in the Hub's words: cpu-basic, t4-small …", json_schema_extra=WORD)]
SleepTime = Annotated[
    int,
    AfterValidator(_check_sleep_time),
    Field(description="seconds without visitors; -1: never", json_schema_extra=SECONDS),
]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Visibility = Annotated[
    Literal["public", "private", "protected"], Field(description="protected: public app, private code")
]


class Body(Request, extra="forbid"):
    """What all bodies have in common: no unknown fields."""


class ChangeBody(Body):
    """Says what the change means. Fields are called, or given a serialization alias, as SpaceSettings has them."""

    def to_settings(self) -> SpaceSettings:
        """What is asked for; its rules are looked at with the change."""
        return _TO_SETTINGS.validate_python(self.model_dump(by_alias=True, exclude_none=True))


class HardwareBody(ChangeBody):
    """Restarts the app. The words are the Hub's own; new ones are passed on to it."""

    hardware: Hardware
    sleep_time: SleepTime | None = Field(default=None, serialization_alias="sleep_seconds")


class SleepTimeBody(ChangeBody):
    """Seconds without visitors; -1 means never. Nothing restarts."""

    seconds: SleepTime = Field(serialization_alias="sleep_seconds")


class VisibilityBody(ChangeBody):
    """`public`, `private`, or `protected`: the app for everybody, its code for the owner."""

    visibility: Visibility


class DevModeBody(ChangeBody):
    """In dev mode the files of the app can be changed while it runs. Restarts it."""

    enabled: bool = Field(serialization_alias="is_dev_mode")


class VolumeBody(Body):
    """Storage of the Hub that the app is to see as a folder."""

    type: Literal["bucket", "model", "dataset", "space"]
    source: Text = Field(description="owner/name")
    mount_path: Annotated[Text, AfterValidator(_check_mount_path)] = Field(json_schema_extra={"pattern": _FOLDER})
    revision: Text | None = None
    read_only: bool | None = None
    path: Text | None = Field(default=None, description="folder within the source")


_VOLUMES = {"type": "array", "items": VolumeBody.model_json_schema(), "minItems": 1, "maxItems": MAX_VOLUMES}
Volumes = Annotated[
    list[VolumeBody],
    Field(min_length=1, max_length=MAX_VOLUMES, description="all that is to be mounted"),
    WithJsonSchema(_VOLUMES),  # without references: OpenAPI has them elsewhere
]


class VolumesBody(ChangeBody):
    """Make these all that the app sees as folders. Restarts it."""

    volumes: Volumes


class SettingBody(Body):
    """A secret or a variable."""

    value: str = Field(json_schema_extra=VALUE)
    description: str | None = Field(default=None, json_schema_extra=DESCRIPTION)


_GivenSettings = dict[str, str | SettingBody]
_Settings = Annotated[_GivenSettings, WithJsonSchema(SETTINGS)]
_GIVEN_SETTINGS: TypeAdapter[_GivenSettings] = TypeAdapter(_GivenSettings)


class ChangesBody(ChangeBody):
    """Secrets and variables come first, then volumes, and hardware with its sleep time in one step at the end.

    What is so already is left alone. When the Hub refuses one of the changes, the answer says which ones were made.
    """

    secrets: _Settings = Field(default_factory=dict, description="to be set; never read back")
    variables: _Settings = Field(default_factory=dict, description="to be set")
    volumes: Volumes | None = None
    hardware: Hardware | None = None
    sleep_time: SleepTime | None = Field(default=None, serialization_alias="sleep_seconds")
    visibility: Visibility | None = None

    def to_settings(self) -> SpaceSettings:
        """All of them. Raises InvalidInput when there is none."""
        secrets, variables = (named_settings(kind, getattr(self, kind)) for kind in SettingKind)
        fields = self.model_dump(by_alias=True, exclude_none=True, exclude={*SettingKind})
        settings = replace(
            _TO_SETTINGS.validate_python(fields),
            secrets=secrets.secrets,
            variables=variables.variables,
            descriptions={**secrets.descriptions, **variables.descriptions},
        )
        if settings == SpaceSettings():
            raise InvalidInput(FieldProblem("body", f"names nothing to change: {', '.join(type(self).model_fields)}"))
        return settings


class DuplicateBody(Body, SettingsRequest):
    """POST …/duplicate."""

    to_id: str | None = Field(
        default=None,
        max_length=MAX_SPACE_ID,
        description="owner/name, or a name; default: the same name",
        json_schema_extra=SPACE_NAME,
    )


class FilesBody(Body):
    """PUT …/files."""

    files: FileContents = Field(min_length=1, description='path: text, or {"base64": "…"} for bytes')
    replace: bool = Field(default=False, description="they become all that the Space holds")
    message: str | None = Field(default=None, max_length=MAX_TEXT, description="of the commit")


def named_settings(kind: SettingKind, given: Mapping[str, str | SettingBody]) -> SpaceSettings:
    """The secrets or variables that are to be set."""
    bodies = {key: each if isinstance(each, SettingBody) else SettingBody(value=each) for key, each in given.items()}
    descriptions = {key: body.description for key, body in bodies.items() if body.description is not None}
    values = {key: body.value for key, body in bodies.items()}
    return SpaceSettings.of(kind, values, descriptions)


def parse_body(model: type[B], raw: bytes | bytearray) -> B:
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
        details = [_without_names(detail) for detail in error.errors(include_url=False, include_input=False)]
    raise InvalidInput(*dict.fromkeys(problems_in_words(details)))


def parse_settings(kind: SettingKind, raw: bytes | bytearray, *, is_env_file: bool = False) -> SpaceSettings:
    """Read ``{"KEY": "value"}``, where a value may also be ``{"value", "description"}``, or ``KEY=VALUE`` lines.

    Raises:
        InvalidInput: it is neither, or names nothing.
    """
    given: _GivenSettings
    if is_env_file:
        try:
            given = {**parse_env_file(raw.decode(), "body")}
        except UnicodeDecodeError:
            raise InvalidInput(FieldProblem("body", "is not UTF-8")) from None
    else:
        try:
            given = _GIVEN_SETTINGS.validate_python(read_object(raw), strict=True)
        except ValidationError:
            raise InvalidInput(FieldProblem(kind, _SETTINGS_RULE)) from None
    if not given:
        raise InvalidInput(FieldProblem("body", f"names no {kind}"))
    return named_settings(kind, given)


def described(model: type[Body], example: Mapping[str, Any]) -> dict[str, Any]:
    """``openapi_extra`` for a route that reads ``model``."""
    schema = model.model_json_schema()
    content = {"schema": schema, "example": example}
    return {"requestBody": {"required": bool(schema.get("required")), "content": {"application/json": content}}}


def described_settings() -> dict[str, Any]:
    """``openapi_extra`` for a route that sets many secrets or variables."""
    content = {
        "application/json": {"schema": {**SETTINGS, "minProperties": 1}, "example": {"TEAM": "a", "LEVEL": "3"}},
        "text/plain": {"schema": {"type": "string"}, "example": 'TEAM=a\nLEVEL="3"  # an env file\n'},
    }
    return {"requestBody": {"required": True, "content": content}}


def _without_names(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """The detail without names that the caller chose, which may be values in the wrong place."""
    place = tuple(detail["loc"])
    if place and place[0] in {*SettingKind}:
        return {"type": OWN_RULE, "msg": _SETTINGS_RULE, "loc": place[:1]}
    if detail["type"] == "extra_forbidden":
        return {"type": OWN_RULE, "msg": _UNKNOWN_FIELD, "loc": place[:-1]}
    return {**detail, "loc": place}
