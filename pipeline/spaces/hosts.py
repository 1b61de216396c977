"""Whose token acts: the operator's own, or a caller's."""

import re
import threading
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import SecretStr

from pipeline.domain.errors import HubTokenRefused, Misconfigured
from pipeline.ports import Clock, SpaceHosts

if TYPE_CHECKING:
    from pipeline.spaces.host import HubSpaceHost

HOSTS_KEPT = 128
_FIT_FOR_A_HEADER = re.compile(r"[\x21-\x7e]+")


def space_hosts(endpoint: str, operator_token: SecretStr | None, clock: Clock, **limits: float) -> SpaceHosts:
    """The SpaceHosts port: one host per token, so that each token's owner is asked for once.

    huggingface_hub is imported with the first of them.

    Args:
        endpoint: HF_ENDPOINT.
        operator_token: HF_TOKEN; None when there is none.
        clock: for the waits of the hosts.
        limits: of a host's calls, by the names that HubSpaceHost gives them.

    Raises:
        HubTokenRefused: ``operator_token`` cannot be a token.
    """
    kept: OrderedDict[str, HubSpaceHost] = OrderedDict()  # by digest: no token can be read from a repr of the keys
    using = threading.Lock()
    if operator_token:
        _refuse_unfit(operator_token)

    def host_of(token: str | None) -> "HubSpaceHost":
        from pipeline.spaces.host import HubSpaceHost

        secret = operator_token if token is None else SecretStr(token)
        if secret is None:
            raise Misconfigured("HF_TOKEN is not set: put a token with write permission there, or send your own")
        _refuse_unfit(secret)
        key = sha256(secret.get_secret_value().encode()).hexdigest()
        with using:
            if key not in kept:
                kept[key] = HubSpaceHost(endpoint, secret, clock, **limits)
            kept.move_to_end(key)
            if len(kept) > HOSTS_KEPT:
                kept.popitem(last=False)
            return kept[key]

    return host_of


def _refuse_unfit(token: SecretStr) -> None:
    if not _FIT_FOR_A_HEADER.fullmatch(token.get_secret_value()):
        raise HubTokenRefused("the Hub token is empty or holds a space or another character that no token has")
