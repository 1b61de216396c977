"""POST /create-space: the request's fields, the way from raw bytes to a NewSpace, and the answer."""

import json
from base64 import b64decode
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.exceptions import HTTPException

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles, path_problem
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import MAX_SPACE_ID, CreatedSpace, NewSpace
from pipeline.shapes.json_object import read_object
from pipeline.shapes.problems import problems_in_words

KINDS = [SpaceSdk.GRADIO.value, SpaceSdk.STATIC.value, SpaceSdk.DOCKER.value, SpaceSdk.STREAMLIT.value]
CREATED = "New Space created"
NOTE = "It may take a few minutes to build and deploy."

# Texts that callers of this interface know.
INVALID_JSON = "Invalid JSON format"
NO_DATA = "No JSON data provided"
INVALID_KIND = f"Invalid space_type. Must be one of {KINDS}"
NO_FILES = "No files provided in JSON"

_NOTHING = {b"", b"{}", b"[]", b"null", b"false", b"0", b'""'}
_LONGEST_WORD = 100

FileContents = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "description": "text"},
                    {
                        "type": "object",
                        "properties": {"base64": {"type": "string", "contentEncoding": "base64"}},
                        "required": ["base64"],
                    },
                ]
            },
        }
    ),
]


class CreateSpaceRequest(BaseModel):
    """Files that become a new Space. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True, frozen=True)

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
        default=None, max_length=MAX_SPACE_ID, description="name or owner/name; default: a new one"
    )
    private: bool = Field(default=False, description="only its owner sees it")
    secrets: dict[str, str] = Field(default_factory=dict, description="set before the first build; never read back")
    variables: dict[str, str] = Field(default_factory=dict, description="everybody who sees the Space can read them")
    hardware: str | None = Field(default=None, max_length=_LONGEST_WORD, description="in the Hub's words: cpu-basic, …")
    sleep_time: int | None = Field(default=None, description="seconds without visitors until it sleeps; -1: never")

    def to_new_space(self) -> NewSpace:
        """Decode the files. Raises InvalidInput."""
        return NewSpace(
            kind=self.space_type,
            files=_decoded(self.files),
            parameters=self.parameters,
            name=self.name,
            private=self.private,
            secrets=self.secrets,
            variables=self.variables,
            hardware=self.hardware,
            sleep_seconds=self.sleep_time,
        )


class CreateSpaceReply(BaseModel):
    """Done; the Hub is building."""

    message: str = CREATED
    url: str = Field(description="of the Space's page")
    note: str = NOTE
    space_id: str = Field(description="owner/name")
    commit_sha: str
    host: str | None = Field(description="of the running app; null while the Hub does not say")
    notes: list[str] = Field(description="what was decided or left out on the way")

    @classmethod
    def of(cls, space: CreatedSpace) -> "CreateSpaceReply":
        """From the domain's value."""
        return cls(
            url=space.url,
            space_id=space.id,
            commit_sha=space.commit_sha,
            host=space.host,
            notes=list(space.notes),
        )


def parse_new_space(raw: bytes) -> NewSpace:
    """Turn the bytes of a request into what is asked for.

    Raises:
        HTTPException: 400 with one of the texts above.
        InvalidInput: fields against their rules; holds no value.
    """
    if raw.strip() in _NOTHING:
        raise HTTPException(HTTPStatus.BAD_REQUEST, NO_DATA)
    try:
        document = read_object(raw)
    except InvalidInput as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, INVALID_JSON) from error
    if not document:
        raise HTTPException(HTTPStatus.BAD_REQUEST, NO_DATA)
    if document.get("space_type") not in [None, *KINDS]:
        raise HTTPException(HTTPStatus.BAD_REQUEST, INVALID_KIND)
    if not document.get("files"):
        raise HTTPException(HTTPStatus.BAD_REQUEST, NO_FILES)
    _refuse_repeated_names(raw)
    given = {name: value for name, value in document.items() if value is not None}
    try:
        return CreateSpaceRequest.model_validate(given).to_new_space()
    except ValidationError as error:
        # The first step alone: further ones are names that the caller chose.
        details = [
            {**detail, "loc": detail["loc"][:1]} for detail in error.errors(include_url=False, include_input=False)
        ]
    raise InvalidInput(*dict.fromkeys(problems_in_words(details)))


def _decoded(files: dict[str, Any]) -> AppFiles:
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


def _refuse_repeated_names(raw: bytes) -> None:
    """Which of two files of one name was meant, nobody can tell. ``raw`` is JSON by our reader's rules already."""

    def checked(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            raise InvalidInput(FieldProblem("body", "has an object with two fields of one name"))

    json.loads(raw, object_pairs_hook=checked, parse_int=str, parse_float=str)
