"""Who may work on Spaces, and whose Hugging Face token acts for them.

The operator's secret lets the operator's own token act. A token of the Hub lets that token act, and the operator's is
never touched. An owner's secret (DEPLOY_SECRETS_FILE) opens neither: the Spaces of the operator's account belong to
no owner, so whoever could work on one could work on all.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

from pipeline.domain.errors import HubTokenRefused
from pipeline.ports import SpaceHost
from pipeline.web.auth import network_of
from pipeline.web.dependencies import BEARER, GateOfApp, ServicesOfApp, StreamsOfApp, address_of, from_address, of_app

REFUSED_TOKENS_PER_MINUTE = 20
RETRY_AFTER_SECONDS = 60

_HUB_TOKEN = re.compile(r"hf_[A-Za-z0-9_-]{4,200}")


class RefusedTokens:
    """Counts what the Hub refuses: how often one token, and how many tokens came from one address.

    The Hub counts questions strictly, and ours all come from one address: whoever keeps coming with tokens that nobody
    has is not asked about any more. A token that the Hub has taken is never held up by that: its client may share the
    address with the others, behind a proxy. Used from one event loop.
    """

    def __init__(self) -> None:
        self._limit = RateLimitItemPerMinute(REFUSED_TOKENS_PER_MINUTE)
        self._refused = MovingWindowRateLimiter(MemoryStorage())
        self._remembered = RateLimitItemPerHour(1)
        self._taken = MovingWindowRateLimiter(MemoryStorage())

    @asynccontextmanager
    async def counted(self, token: str, address: str) -> AsyncIterator[None]:
        """Hold while the Hub is asked with ``token`` from ``address``; counts a HubTokenRefused, and lets it pass.

        Raises:
            HTTPException: 429 when the token was refused too often, or too many others from ``address`` were.
        """
        digest, network = sha256(token.encode()).hexdigest(), network_of(address)
        is_good = not await self._taken.test(self._remembered, digest)
        if not is_good and not await self._may_ask(digest, network):
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "this token, or too many from your address, are ones that the Hub does not know: wait a minute",
                {"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        try:
            yield
        except HubTokenRefused:
            await self._taken.clear(self._remembered, digest)
            was_refused = await self._was_refused(digest)
            await self._refused.hit(self._limit, digest)
            if not was_refused:
                await self._refused.hit(self._limit, network)
            raise
        await self._taken.hit(self._remembered, digest)

    async def _may_ask(self, digest: str, network: str) -> bool:
        if await self._was_refused(digest):
            return await self._refused.test(self._limit, digest)
        return await self._refused.test(self._limit, network)

    async def _was_refused(self, digest: str) -> bool:
        return (await self._refused.get_window_stats(self._limit, digest)).remaining < self._limit.amount


def is_hub_token(secret: str) -> bool:
    """Whether ``secret`` has a Hub token's form; secrets of this service never have."""
    return _HUB_TOKEN.fullmatch(secret) is not None


async def bearer_token(
    request: Request,
    gate: GateOfApp,
    refused: Annotated[RefusedTokens, of_app("refused_tokens")],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> AsyncIterator[str | None]:
    """The token to act with, by ``Authorization: Bearer``; None = the operator's.

    Raises:
        HTTPException: 401 without one, 403 for a wrong secret and for one that is not the operator's, 429 for too many.
    """
    if credentials is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "send Authorization: Bearer with the operator's secret, or with a Hugging Face token of your own",
        )
    address = address_of(request)
    secret = credentials.credentials
    if is_hub_token(secret):
        async with refused.counted(secret, address):
            yield secret
        return
    # Header values are bytes; the framework reads them as Latin-1.
    if (await gate.admit(secret.encode("latin-1"), address)).email is not None:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "this secret is not the operator's: send a Hugging Face token of your own"
        )
    yield None


HubToken = Annotated[str | None, Depends(bearer_token)]


def host_of_caller(services: ServicesOfApp, token: HubToken) -> SpaceHost:
    """The Hub as the caller's token sees it. Raises Misconfigured when it is to be the operator's and there is none."""
    return services.spaces(token)


HostOfCaller = Annotated[SpaceHost, Depends(host_of_caller)]


def _stream_place(request: Request, streams: StreamsOfApp, token: HubToken) -> Iterator[None]:
    caller = "operator" if token is None else sha256(token.encode()).hexdigest()
    with streams.take(from_address(f"Spaces of {caller}", request), is_guest=token is not None):
        yield


StreamPlaceOfToken = Depends(_stream_place)
"""Holds one of the token's places for event streams; Busy when there is none left."""
