"""Domain values as JSON, for rows and checkpoints."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.publication import SpaceSdk, Target

T = TypeVar("T")


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)  # building one costs milliseconds


def to_json(kind: type[T], value: T) -> Any:
    """``value`` as what ``json`` can write."""
    return _adapter(kind).dump_python(value, mode="json")


def from_json(kind: type[T], document: Any) -> T:
    """The value that ``to_json`` wrote."""
    return cast("T", _adapter(kind).validate_python(document))


def brief_to_json(brief: Brief, attachment_digests: list[str]) -> dict[str, Any]:
    """The brief without the bytes of its attachments, which lie in the blobs under ``attachment_digests``."""
    return {
        "email": brief.email,
        "task": brief.task,
        "round": brief.round,
        "nonce": brief.nonce,
        "text": brief.text,
        "checks": [{"text": check.text, "script": check.script} for check in brief.checks],
        "attachments": [
            {"name": attachment.name, "media_type": attachment.media_type, "digest": digest}
            for attachment, digest in zip(brief.attachments, attachment_digests, strict=True)
        ],
        "evaluation_url": brief.evaluation_url,
        "target": brief.target,
        "space_type": brief.space_type,
    }


def brief_from_json(document: dict[str, Any], contents: list[bytes]) -> Brief:
    """The inverse; ``contents`` are the attachments' bytes in order."""
    return Brief(
        **{name: document[name] for name in ("email", "task", "round", "nonce", "text", "evaluation_url")},
        checks=tuple(Check(**check) for check in document["checks"]),
        attachments=tuple(
            Attachment(entry["name"], entry["media_type"], content)
            for entry, content in zip(document["attachments"], contents, strict=True)
        ),
        target=Target(document["target"]) if document["target"] else None,
        space_type=SpaceSdk(document["space_type"]) if document["space_type"] else None,
    )
