"""What routes ask for: the services, who is calling, and the job that the address names."""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from pipeline.domain.brief import Brief
from pipeline.domain.errors import FieldProblem, InvalidInput, NotFound
from pipeline.domain.job import Job
from pipeline.domain.space import CreatedSpace, NewSpace
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.metrics import Metrics
from pipeline.ports import Batches, CallEvents, Jobs, SecretScanner, Sites, SpaceHosts, Workspaces
from pipeline.settings import Settings
from pipeline.shapes.deploy_request import RequestRules
from pipeline.web.auth import Caller, Gate, network_of
from pipeline.web.places import Places

BEARER = HTTPBearer(
    auto_error=False,
    description="DEPLOY_SECRET or an owner's own secret. For Spaces, a Hugging Face token (hf_…) does as well",
)
_JOB_ID = re.compile(r"[0-9a-f]{32}")


class Browser(Protocol):
    """What apps are looked at with."""

    @property
    def version(self) -> str | None:
        """None until it was started."""

    @property
    def has_sandbox(self) -> bool | None:
        """One of its own; None until it was started."""


class Callbacks(Protocol):
    """Addresses that briefs name."""

    async def is_missing(self, url: str) -> bool:
        """Whether there is certainly no host of that name."""


class Services(Protocol):
    """What HTTP needs of the product; ``bootstrap.Services`` has it."""

    @property
    def settings(self) -> Settings:
        """As read at the start."""

    @property
    def jobs(self) -> Jobs:
        """The queue and the records."""

    @property
    def batches(self) -> Batches:
        """Many briefs at once."""

    @property
    def workspaces(self) -> Workspaces:
        """For previews."""

    @property
    def sites(self) -> Sites:
        """For previews as well."""

    @property
    def callbacks(self) -> Callbacks:
        """Looks whether evaluators can be told at all."""

    @property
    def secrets(self) -> SecretScanner:
        """Looks for configured secrets in what is to be published."""

    @property
    def spaces(self) -> SpaceHosts:
        """The Hub, as a token sees it."""

    @property
    def create_space(self) -> Callable[[NewSpace, str | None], Awaitable[CreatedSpace]]:
        """The use case of that name; takes the token to act with, None = the operator's own."""

    @property
    def provision_spaces(self) -> ProvisionSpaces:
        """The use case of that name."""

    @property
    def call_events(self) -> CallEvents:
        """Calls whose results are still to be fetched."""

    @property
    def browser(self) -> Browser | None:
        """None without one."""

    @property
    def metrics(self) -> Metrics:
        """Figures of this process."""

    async def start(self) -> None:
        """Begin to work."""

    async def stop(self) -> None:
        """Take no more, and end in order."""


def of_app(name: str) -> Any:
    """A dependency: what ``create_app`` keeps under ``name`` for all requests."""

    async def kept(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(kept)


async def require_host(services: Services, brief: Brief) -> None:
    """Raise InvalidInput when the evaluator's host does not exist: what else is wrong with it may pass."""
    if brief.evaluation_url and await services.callbacks.is_missing(brief.evaluation_url):
        raise InvalidInput(FieldProblem("evaluation_url", "names a host that does not exist"))


def address_of(request: Request) -> str:
    """The client's address, as the server (which knows the trusted proxies) tells it."""
    return request.client.host if request.client else "unknown"


def from_address(caller: str, request: Request) -> str:
    """``caller`` where it sends from: many may have one secret."""
    return f"{caller} from {network_of(address_of(request))}"


ServicesOfApp = Annotated[Services, of_app("services")]
GateOfApp = Annotated[Gate, of_app("gate")]
RulesOfApp = Annotated[RequestRules, of_app("rules")]
StreamsOfApp = Annotated[Places, of_app("streams")]


async def bearer(
    request: Request, gate: GateOfApp, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> Caller:
    """Who is calling, by ``Authorization: Bearer``; HTTPException 401 without one, 403 or 429 for a wrong one."""
    if credentials is None:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, "send the secret as Authorization: Bearer …")
    # Header values are bytes; the framework reads them as Latin-1.
    return await gate.admit(credentials.credentials.encode("latin-1"), address_of(request))


Authenticated = Annotated[Caller, Depends(bearer)]


async def job_of_caller(job_id: str, services: ServicesOfApp, caller: Authenticated) -> Job:
    """The job that the address names. A foreign job is not found, in the same words as one that does not exist."""
    try:
        job = await services.jobs.get(job_id) if _JOB_ID.fullmatch(job_id) else None
    except NotFound:
        job = None
    if job is None or not caller.may_see(job.key.email):
        raise NotFound("no such job")
    return job


JobOfCaller = Annotated[Job, Depends(job_of_caller)]
