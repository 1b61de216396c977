"""The functions that can be called: what each is named, takes and gives, and who may call it.

``registry`` lists them. Everything that is told about them, in every protocol, is generated from that list: /config,
/gradio_api/info, /gradio_api/openapi.json, /agents.md and the MCP tools.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from pipeline.domain.call_event import CallOutcome
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.job import Job
from pipeline.shapes.deploy_request import RequestRules
from pipeline.shapes.problems import problems_in_words
from pipeline.web.dependencies import Services
from pipeline.web.gradio.callers import GradioCaller
from pipeline.web.gradio.uploads import Uploads


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a function works with."""

    services: Services
    rules: RequestRules
    uploads: Uploads
    caller: GradioCaller


@dataclass(frozen=True, slots=True)
class Function:
    """One of the functions."""

    name: str  # without a slash
    summary: str  # one sentence
    parameters: type[BaseModel]  # in the order of positional calls
    returns: str  # in words
    example: Mapping[str, Any]  # arguments that show how it is called
    for_owners: bool  # needs a secret of this service; a Hub token is not enough

    @property
    def access(self) -> str:
        """Who may call it, as a sentence."""
        token = "" if self.for_owners else "a Hugging Face token, or "
        return f"Needs {token}the service's own secret."

    @property
    def description(self) -> str:
        """What it does and who may call it."""
        return f"{self.summary} {self.access}"


@dataclass(frozen=True, slots=True)
class QuickFunction(Function):
    """A function that is run here and now, within a minute or two."""

    run: Callable[[CallContext, Any], Awaitable[Any]]  # takes the parameters' model, gives a JSON value


@dataclass(frozen=True, slots=True)
class JobFunction(Function):
    """A function that begins a durable job and gives what comes out of it."""

    start: Callable[[CallContext, Any], Awaitable[Job]]  # the job is on disk when it returns
    outcome: Callable[[Job, str], CallOutcome]  # of a job that has ended, shown at the service's own address


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function."""

    name: str
    schema: Mapping[str, Any]  # without references
    required: bool
    default: Any  # a JSON value; None as well when it is required
    description: str


@cache
def parameters_of(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """The parameters that a function's model describes, in its order."""
    document = model.model_json_schema()
    definitions = document.get("$defs", {})
    return tuple(
        Parameter(
            name=name,
            schema=_without_references(document["properties"][name], definitions),
            required=field.is_required(),
            default=None if field.is_required() else to_jsonable_python(field.get_default(call_default_factory=True)),
            description=field.description or "",
        )
        for name, field in model.model_fields.items()
    )


def by_position(function: Function, values: object) -> dict[str, Any]:
    """Name positional arguments; those left out keep their defaults. Raises InvalidInput for no list or a long one."""
    names = list(function.parameters.model_fields)
    if not isinstance(values, list):
        raise InvalidInput(FieldProblem("data", "must be a list of the parameters' values"))
    if len(values) > len(names):
        raise InvalidInput(FieldProblem("data", f"has more than the {len(names)} values that /{function.name} takes"))
    return dict(zip(names, values, strict=False))


async def read_arguments(function: Function, given: Mapping[str, Any], context: CallContext) -> BaseModel:
    """Check ``given``, in which null stands for the default, and take uploaded files in.

    Raises:
        InvalidInput: names the broken rules and holds no value.
    """
    names = list(function.parameters.model_fields)
    if any(name not in names for name in given):
        problem = f"names a parameter that /{function.name} does not have; it has: {', '.join(names)}"
        raise InvalidInput(FieldProblem("body", problem))
    stated = {name: value for name, value in given.items() if value is not None}
    try:
        return function.parameters.model_validate(await context.uploads.resolve(stated, context.caller.key))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    raise InvalidInput(
        *problems_in_words({**detail, "loc": _public_location(function, detail["loc"])} for detail in details)
    )


def _public_location(function: Function, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """As much of a location as holds no name that the caller chose, as the keys of an object are."""
    kinds = {parameter.name: parameter.schema.get("type") for parameter in parameters_of(function.parameters)}
    return location[:1] if kinds.get(str(location[0])) == "object" else location


def _without_references(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_without_references(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        schema = definitions[reference.rpartition("/")[2]] | {k: v for k, v in schema.items() if k != "$ref"}
    return {key: _without_references(value, definitions) for key, value in schema.items()}
