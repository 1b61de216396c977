"""Tells the evaluator: one POST per attempt, every attempt on record, retried on the contract's schedule."""

import base64
import binascii
import hmac
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from pipeline import __version__
from pipeline.domain.errors import Misconfigured, NoAnswer
from pipeline.domain.notification import (
    Delivery,
    DeliveryState,
    NextStep,
    Notification,
    Trigger,
    next_step,
    retry_delay,
)
from pipeline.domain.retry import seconds_asked_for
from pipeline.notification.egress import EgressClient
from pipeline.ports import Clock, Deliveries

ATTEMPT_SECONDS = 30.0
SHORTEST_ATTEMPT_SECONDS = 10.0
SLOW_TURN_SECONDS = 300.0
"""How long an attempt waits for its turn that nobody waits for: many of one host may be due at once."""

_KEY_PREFIX = "whsec_"
_STATES = {
    NextStep.DONE: DeliveryState.DELIVERED,
    NextStep.RETRY: DeliveryState.PENDING,
    NextStep.STOP: DeliveryState.DEAD_LETTER,
}

_log = logging.getLogger(__name__)


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
        self._signing_keys = signing_keys(signing_secret) if signing_secret else ()
        self._attempt_seconds = attempt_seconds

    async def notify(self, job_id: str, url: str, notification: Notification, deadline: datetime) -> DeliveryState:
        """Try until told, refused or late; at least once, unless the record says that it is settled.

        A resumed job goes on where its record ends: same count, same schedule. What is late is pending.
        """
        # Read once: whatever the wall clock does from here on, the schedule follows the one that never jumps.
        give_up_at = self._clock.monotonic() + (deadline - self._clock.now()).total_seconds()

        def is_too_late(state: RetryCallState) -> bool:
            return self._clock.monotonic() + state.upcoming_sleep > give_up_at

        async def attempt_unless_settled() -> Delivery:
            recorded = await self._deliveries.of(job_id)  # somebody may have redelivered by hand meanwhile
            settled = _settling(recorded)
            left = give_up_at - self._clock.monotonic()
            return settled or await self._attempt(job_id, url, notification, number=len(recorded) + 1, left=left)

        recorded = await self._deliveries.of(job_id)
        if recorded and not _settling(recorded):
            rest = self._rest_of_delay(recorded[-1])
            if recorded[-1].retry_after and self._clock.monotonic() + rest > give_up_at:
                return DeliveryState.PENDING
            await self._clock.sleep(rest)
        retrying = AsyncRetrying(
            retry=retry_if_result(lambda delivery: next_step(delivery.status) is NextStep.RETRY),
            wait=lambda state: retry_delay(_last(state).attempt, _last(state).retry_after),
            stop=is_too_late,
            retry_error_callback=_last,
            before_sleep=lambda state: _log_attempt(job_id, _last(state), state.upcoming_sleep),
            sleep=self._clock.sleep,
        )
        last: Delivery = await retrying(attempt_unless_settled)
        _log_attempt(job_id, last)
        return _STATES[next_step(last.status)]

    async def tell(self, job_id: str, url: str, notification: Notification, trigger: Trigger) -> DeliveryState:
        """Exactly one more attempt, with the same id and body; by schedule not after a recorded success.

        What was delivered once stays delivered, even when this attempt fails.
        """
        recorded = await self._deliveries.of(job_id)
        is_delivered = any(next_step(delivery.status) is NextStep.DONE for delivery in recorded)
        if is_delivered and trigger is Trigger.SCHEDULED:
            return DeliveryState.DELIVERED
        left = SLOW_TURN_SECONDS if trigger is Trigger.SCHEDULED else self._attempt_seconds
        delivery = await self._attempt(job_id, url, notification, number=len(recorded) + 1, left=left, trigger=trigger)
        _log_attempt(job_id, delivery)
        return DeliveryState.DELIVERED if is_delivered else _STATES[next_step(delivery.status)]

    async def _attempt(
        self,
        job_id: str,
        url: str,
        notification: Notification,
        *,
        number: int,
        left: float,
        trigger: Trigger = Trigger.SCHEDULED,
    ) -> Delivery:
        """Send once within the seconds that are ``left``, and record what came of it.

        An attempt near the deadline or after it is cut short, but not at once: nobody would know what became of it.
        """
        at, began = self._clock.now(), self._clock.monotonic()
        delivery = Delivery(number, at, None, 0.0, trigger=trigger)
        try:
            answer = await self._client.post(
                url,
                notification.body(),
                self._headers(job_id, notification, at),
                seconds=min(self._attempt_seconds, max(left, SHORTEST_ATTEMPT_SECONDS)),
                queue_seconds=max(left, SHORTEST_ATTEMPT_SECONDS),
            )
        except NoAnswer as error:
            delivery = replace(delivery, error=str(error))
        else:
            retry_after = seconds_asked_for(answer.retry_after, self._clock.now())
            delivery = replace(delivery, status=answer.status, response=answer.text, retry_after=retry_after)
        delivery = replace(delivery, seconds=self._clock.monotonic() - began)
        await self._deliveries.add(job_id, delivery)
        return delivery

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

    def _rest_of_delay(self, last: Delivery) -> float:
        """What is left of the wait after ``last``; never more than the schedule says, whatever the wall clock does."""
        delay = retry_delay(last.attempt, last.retry_after)
        passed = (self._clock.now() - last.at).total_seconds() - last.seconds
        return min(max(delay - passed, 0.0), delay)


def _log_attempt(job_id: str, told: Delivery, next_seconds: float | None = None) -> None:
    """Say how an attempt went, and when the next one is made: None = the job's record tells."""
    fields: dict[str, Any] = {"attempt": told.attempt, "status": told.status}
    if next_step(told.status) is NextStep.DONE:
        _log.info("the evaluator was told", extra={"action": "delivery.made", "job_id": job_id, **fields})
        return
    fields |= {"error": told.error, "next_in_seconds": next_seconds}
    context = {"action": "delivery.failed", "job_id": job_id, **fields}
    _log.warning("the evaluator did not take the notification", extra=context)


def _last(state: RetryCallState) -> Delivery:
    if state.outcome is None:
        raise RuntimeError("there is no schedule before the first attempt")
    delivery: Delivery = state.outcome.result()
    return delivery


def _settling(recorded: Sequence[Delivery]) -> Delivery | None:
    """The recorded attempt that ended the matter: a success before all others, else an answer that will not heal."""
    steps = (NextStep.DONE, NextStep.STOP)
    return next((delivery for step in steps for delivery in recorded if next_step(delivery.status) is step), None)


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
