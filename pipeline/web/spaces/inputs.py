"""What routes on Spaces take from address and body, as their dependencies."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query, Request

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import MAX_SPACE_ID, SettingKind, SpaceSettings, setting_key_problem, space_id_problem
from pipeline.shapes.schemas import KEY, PART_OF_ID, SPACE_ID
from pipeline.shapes.space_changes import Body, parse_body, parse_settings
from pipeline.web.body import read_body, require_json

MAX_KEY = 200

B = TypeVar("B", bound=Body)
_Part = Annotated[str, Path(max_length=MAX_SPACE_ID, json_schema_extra=PART_OF_ID)]


async def _space_id(owner: _Part, name: _Part) -> str:
    space_id = f"{owner}/{name}"
    if problem := space_id_problem(space_id):
        raise InvalidInput(FieldProblem("space_id", problem))
    return space_id


async def _key(key: Annotated[str, Path(max_length=MAX_KEY, json_schema_extra=KEY)]) -> str:
    if problem := setting_key_problem(key):
        raise InvalidInput(FieldProblem("key", problem))
    return key


SpaceId = Annotated[str, Depends(_space_id)]
"""``owner/name``. InvalidInput, without the value, when it cannot be one."""

Key = Annotated[str, Depends(_key)]
"""Of a secret or variable."""

Confirm = Annotated[
    str | None, Query(max_length=MAX_SPACE_ID, description="owner/name, once more", json_schema_extra=SPACE_ID)
]


def require_confirmation(confirm: str | None, space_id: str, what: str) -> None:
    """Raise InvalidInput unless ``confirm`` repeats the Space's id; ``what`` says why that is asked for."""
    if confirm != space_id:
        raise InvalidInput(FieldProblem("confirm", f"must repeat owner/name of the Space, because {what}"))


def body_of(model: type[B]) -> Callable[[Request], Awaitable[B]]:
    """A dependency that reads the request's JSON as ``model``."""

    async def read(request: Request) -> B:
        require_json(request.headers)
        return parse_body(model, await read_body(request))

    return read


def settings_of(kind: SettingKind) -> Callable[[Request], Awaitable[SpaceSettings]]:
    """A dependency that reads secrets or variables: a JSON object, or an env file sent as ``text/plain``."""

    async def read(request: Request) -> SpaceSettings:
        is_env_file = request.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/plain"
        if not is_env_file:
            require_json(request.headers)
        return parse_settings(kind, await read_body(request), is_env_file=is_env_file)

    return read
