"""POST /spaces/provision and /spaces/wake: the requests' fields, the way to domain values, and the answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.job import JobStatus
from pipeline.domain.provision import (
    AppTemplate,
    Provision,
    ProvisionOrder,
    SpaceAction,
    SpaceOutcome,
    SpaceStatus,
    WantedSpace,
    WokenSpace,
)
from pipeline.domain.provision_rules import MAX_SPACES
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import MAX_SPACE_ID
from pipeline.shapes.new_space import CreateSpaceRequest
from pipeline.shapes.problems import OWN_RULE, problems_in_words

Model = TypeVar("Model", bound=BaseModel)

PLANNED = "planned"
_LONGEST_WORD = 100
_STEPS_BELOW_SPACES = 3  # spaces, index, field; what comes after are names that the caller chose


def _id_or_app(value: object) -> object:
    if isinstance(value, str | dict):
        return value
    raise PydanticCustomError(OWN_RULE, "must be owner/name of a Space to copy, or an object with the files of an app")


Template = Annotated[
    Any,
    BeforeValidator(_id_or_app),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "description": "owner/name of a Space to copy"},
                {
                    "type": "object",
                    "description": "an app, as POST /create-space takes it",
                    "properties": {
                        "space_type": {"enum": [kind.value for kind in SpaceSdk]},
                        "files": {"type": "object"},
                        "parameters": {"type": "object"},
                    },
                    "required": ["files"],
                },
            ]
        }
    ),
]


class SpaceRequest(BaseModel):
    """One Space as it should be. What is not named stays as it is. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True, frozen=True)

    name: str = Field(max_length=MAX_SPACE_ID, description="name or owner/name")
    secrets: dict[str, str] = Field(default_factory=dict, description="never read back")
    variables: dict[str, str] = Field(default_factory=dict, description="everybody who sees the Space can read them")
    hardware: str | None = Field(default=None, max_length=_LONGEST_WORD, description="in the Hub's words: cpu-basic, …")
    sleep_time: int | None = Field(default=None, description="seconds without visitors until it sleeps; -1: never")
    private: bool | None = Field(
        default=None, description="only its owner sees it; default for copies: as the template"
    )

    def to_wanted(self) -> WantedSpace:
        """The domain's value."""
        return WantedSpace(self.name, self.secrets, self.variables, self.hardware, self.sleep_time, self.private)


class ProvisionRequest(BaseModel):
    """Many Spaces from one template. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True, frozen=True)

    template: Template
    spaces: list[SpaceRequest] = Field(max_length=MAX_SPACES)
    dry_run: bool = Field(default=False, description="only show what would be done")
    replace_secrets: bool = Field(
        default=False, description="set secrets again that a Space has already; their values cannot be compared"
    )


class SpaceReply(BaseModel):
    """What became of one Space, or would."""

    name: str = Field(description="as it was asked for")
    id: str | None = Field(description="owner/name")
    action: SpaceAction | None
    status: SpaceStatus
    url: str | None = Field(description="of its page")
    changes: list[str] = Field(description="what was done, or would be; without values")
    warning: str | None
    error: str | None

    @classmethod
    def of(cls, outcome: SpaceOutcome) -> Self:
        """From the domain's value."""
        return cls(
            name=outcome.name,
            id=outcome.id,
            action=outcome.action,
            status=outcome.status,
            url=outcome.url,
            changes=list(outcome.changes),
            warning=outcome.warning,
            error=outcome.error,
        )


class ProvisionReply(BaseModel):
    """How a provision stands, or what it would do."""

    ok: bool = Field(description="false when it has failed for at least one Space")
    status: str = Field(description="waiting, running, succeeded, failed; planned for a dry run")
    id: str | None = Field(description="null for a dry run")
    url: str | None = Field(description="where the same answer is found later; null for a dry run")
    spaces: list[SpaceReply] = Field(description="in the order of the request")
    error: str | None = Field(description="what kept it from its work altogether, or how many Spaces failed")

    @classmethod
    def of(cls, provision: Provision, address: str) -> Self:
        """From a record; ``address`` is the service's own, without a slash at the end."""
        return cls(
            ok=provision.status is not JobStatus.FAILED,
            status=provision.status,
            id=provision.id,
            url=f"{address}/spaces/provision/{provision.id}",
            spaces=[SpaceReply.of(outcome) for outcome in provision.spaces],
            error=provision.error or _failures(provision.spaces),
        )

    @classmethod
    def of_plan(cls, outcomes: Sequence[SpaceOutcome]) -> Self:
        """From what a dry run found out."""
        error = _failures(outcomes)
        spaces = [SpaceReply.of(outcome) for outcome in outcomes]
        return cls(ok=error is None, status=PLANNED, id=None, url=None, spaces=spaces, error=error)


