"""Who may work on Spaces, and whose Hugging Face token acts for them.

The operator's secret lets the operator's own token act. A token of the Hub lets that token act, and the operator's is
never touched. An owner's secret (DEPLOY_SECRETS_FILE) opens neither: the Spaces of the operator's account belong to
no owner, so whoever could work on one could work on all.
"""

import re
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from pipeline.ports import SpaceHost
from pipeline.web.auth import Gate
from pipeline.web.dependencies import GateOfApp, ServicesOfApp, address_of

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="SpacesBearer",
    description="DEPLOY_SECRET: the operator's Hugging Face token acts. Or a Hugging Face token of your own (hf_…)",
)
_HUB_TOKEN = re.compile(r"hf_[A-Za-z0-9_-]{4,200}")


async def hub_token(secret: str, gate: Gate, address: str) -> str | None:
    """The token to act with: None = the operator's.

    Args:
        secret: as the caller sent it, header bytes read as Latin-1.
        gate: for the operator's secret.
        address: of the client.

    Raises:
        HTTPException: 403 for a wrong secret and for one that is not the operator's, 429 for too many wrong ones.
    """
    if _HUB_TOKEN.fullmatch(secret):
        return secret
    caller = await gate.admit(secret.encode("latin-1"), address)
    if caller.email is not None:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "this secret is not the operator's: send a Hugging Face token of your own"
        )
    return None


async def bearer_token(
    request: Request,
    gate: GateOfApp,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> str | None:
    """The token to act with, by ``Authorization: Bearer``; HTTPException 401 without one."""
    if credentials is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "send Authorization: Bearer with the operator's secret, or with a Hugging Face token of your own",
            {"WWW-Authenticate": 'Bearer realm="pipeline"'},
        )
    return await hub_token(credentials.credentials, gate, address_of(request))


HubToken = Annotated[str | None, Depends(bearer_token)]


def host_of_caller(services: ServicesOfApp, token: HubToken) -> SpaceHost:
    """The Hub as the caller's token sees it. Raises Misconfigured when it is to be the operator's and there is none."""
    return services.spaces(token)


HostOfCaller = Annotated[SpaceHost, Depends(host_of_caller)]
