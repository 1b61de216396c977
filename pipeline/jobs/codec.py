"""Domain values as JSON, for rows and checkpoints."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from pydantic import TypeAdapter

from pipeline.domain.address import Origin
from pipeline.domain.brief import Attachment, Brief
from pipeline.domain.generation import ModelCall
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.notification import Delivery, DeliveryState
from pipeline.domain.publication import Target

T = TypeVar("T")


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)  # building one costs milliseconds


def to_json(kind: type[T], value: T) -> Any:
    """``value`` as what ``json`` can write."""
    return _adapter(kind).dump_python(value, mode="json")


def from_json(kind: type[T], document: Any) -> T:
    """The value that ``to_json`` wrote."""
    return cast("T", _adapter(kind).validate_python(document))


def from_row(kind: type[T], row: sa.Row[Any]) -> T:
    """The value whose fields are columns of ``row``; what else is in the row has no meaning here."""
    return from_json(kind, as_dict(row))


def as_dict(row: sa.Row[Any]) -> dict[str, Any]:
    """Columns of ``row`` by name."""
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's mapping


def brief_to_json(brief: Brief, attachment_digests: list[str]) -> dict[str, Any]:
    """The brief without the bytes of its attachments, which lie in the blobs under ``attachment_digests``."""
    attachments = [
        {"name": attachment.name, "media_type": attachment.media_type, "digest": digest}
        for attachment, digest in zip(brief.attachments, attachment_digests, strict=True)
    ]
    return {**to_json(Brief, replace(brief, attachments=())), "attachments": attachments}


def brief_from_json(document: dict[str, Any], contents: list[bytes]) -> Brief:
    """The inverse; ``contents`` are the attachments' bytes in order."""
    attachments = tuple(
        Attachment(entry["name"], entry["media_type"], content)
        for entry, content in zip(document["attachments"], contents, strict=True)
    )
    return replace(from_json(Brief, document | {"attachments": ()}), attachments=attachments)


def new_row(
    brief: Brief, target: Target, *, notify: bool, received_at: datetime, deadline: timedelta
) -> dict[str, Any]:
    """Of a job that waits; the brief is still to be put in."""
    wanted = notify and brief.evaluation_url
    receiver = Origin.of(brief.evaluation_url) if brief.evaluation_url else None
    return {
        "id": brief.key.job_id,
        **asdict(brief.key),
        "fingerprint": brief.fingerprint,
        "resend_fingerprint": brief.resend_fingerprint,
        "status": JobStatus.WAITING,
        "target": target,
        "received_at": received_at,
        "deadline": received_at + deadline,
        "brief": {},
        "result": {},
        "notification": DeliveryState.PENDING if wanted else DeliveryState.NOT_REQUESTED,
        "receiver": f"{receiver.host}:{receiver.port}" if receiver else None,
    }


def job_from_row(row: sa.Row[Any], deliveries: tuple[Delivery, ...], calls: tuple[ModelCall, ...] = ()) -> Job:
    """The job with its deliveries and calls, which are rows of their own."""
    fields = as_dict(row)
    result = fields["result"]  # how it was made, what was seen and what is live, side by side
    parts = {"key": fields, "made": result, "seen": result, "publication": result.get("publication")}
    wishes = fields["brief"].get("wishes", {})  # earlier releases knew none
    job = from_json(Job, fields | parts | {"wishes": wishes, "deliveries": deliveries})
    known = {replace(call, prompt="", form=""): call for call in job.made.calls}
    return replace(job, calls=tuple(known.get(call, call) for call in calls))