class WakeRequest(BaseModel):
    """Spaces that are to run."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True, frozen=True)

    ids: list[str] = Field(max_length=MAX_SPACES, description="owner/name each")


class WokenReply(BaseModel):
    """What was done about one Space."""

    id: str
    was: str | None = Field(description="its stage, in the Hub's word")
    restarted: bool = Field(description="whether it was sleeping, paused or stopped, and has been restarted")
    stage: str | None = Field(description="after that; the Hub goes on starting it")
    note: str | None
    error: str | None

    @classmethod
    def of(cls, woken: WokenSpace) -> Self:
        """From the domain's value."""
        return cls(
            id=woken.id,
            was=woken.was,
            restarted=woken.was_restarted,
            stage=woken.stage,
            note=woken.note,
            error=woken.error,
        )


class WakeReply(BaseModel):
    """What was done about each Space."""

    ok: bool = Field(description="false when at least one cannot be woken")
    spaces: list[WokenReply] = Field(description="in the order of the request")

    @classmethod
    def of(cls, woken: Sequence[WokenSpace]) -> Self:
        """From the domain's values."""
        return cls(ok=not any(space.error for space in woken), spaces=[WokenReply.of(space) for space in woken])


def provision_from(document: dict[str, Any], template: str | AppTemplate | None = None) -> tuple[ProvisionOrder, bool]:
    """What is asked for, and whether it is a dry run.

    Args:
        document: a JSON object, or what another format has as one.
        template: instead of the document's, if there is one.

    Raises:
        InvalidInput: fields of the wrong shape; the rules for what stands in them are not looked at here.
    """
    request = _validated(ProvisionRequest, document if template is None else {**document, "template": {}})
    if template is None:
        template = request.template if isinstance(request.template, str) else _app_template(request.template)
    order = ProvisionOrder(
        template=template,
        spaces=tuple(space.to_wanted() for space in request.spaces),
        replace_secrets=request.replace_secrets,
    )
    return order, request.dry_run


def ids_from(document: dict[str, Any]) -> list[str]:
    """The Spaces to wake. Raises InvalidInput."""
    return _validated(WakeRequest, document).ids


def _app_template(document: dict[str, Any]) -> AppTemplate:
    """Like the fields of that name of POST /create-space."""
    known = {name: document[name] for name in ("space_type", "files", "parameters") if document.get(name) is not None}
    try:
        new = _validated(CreateSpaceRequest, known).to_new_space()
    except InvalidInput as error:
        raise InvalidInput(*(FieldProblem(f"template.{p.field}", p.problem) for p in error.problems)) from None
    return AppTemplate(new.files, new.kind, new.parameters)


def _validated(model: type[Model], document: dict[str, Any]) -> Model:
    try:
        return model.model_validate({name: value for name, value in document.items() if value is not None})
    except ValidationError as error:
        details = [
            {**detail, "loc": _told(tuple(detail["loc"]))}
            for detail in error.errors(include_url=False, include_input=False)
        ]
    raise InvalidInput(*dict.fromkeys(problems_in_words(details)))


def _told(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return location[: _STEPS_BELOW_SPACES if location[:1] == ("spaces",) else 2 if location[:1] == ("ids",) else 1]


def _failures(outcomes: Sequence[SpaceOutcome]) -> str | None:
    failed = sum(outcome.status is SpaceStatus.FAILED for outcome in outcomes)
    return f"{failed} of {len(outcomes)} Spaces failed: each says why" if failed else None
