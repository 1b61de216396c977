"""Tells the evaluator: one POST per attempt, in the manner of Standard Webhooks 1.0."""

import base64
import binascii
import hmac
from dataclasses import replace
from datetime import datetime

from pipeline import __version__
from pipeline.domain.errors import Misconfigured, NoAnswer
from pipeline.domain.notification import Delivery, Notification, Trigger
from pipeline.domain.retry import seconds_asked_for
from pipeline.notification.egress import EgressClient
from pipeline.ports import Clock

ATTEMPT_SECONDS = 30.0

_KEY_PREFIX = "whsec_"


class WebhookNotifier:
    """The Notifier port over HTTP. Without a signing secret, attempts are not signed.

    Raises:
        Misconfigured: the signing secret holds no key.
    """

    def __init__(
        self,
        client: EgressClient,
        clock: Clock,
        signing_secret: str | None = None,
        attempt_seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._client = client
        self._clock = clock
        self._signing_keys = signing_keys(signing_secret) if signing_secret else ()
        self._attempt_seconds = attempt_seconds

    async def tell(self, job_id: str, url: str, notification: Notification, number: int, trigger: Trigger) -> Delivery:
        """Attempt ``number`` from 1, with the same id and body each time: one POST, and what came of it."""
        at, began = self._clock.now(), self._clock.monotonic()
        delivery = Delivery(number, at, None, 0.0, trigger=trigger)
        headers = self._headers(job_id, notification, at)
        try:
            answer = await self._client.post(url, notification.body(), headers, seconds=self._attempt_seconds)
        except NoAnswer as error:
            delivery = replace(delivery, error=str(error))
        else:
            retry_after = seconds_asked_for(answer.retry_after, self._clock.now())
            delivery = replace(delivery, status=answer.status, response=answer.text, retry_after=retry_after)
        return replace(delivery, seconds=self._clock.monotonic() - began)

    def _headers(self, job_id: str, notification: Notification, at: datetime) -> dict[str, str]:
        message_id, timestamp, body = f"msg_{job_id}", int(at.timestamp()), notification.body()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"code-to-deployment/{__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
        }
        if notification.is_unconfirmed:
            headers["pipeline-live"] = "unconfirmed"
        if self._signing_keys:
            signatures = [signature(key, message_id, timestamp, body) for key in self._signing_keys]
            headers["webhook-signature"] = " ".join(signatures)
        return headers


def signing_keys(secrets: str) -> tuple[bytes, ...]:
    """The keys in ``secrets``, which are separated by commas: base64, with or without ``whsec_`` before it.

    Raises:
        Misconfigured: one of them is none.
    """
    try:
        parts = [part.strip().removeprefix(_KEY_PREFIX) for part in secrets.split(",") if part.strip()]
        keys = [base64.b64decode(part, validate=True) for part in parts]
    except (binascii.Error, ValueError):
        keys = []
    if not keys or not all(keys):
        # Not chained: the cause's text may quote a part of the secret.
        raise Misconfigured(
            "WEBHOOK_SIGNING_SECRET must be base64, with or without whsec_ before it; several are separated by commas. "
            "To make one: openssl rand -base64 32"
        ) from None
    return tuple(keys)


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature`` for one attempt; ``timestamp`` in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
