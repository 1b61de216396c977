"""Who is calling: somebody with a secret of this service, or a Hub account with its own token.

Gradio's JavaScript client and curl send ``Authorization``, its Python client sends ``x-hf-authorization``. On a private
Space both may come: one for the Hub's proxy, one for us. A secret of ours wins over a Hub token.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from pipeline.domain.errors import HubTokenRefused, NotPermitted
from pipeline.ports import SpaceHosts
from pipeline.web.auth import Caller, Gate

TOKEN_HEADERS = ("authorization", "x-hf-authorization")
REFUSED_TOKENS_PER_MINUTE = 20
RETRY_AFTER_SECONDS = 60

_BEARER = re.compile(r"bearer +([!-~]{1,4096})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GradioCaller:
    """Who is calling.

    Attributes:
        key: the same for all calls of one caller, and no secret: what results and uploads are kept under.
        owner: whose secret was sent; None for a Hub account.
        hub_token: the account's own; None for a secret of ours.
    """

    key: str
    owner: Caller | None = None
    hub_token: str | None = field(default=None, repr=False)

    def require_owner(self) -> Caller:
        """The holder of a secret of this service. Raises NotPermitted for a Hub account."""
        if self.owner is None:
            raise NotPermitted("this needs the service's own secret: a Hub token is not enough")
        return self.owner


class HubAccounts:
    """The accounts behind Hub tokens, so that tokens that nobody has take up no room here.

    The Hub counts such questions strictly. The hosts ask once for each token that they know; whoever keeps coming with
    tokens that the Hub refuses is not asked about any more.
    """

    def __init__(self, hosts: SpaceHosts) -> None:
        self._hosts = hosts
        self._limit = RateLimitItemPerMinute(REFUSED_TOKENS_PER_MINUTE)
        self._refused = MovingWindowRateLimiter(MemoryStorage())

    async def name_of(self, token: str, address: str) -> str:
        """The account's name.

        Args:
            token: a Hub token.
            address: of the client, for counting.

        Raises:
            HubTokenRefused: the Hub does not know the token.
            HTTPException: 429 when too many such tokens came from ``address``.
        """
        if not await self._refused.test(self._limit, address):
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many tokens from your address that the Hub does not know: wait before you try another",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        try:
            return await self._hosts(token).owner()
        except HubTokenRefused:
            await self._refused.hit(self._limit, address)
            raise


async def identify(headers: Headers, address: str, gate: Gate, accounts: HubAccounts) -> GradioCaller:
    """Say who sent ``headers``.

    Raises:
        HTTPException: 401 without a token, 403 or 429 for a wrong secret.
        HubError: the Hub refuses the token, or cannot be asked.
    """
    sent = [_BEARER.fullmatch(headers.get(name, "").strip()) for name in TOKEN_HEADERS]
    tokens = [match[1] for match in sent if match]
    if not tokens:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "send the service's secret or your Hub token as Authorization: Bearer …, or as x-hf-authorization",
            {"WWW-Authenticate": 'Bearer realm="pipeline"'},
        )
    for secret in tokens:
        if not secret.startswith("hf_"):
            owner = await gate.admit(secret.encode(), address)
            return GradioCaller("operator" if owner.email is None else f"owner-{_digest(owner.email)}", owner)
    name = await accounts.name_of(tokens[0], address)
    return GradioCaller(f"hub-{_digest(name)}", hub_token=tokens[0])


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
