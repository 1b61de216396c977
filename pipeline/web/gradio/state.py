"""What the routes of one app share, and how they ask for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials

from pipeline.shapes.deploy_request import RequestRules
from pipeline.web.dependencies import BEARER, Services, StreamsOfApp, address_of, from_address, of_app
from pipeline.web.gradio.callers import GradioCaller, identify
from pipeline.web.gradio.calls import Calls
from pipeline.web.gradio.uploads import UploadLimits, Uploads

_FORWARDED = APIKeyHeader(
    name="x-hf-authorization", auto_error=False, description="the same, as Gradio's Python client sends it"
)


@dataclass(frozen=True, slots=True)
class GradioState:
    """What the routes share."""

    services: Services
    uploads: Uploads
    calls: Calls

    @classmethod
    def of(cls, services: Services, rules: RequestRules) -> Self:
        """Touches neither disk nor network."""
        settings = services.settings
        folder = settings.generated_repos_dir.absolute() / ".pipeline" / "uploads"
        uploads = Uploads(folder, UploadLimits(settings.max_attachment_bytes, settings.max_request_bytes))
        return cls(services, uploads, Calls(services, rules, uploads))

    async def caller(self, request: Request) -> GradioCaller:
        """Who sent ``request``; see ``identify`` for what is raised."""
        app = request.app.state
        return await identify(request.headers, address_of(request), app.gate, self.services.spaces, app.refused_tokens)


GradioOfApp = Annotated[GradioState, of_app("gradio")]


@dataclass(frozen=True, slots=True)
class _Schemes:
    """The two headers, for the description of the API; ``identify`` reads them by itself."""

    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
    forwarded: Annotated[str | None, Security(_FORWARDED)]


async def _caller(request: Request, state: GradioOfApp, _: Annotated[_Schemes, Depends()]) -> GradioCaller:
    return await state.caller(request)


Identified = Annotated[GradioCaller, Depends(_caller)]


def _place(
    request: Request, streams: StreamsOfApp, caller: Annotated[GradioCaller, Depends(_caller)]
) -> Iterator[None]:
    with streams.take(from_address(caller.key, request), is_guest=caller.is_guest):
        yield


StreamPlace = Depends(_place)
"""Holds one of the caller's places for event streams; Busy when there is none left."""
