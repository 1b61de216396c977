"""The bodies of requests that change a Space, as dependencies of their routes."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.manage_space.wishes import NewSetting
from pipeline.shapes.space_changes import Body
from pipeline.shapes.space_parsing import SettingKind, parse_any_settings, parse_body
from pipeline.web.body import read_body, require_json

B = TypeVar("B", bound=Body)


def body_of(model: type[B]) -> Callable[[Request], Awaitable[B]]:
    """A dependency that reads the request's JSON as ``model``."""

    async def read(request: Request) -> B:
        require_json(request.headers)
        return parse_body(model, await read_body(request))

    return read


def settings_of(kind: SettingKind) -> Callable[[Request], Awaitable[dict[str, NewSetting]]]:
    """A dependency that reads secrets or variables: a JSON object, or an env file sent as ``text/plain``."""

    async def read(request: Request) -> dict[str, NewSetting]:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "text/plain":
            require_json(request.headers)
        settings = parse_any_settings(kind, await read_body(request), is_env_file=media_type == "text/plain")
        if not settings:
            raise InvalidInput(FieldProblem("body", f"names no {kind}"))
        return settings

    return read
