"""Who may do what: secrets, callers and the limit on wrong guesses.

There is one operator's secret (DEPLOY_SECRET), or one secret per owner (DEPLOY_SECRETS_FILE), or both. The operator
may post for every address and sees every job; an owner only its own.

Wrong secrets are counted by client address. Beyond the limit they are answered 429 instead of 403, but a right secret
is never blocked and never counted: evaluators often share an address with strangers, behind a proxy or a NAT, and
whoever could lock them out by guessing would have won more than by guessing. What makes guessing hopeless is the
secret's length, so short ones are refused at the start, unless the service listens on loopback alone.
"""

import logging
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from secrets import compare_digest
from typing import Self

from fastapi.security.utils import get_authorization_scheme_param
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from structlog.contextvars import bind_contextvars

from pipeline.domain.address import is_this_machine
from pipeline.domain.deploy_secret import secret_problem
from pipeline.domain.errors import Misconfigured, NotPermitted
from pipeline.settings import Settings
from pipeline.web.body import secrets_in

WRONG_SECRETS_PER_MINUTE = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking."""

    email: str | None = None  # None for the operator

    def may_see(self, owner: str) -> bool:
        """Whether what belongs to ``owner`` is this caller's to see, and to post."""
        return self.email is None or self.email == owner

    def require(self, owner: str) -> None:
        """Raises NotPermitted for what is not this caller's to post."""
        if not self.may_see(owner):
            raise NotPermitted("this secret belongs to another e-mail address")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets that open the service."""

    keys: tuple[tuple[bytes, Caller], ...] = field(repr=False)
    settings: Settings | None = field(default=None, repr=False)
    owners: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)  # of DEPLOY_SECRETS_FILE when it was read

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Read DEPLOY_SECRET and DEPLOY_SECRETS_FILE.

        Raises:
            Misconfigured: neither is there, the file cannot be used, or a secret is empty, the published sample, or
                given to two callers.
        """
        owned: list[tuple[str, str, Caller]] = []
        if settings.deploy_secret:
            owned.append(("DEPLOY_SECRET", settings.deploy_secret.get_secret_value(), Caller()))
        for email, owned_secret in settings.owner_secrets.items():
            owned.append(
                (f"DEPLOY_SECRETS_FILE: the secret of {email}", owned_secret.get_secret_value(), Caller(email))
            )
        if not owned:
            raise Misconfigured("DEPLOY_SECRET is not set: choose a long random text and give it to your evaluators")
        for where, secret, _ in owned:
            _check_strength(where, secret, on_loopback=is_this_machine(settings.host))
        keys = tuple((secret.encode(), caller) for _, secret, caller in owned)
        if len({secret for secret, _ in keys}) < len(keys):
            raise Misconfigured("DEPLOY_SECRETS_FILE: two callers have the same secret: every one needs its own")
        return cls(keys, settings, settings.owner_secrets)

    def current(self) -> Self:
        """These, or what DEPLOY_SECRETS_FILE has been changed to; those that were last fit for use, if it is not."""
        if self.settings is None or (owners := self.settings.owner_secrets) is self.owners:
            return self
        try:
            renewed = self.from_settings(self.settings)
        except Misconfigured as error:
            _log.warning("the secrets stay as they were: %s", error, extra={"action": "secrets.refused"})
            return replace(self, owners=owners)
        _log.info("DEPLOY_SECRETS_FILE was read again", extra={"action": "secrets.renewed"})
        return renewed

    def caller(self, secret: bytes) -> Caller | None:
        """Whose ``secret`` is. Compares with every one, so that the time tells nothing of what is in them."""
        found = None
        for known, caller in self.keys:
            if compare_digest(known, secret):
                found = caller
        return found


def _check_strength(where: str, secret: str, *, on_loopback: bool) -> None:
    if problem := secret_problem(secret, on_loopback=on_loopback):
        raise Misconfigured(f"{where} {problem}")
    if problem := secret_problem(secret):
        _log.warning("%s %s before you let others reach the service", where, problem, extra={"action": "secret.short"})


class Gate:
    """Lets callers in by their secret, and slows down those who guess."""

    def __init__(self, credentials: Credentials, wrong_per_minute: int = WRONG_SECRETS_PER_MINUTE) -> None:
        self._credentials = credentials
        self._limit = RateLimitItemPerMinute(wrong_per_minute)
        self._wrong = MovingWindowRateLimiter(MemoryStorage())

    def knows_one_of(self, secrets: Iterable[bytes]) -> bool:
        """Whether one of ``secrets`` is somebody's; wrong ones are not counted."""
        self._credentials = self._credentials.current()
        return any(self._credentials.caller(secret) for secret in secrets)

    def knows_sender(self, headers: Headers, body: bytes) -> bool:
        """Whether these headers, or a ``body`` of JSON that begins like that, hold somebody's secret."""
        bearer = get_authorization_scheme_param(headers.get("authorization"))[1]
        return self.knows_one_of((bearer.encode("latin-1"), *secrets_in(body)))

    async def admit(self, secret: bytes, address: str) -> Caller:
        """Return whose ``secret`` is; empty = none was sent. Wrong ones are counted by the client's ``address``.

        Raises:
            HTTPException: 403, or 429 when there were too many wrong ones from ``address``.
        """
        self._credentials = self._credentials.current()
        if caller := self._credentials.caller(secret):
            bind_contextvars(caller=caller.email or "operator")  # for all that the log says of this request
            return caller
        network = network_of(address)
        if await self._wrong.hit(self._limit, network):
            _log.warning("a request came with a wrong secret", extra={"action": "secret.wrong", "client": network})
            raise HTTPException(HTTPStatus.FORBIDDEN, "invalid secret")
        reset = (await self._wrong.get_window_stats(self._limit, network)).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many wrong secrets from your address: wait before you try another",
            {"Retry-After": str(seconds)},
        )


def network_of(address: str) -> str:
    """``address``, or the /64 that it is in: whoever has one IPv6 address usually has all of that network."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return f"{IPv6Address(int(ip) >> 64 << 64)}/64"
    return str(getattr(ip, "ipv4_mapped", None) or ip)
