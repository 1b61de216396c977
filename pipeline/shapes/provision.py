"""POST /spaces/provision and /spaces/wake: the requests' fields, and the way to domain values."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.domain.errors import InvalidInput
from pipeline.domain.provision import MAX_SPACES, ProvisionOrder, WantedSpace, below
from pipeline.domain.space import MAX_SPACE_ID, AppTemplate
from pipeline.shapes.json_object import Request
from pipeline.shapes.new_space import KINDS, AppRequest, SettingsRequest, validated
from pipeline.shapes.problems import OWN_RULE
from pipeline.shapes.schemas import FILES, SPACE_ID, SPACE_NAME

_STEPS_BELOW = {"spaces": 2, "ids": 1}
"""Steps below a field that hold no name of the caller's: the index of a Space, and its field."""


def _id_or_app(value: object) -> object:
    if isinstance(value, str | dict):
        return value
    raise PydanticCustomError(OWN_RULE, "must be owner/name of a Space to copy, or an object with the files of an app")


_APP_SCHEMA = {
    "type": "object",
    "description": "an app, as POST /create-space takes it",
    "properties": {"space_type": {"enum": KINDS}, "files": FILES, "parameters": {"type": "object"}},
    "required": ["files"],
}
Template = Annotated[
    Any,
    BeforeValidator(_id_or_app),
    WithJsonSchema(
        {"anyOf": [{"type": "string", **SPACE_ID, "description": "owner/name of a Space to copy"}, _APP_SCHEMA]}
    ),
]


class SpaceRequest(SettingsRequest):
    """One Space as it should be. Unknown fields are ignored."""

    name: str = Field(max_length=MAX_SPACE_ID, description="name or owner/name", json_schema_extra=SPACE_NAME)

    def to_wanted(self) -> WantedSpace:
        """The domain's value."""
        return WantedSpace(self.name, self.to_settings())


class ProvisionRequest(Request):
    """Many Spaces from one template. Unknown fields are ignored."""

    template: Template
    spaces: list[SpaceRequest] = Field(max_length=MAX_SPACES, json_schema_extra={"minItems": 1})
    dry_run: bool = Field(default=False, description="only show what would be done")
    replace_secrets: bool = Field(
        default=False, description="set secrets again that a Space has already; their values cannot be compared"
    )


class WakeRequest(Request):
    """Spaces that are to run."""

    ids: list[Annotated[str, WithJsonSchema({"type": "string", **SPACE_ID})]] = Field(
        max_length=MAX_SPACES, description="owner/name each", json_schema_extra={"minItems": 1}
    )


def provision_from(
    document: Mapping[str, Any], template: str | AppTemplate | None = None
) -> tuple[ProvisionOrder, bool]:
    """What is asked for, and whether it is a dry run; ``template`` wins over the document's.

    Raises InvalidInput for fields of the wrong shape; the rules for what stands in them are not looked at here.
    """
    request = validated(ProvisionRequest, document if template is None else {**document, "template": {}}, _STEPS_BELOW)
    if template is None:
        template = request.template if isinstance(request.template, str) else _app(request.template)
    spaces = tuple(space.to_wanted() for space in request.spaces)
    return ProvisionOrder(template, spaces, request.replace_secrets), request.dry_run


def ids_from(document: Mapping[str, Any]) -> list[str]:
    """The Spaces to wake. Raises InvalidInput."""
    return validated(WakeRequest, document, _STEPS_BELOW).ids


def _app(document: Mapping[str, Any]) -> AppTemplate:
    try:
        return validated(AppRequest, document).to_app()
    except InvalidInput as error:
        raise InvalidInput(*below("template", error.problems)) from None
