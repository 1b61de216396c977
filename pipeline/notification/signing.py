"""Signatures by which an evaluator knows that a callback is ours (Standard Webhooks 1.0, symmetric scheme)."""

import base64
import binascii
import hmac

from pipeline.domain.errors import Misconfigured

_PREFIX = "whsec_"


def signing_key(secret: str) -> bytes:
    """The key in ``secret``: base64 after ``whsec_``, or else its UTF-8 bytes.

    Raises:
        Misconfigured: there is no key in it.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        # Not chained: the cause's text may quote a part of the secret.
        raise Misconfigured("WEBHOOK_SIGNING_SECRET: what follows whsec_ must be base64") from None
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature`` for one attempt; ``timestamp`` in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
