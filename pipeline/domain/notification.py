"""Telling the evaluator, and when to try again."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Self

from pipeline.domain.brief import JobKey
from pipeline.domain.publication import Publication
from pipeline.domain.retry import is_passing

MAX_DELAY_SECONDS = 60
SLOW_DELAY_SECONDS = 600
LONGEST_DELAY_SECONDS = 366 * 86_400.0  # what is asked for beyond that ends every schedule, and fits a date
KEPT_RESPONSE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Notification:
    """What the evaluator is told: exactly these seven fields."""

    email: str
    task: str
    round: int
    nonce: str
    repo_url: str
    commit_sha: str
    pages_url: str
    is_unconfirmed: bool = False  # visitors have not been seen to be served the commit; told in a header alone

    @classmethod
    def of(cls, key: JobKey, publication: Publication) -> Self:
        """What is told about ``publication`` to whoever asked with ``key``."""
        return cls(
            email=key.email,
            task=key.task,
            round=key.round,
            nonce=key.nonce,
            repo_url=publication.repo_url,
            commit_sha=publication.commit_sha,
            pages_url=publication.pages_url,
            is_unconfirmed=publication.is_unconfirmed,
        )

    def body(self) -> bytes:
        """The JSON document, byte for byte the same in every attempt."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "is_unconfirmed"}
        return json.dumps(told, ensure_ascii=False).encode()


class Trigger(StrEnum):
    """Why an attempt was made."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt at telling."""

    attempt: int  # from 1
    at: datetime
    status: int | None  # of HTTP; None when no answer came
    seconds: float
    response: str = ""  # first KiB of the answer
    error: str | None = None  # why there was no answer
    trigger: Trigger = Trigger.SCHEDULED
    retry_after: float | None = None  # seconds that the evaluator asked us to stay away


class DeliveryState(StrEnum):
    """How far telling has come."""

    NOT_REQUESTED = "not_requested"
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD_LETTER = "dead_letter"


class NextStep(StrEnum):
    """What an answer calls for."""

    DONE = "done"
    RETRY = "retry"
    STOP = "stop"


_NOT_KNOWN_YET = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}


def next_step(status: int | None) -> NextStep:
    """Decide by the evaluator's answer; None = no answer came.

    2xx is success. A redirect is a failed attempt, never followed. 408, 425, 429 and 5xx may heal, and so may 400, 404
    and 409 of evaluators that note a task only when they have our answer; any other 4xx will not (Standard Webhooks
    1.0 for 410; the rest is the contract's choice).
    """
    if status is None or status in _NOT_KNOWN_YET or is_passing(status):
        return NextStep.RETRY
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return NextStep.DONE
    return NextStep.STOP if status >= HTTPStatus.BAD_REQUEST else NextStep.RETRY


def retry_delay(failures: int, retry_after: float | None = None) -> float:
    """Seconds to wait after the n-th failure: 1, 2, 4 … 60, and never less than the evaluator asked for."""
    return max(float(min(2 ** min(failures - 1, 10), MAX_DELAY_SECONDS)), retry_after or 0.0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Until when to try: quickly until ``deadline``, then slowly until ``give_up_at``."""

    deadline: datetime
    give_up_at: datetime

    def next_attempt_at(self, last: Delivery) -> datetime | None:
        """When to try again after ``last``, which failed; None when that is given up."""
        ended, asked = last.at + timedelta(seconds=last.seconds), min(last.retry_after or 0.0, LONGEST_DELAY_SECONDS)
        quick = ended + timedelta(seconds=retry_delay(last.attempt, asked))
        if quick <= self.deadline:
            return quick
        slow = ended + timedelta(seconds=max(SLOW_DELAY_SECONDS, asked))
        return slow if slow <= self.give_up_at else None
