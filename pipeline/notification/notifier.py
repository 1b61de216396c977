"""Tells the evaluator: one POST per attempt, every attempt on record, retried on the contract's schedule."""

import base64
import binascii
import hmac
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from pipeline import __version__
from pipeline.domain.errors import Misconfigured, NoAnswer
from pipeline.domain.notification import Delivery, DeliveryState, NextStep, Notification, next_step, retry_delay
from pipeline.domain.retry import seconds_asked_for
from pipeline.notification.egress import EgressClient
from pipeline.ports import Clock, Deliveries

ATTEMPT_SECONDS = 30.0
SHORTEST_ATTEMPT_SECONDS = 10.0
_KEY_PREFIX = "whsec_"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A delivery, and how many seconds the evaluator asked us to stay away."""

    delivery: Delivery
    retry_after: float | None = None

    @property
    def next_step(self) -> NextStep:
        return next_step(self.delivery.status)


class WebhookNotifier:
    """The Notifier port over HTTP, in the manner of Standard Webhooks 1.0.

    What is in ``deliveries`` decides whether and when to go on. Without a signing secret, attempts are not signed.

    Raises:
        Misconfigured: the signing secret holds no key.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        client: EgressClient,
        clock: Clock,
        signing_secret: str | None = None,
        attempt_seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._deliveries = deliveries
        self._client = client
        self._clock = clock
        self._signing_key = signing_key(signing_secret) if signing_secret else None
        self._attempt_seconds = attempt_seconds

    async def notify(self, job_id: str, url: str, notification: Notification, deadline: datetime) -> DeliveryState:
        """Try until told, refused or late; at least once, unless the record says that it is settled.

        A resumed job goes on where its record ends: same count, same schedule.
        """
        # Read once: whatever the wall clock does from here on, the schedule follows the one that never jumps.
        give_up_at = self._clock.monotonic() + (deadline - self._clock.now()).total_seconds()

        def is_too_late(state: RetryCallState) -> bool:
            return self._clock.monotonic() + state.upcoming_sleep > give_up_at

        async def attempt_unless_settled() -> _Attempt:
            recorded = await self._deliveries.of(job_id)  # somebody may have redelivered by hand meanwhile
            settled = _settling(recorded)
            return settled or await self._attempt(job_id, url, notification, len(recorded) + 1, give_up_at)

        recorded = await self._deliveries.of(job_id)
        if recorded and not _settling(recorded):
            await self._clock.sleep(self._rest_of_delay(recorded[-1]))
        retrying = AsyncRetrying(
            retry=retry_if_result(lambda attempt: attempt.next_step is NextStep.RETRY),
            wait=lambda state: retry_delay(_last(state).delivery.attempt, _last(state).retry_after),
            stop=is_too_late,
            retry_error_callback=_last,
            before_sleep=lambda state: _log_failure(job_id, _last(state), state.upcoming_sleep),
            sleep=self._clock.sleep,
        )
        last: _Attempt = await retrying(attempt_unless_settled)
        _log_failure(job_id, last)
        return DeliveryState.DELIVERED if last.next_step is NextStep.DONE else DeliveryState.DEAD_LETTER

    async def redeliver(self, job_id: str, url: str, notification: Notification) -> DeliveryState:
        """Exactly one more attempt, with the same id and body, whatever the record says.

        What was delivered once stays delivered, even when this attempt fails.
        """
        recorded = await self._deliveries.of(job_id)
        give_up_at = self._clock.monotonic() + self._attempt_seconds
        attempt = await self._attempt(job_id, url, notification, len(recorded) + 1, give_up_at)
        _log_failure(job_id, attempt)
        is_delivered = any(next_step(delivery.status) is NextStep.DONE for delivery in (*recorded, attempt.delivery))
        return DeliveryState.DELIVERED if is_delivered else DeliveryState.DEAD_LETTER

    async def _attempt(
        self, job_id: str, url: str, notification: Notification, number: int, give_up_at: float
    ) -> _Attempt:
        """Send once and record what came of it.

        An attempt near the deadline or after it is cut short, but not at once: nobody would know what became of it.
        """
        body = notification.body()
        at, began = self._clock.now(), self._clock.monotonic()
        left = give_up_at - began
        try:
            answer = await self._client.post(
                url,
                body,
                self._headers(job_id, body, at),
                seconds=min(self._attempt_seconds, max(left, SHORTEST_ATTEMPT_SECONDS)),
                queue_seconds=max(left, SHORTEST_ATTEMPT_SECONDS),
            )
        except NoAnswer as error:
            delivery = Delivery(number, at, None, self._clock.monotonic() - began, error=str(error))
            attempt = _Attempt(delivery)
        else:
            delivery = Delivery(number, at, answer.status, self._clock.monotonic() - began, answer.text)
            attempt = _Attempt(delivery, seconds_asked_for(answer.retry_after, self._clock.now()))
        await self._deliveries.add(job_id, delivery)
        return attempt

    def _headers(self, job_id: str, body: bytes, at: datetime) -> dict[str, str]:
        message_id, timestamp = f"msg_{job_id}", int(at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"code-to-deployment/{__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._signing_key:
            headers["webhook-signature"] = signature(self._signing_key, message_id, timestamp, body)
        return headers

    def _rest_of_delay(self, last: Delivery) -> float:
        """What is left of the wait after ``last``; never more than the schedule says, whatever the wall clock does."""
        delay = retry_delay(last.attempt)
        passed = (self._clock.now() - last.at).total_seconds() - last.seconds
        return min(max(delay - passed, 0.0), delay)


def _log_failure(job_id: str, attempt: _Attempt, next_seconds: float | None = None) -> None:
    """Say that ``attempt`` failed, if it did, and when the next one is made: None = none is."""
    if attempt.next_step is NextStep.DONE:
        return
    told = attempt.delivery
    fields = {"attempt": told.attempt, "status": told.status, "error": told.error, "next_in_seconds": next_seconds}
    context = {"action": "delivery.failed", "job_id": job_id, **fields}
    _log.warning("the evaluator did not take the notification", extra=context)


def _last(state: RetryCallState) -> _Attempt:
    if state.outcome is None:
        raise RuntimeError("there is no schedule before the first attempt")
    attempt: _Attempt = state.outcome.result()
    return attempt


def _settling(recorded: Iterable[Delivery]) -> _Attempt | None:
    """The recorded attempt that ended the matter: a success before all others, else an answer that will not heal."""
    attempts = [_Attempt(delivery) for delivery in recorded]
    steps = (NextStep.DONE, NextStep.STOP)
    return next((attempt for step in steps for attempt in attempts if attempt.next_step is step), None)


def signing_key(secret: str) -> bytes:
    """The key in ``secret``: base64 after ``whsec_``, or else its UTF-8 bytes.

    Raises:
        Misconfigured: there is no key in it.
    """
    if not secret.startswith(_KEY_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_KEY_PREFIX), validate=True)
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
