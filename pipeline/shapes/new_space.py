"""POST /create-space: the request's fields, and the way from raw bytes to a NewSpace."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, WithJsonSchema

from pipeline.domain.errors import FieldProblem, InvalidInput, Unreadable
from pipeline.domain.files import AppFiles, path_problem
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import MAX_SPACE_ID, AppTemplate, NewSpace, SpaceSettings
from pipeline.shapes.json_object import Request, read_object
from pipeline.shapes.problems import problems_in_words
from pipeline.shapes.schemas import FILES, SECONDS, SPACE_NAME, VALUES, WORD

KINDS = [SpaceSdk.GRADIO.value, SpaceSdk.STATIC.value, SpaceSdk.DOCKER.value, SpaceSdk.STREAMLIT.value]

# Texts that callers of this interface know.
INVALID_JSON = "Invalid JSON format"
NO_DATA = "No JSON data provided"
INVALID_KIND = f"Invalid space_type. Must be one of {KINDS}"
NO_FILES = "No files provided in JSON"

_NOTHING = (b"", b"{}", b"[]", b"null", b"false", b"0", b'""')
_LONGEST_WORD = 100
M = TypeVar("M", bound=BaseModel)

FileContents = Annotated[dict[str, Any], WithJsonSchema(FILES)]
Values = Annotated[dict[str, str], WithJsonSchema(VALUES)]


class AppRequest(Request):
    """An app for a Space, and perhaps the Space's name."""

    # Not strict: enums are strings in JSON, and nothing but their values passes.
    space_type: Annotated[SpaceSdk, WithJsonSchema({"enum": KINDS, "type": "string"})] = Field(
        default=SpaceSdk.GRADIO, strict=False, description="static runs no program and is free for everybody"
    )
    files: FileContents = Field(description='path: text, or {"base64": "…"} for bytes')
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="JSON values for the app: PARAMS in its Python entry file, window.PARAMS in a static Space's page",
    )

    name: str | None = Field(
        default=None,
        max_length=MAX_SPACE_ID,
        description="name or owner/name; default: a new one",
        json_schema_extra=SPACE_NAME,
    )

    def to_app(self) -> AppTemplate:
        """Decode the files. Raises InvalidInput."""
        return AppTemplate(decoded_files(self.files), self.space_type, self.parameters)


class SettingsRequest(Request):
    """How a new Space is to be set."""

    private: bool | None = Field(
        default=None, description="only its owner sees it; default for copies: as the Space that is copied"
    )
    secrets: Values = Field(default_factory=dict, description="set before the first build; never read back")
    variables: Values = Field(default_factory=dict, description="everybody who sees the Space can read them")
    hardware: str | None = Field(
        default=None, max_length=_LONGEST_WORD, description="in the Hub's words: cpu-basic, …", json_schema_extra=WORD
    )
    sleep_time: int | None = Field(
        default=None, description="seconds without visitors until it sleeps; -1: never", json_schema_extra=SECONDS
    )

    def to_settings(self) -> SpaceSettings:
        """As the use cases take them; their rules are looked at there."""
        return SpaceSettings(
            secrets=self.secrets,
            variables=self.variables,
            hardware=self.hardware,
            sleep_seconds=self.sleep_time,
            visibility=None if self.private is None else "private" if self.private else "public",
        )


class CreateSpaceRequest(SettingsRequest, AppRequest):
    """Files that become a new Space. Positional callers find the fields of the last parent first."""

    private: bool = Field(default=False, description="only its owner sees it")

    def to_new_space(self) -> NewSpace:
        """Decode the files. Raises InvalidInput."""
        return NewSpace(self.to_app(), self.name, self.to_settings())


def parse_new_space(raw: bytes | bytearray) -> NewSpace:
    """Turn the bytes of a request into what is asked for.

    Raises:
        Unreadable: with one of the texts above.
        InvalidInput: fields against their rules; holds no value.
    """
    if raw.strip() in _NOTHING:
        raise Unreadable(NO_DATA)
    try:
        document = read_object(raw)
    except InvalidInput as error:
        raise Unreadable(INVALID_JSON) from error
    if not document:
        raise Unreadable(NO_DATA)
    if document.get("space_type") not in [None, *KINDS]:
        raise Unreadable(INVALID_KIND)
    if not document.get("files"):
        raise Unreadable(NO_FILES)
    _refuse_repeated_names(raw)
    return validated(CreateSpaceRequest, document).to_new_space()


def validated(model: type[M], document: Mapping[str, Any], steps_below: Mapping[str, int] | None = None) -> M:
    """Read ``document``, a JSON object in which null is as good as nothing.

    ``steps_below`` says how many steps of a problem's place below a field are told: further ones are names that the
    caller chose. Raises InvalidInput for fields of the wrong shape; holds no value.
    """
    try:
        return model.model_validate({name: value for name, value in document.items() if value is not None})
    except ValidationError as error:
        details = [
            {**detail, "loc": detail["loc"][: 1 + (steps_below or {}).get(str(detail["loc"][0]), 0)]}
            for detail in error.errors(include_url=False, include_input=False)
        ]
    raise InvalidInput(*dict.fromkeys(problems_in_words(details)))


def decoded_files(files: Mapping[str, Any]) -> AppFiles:
    """Files as requests bring them. Raises InvalidInput."""
    contents: dict[str, bytes] = {}
    problems: list[FieldProblem] = []
    for number, (path, content) in enumerate(files.items(), 1):
        try:
            contents[path] = _bytes_of(content)
        except ValueError as error:
            # A path is told only when it keeps the path rule: others may be hostile or huge.
            name = f"item {number}" if path_problem(path) else path
            problems.append(FieldProblem("files", f"{name}: {error}"))
    if problems:
        raise InvalidInput(*problems)
    return AppFiles(contents)


def _bytes_of(content: object) -> bytes:
    match content:
        case str():
            return content.encode()
        case {"base64": str(text), **rest} if not rest:
            try:
                return b64decode(text, validate=True)
            except ValueError:
                raise ValueError("is not valid base64") from None
    raise ValueError('must be text or {"base64": "…"}')


def _refuse_repeated_names(raw: bytes | bytearray) -> None:
    """Which of two files of one name was meant, nobody can tell. ``raw`` is JSON by our reader's rules already."""

    def checked(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            raise InvalidInput(FieldProblem("body", "has an object with two fields of one name"))

    json.loads(raw, object_pairs_hook=checked, parse_int=str, parse_float=str)
