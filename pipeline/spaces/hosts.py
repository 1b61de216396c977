"""Whose token acts: the operator's own, or a caller's."""

import re
import threading
from collections import OrderedDict
from hashlib import sha256

from pydantic import SecretStr

from pipeline.domain.errors import HubTokenRefused, Misconfigured
from pipeline.ports import Clock, SpaceHosts
from pipeline.spaces.calls import PATIENCE_SECONDS
from pipeline.spaces.client import SILENCE_SECONDS
from pipeline.spaces.host import HubSpaceHost

HOSTS_KEPT = 128
_FIT_FOR_A_HEADER = re.compile(r"[\x21-\x7e]+")


def space_hosts(
    endpoint: str,
    operator_token: SecretStr | None,
    clock: Clock,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    silence_seconds: float = SILENCE_SECONDS,
) -> SpaceHosts:
    """The SpaceHosts port: one host per token, so that each token's owner is asked for once.

    Args:
        endpoint: HF_ENDPOINT.
        operator_token: HF_TOKEN; None when there is none.
        clock: for the waits of the hosts.
        patience_seconds: of each call of a host, in waits for the Hub.
        silence_seconds: that the Hub may be silent within a call.
    """
    kept: OrderedDict[str, HubSpaceHost] = OrderedDict()  # by digest: no token can be read from a repr of the keys
    using = threading.Lock()

    def host_of(token: str | None) -> HubSpaceHost:
        secret = operator_token if token is None else SecretStr(token)
        if secret is None:
            raise Misconfigured("HF_TOKEN is not set: put a token with write permission there, or send your own")
        if not _FIT_FOR_A_HEADER.fullmatch(secret.get_secret_value()):
            raise HubTokenRefused("the Hub token is empty or holds a space or another character that no token has")
        key = sha256(secret.get_secret_value().encode()).hexdigest()
        with using:
            if key not in kept:
                kept[key] = HubSpaceHost(
                    endpoint, secret, clock, patience_seconds=patience_seconds, silence_seconds=silence_seconds
                )
            kept.move_to_end(key)
            if len(kept) > HOSTS_KEPT:
                kept.popitem(last=False)
            return kept[key]

    return host_of
