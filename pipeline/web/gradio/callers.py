"""Who is calling: somebody with a secret of this service, or a Hub account with its own token.

Gradio's JavaScript client and curl send ``Authorization``, its Python client sends ``x-hf-authorization``. On a private
Space both may come: one for the Hub's proxy, one for us. A secret of ours wins over a Hub token.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from pipeline.domain.errors import NotPermitted
from pipeline.ports import SpaceHosts
from pipeline.web.auth import Caller, Gate
from pipeline.web.hub_access import RefusedTokens, is_hub_token

TOKEN_HEADERS = ("authorization", "x-hf-authorization")


@dataclass(frozen=True, slots=True)
class GradioCaller:
    """Who is calling."""

    key: str  # the same for all calls of one caller, and no secret: what results and uploads are kept under
    owner: Caller | None = None  # None for a Hub account
    hub_token: str | None = field(default=None, repr=False)  # None for a secret of ours

    @property
    def is_guest(self) -> bool:
        """Whether anybody could call like that."""
        return self.owner is None

    def require_owner(self) -> Caller:
        """The holder of a secret of this service. Raises NotPermitted for a Hub account."""
        if self.owner is None:
            raise NotPermitted("this needs the service's own secret: a Hub token is not enough")
        return self.owner


async def identify(
    headers: Headers, address: str, gate: Gate, hosts: SpaceHosts, refused: RefusedTokens
) -> GradioCaller:
    """Say who sent ``headers``.

    The Hub is asked for the account behind a token, so that tokens that nobody has take up no room here; the hosts ask
    once for each token that they know.

    Raises:
        HTTPException: 401 without a token, 403 or 429 for a wrong secret, 429 for too many unknown tokens.
        HubError: the Hub refuses the token, or cannot be asked.
    """
    sent = [get_authorization_scheme_param(headers.get(name)) for name in TOKEN_HEADERS]
    tokens = [token for scheme, token in sent if scheme.lower() == "bearer" and token]
    if not tokens:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "send the service's secret or your Hub token as Authorization: Bearer …, or as x-hf-authorization",
        )
    for secret in tokens:
        if not is_hub_token(secret):
            # Header values are bytes; the framework reads them as Latin-1.
            owner = await gate.admit(secret.encode("latin-1"), address)
            return GradioCaller("operator" if owner.email is None else f"owner-{_digest(owner.email)}", owner)
    async with refused.counted(tokens[0], address):
        name = await hosts(tokens[0]).owner()
    return GradioCaller(f"hub-{_digest(name)}", hub_token=tokens[0])


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
