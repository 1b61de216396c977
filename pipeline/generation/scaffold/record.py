"""What an app was built from, kept as ``scaffold.json`` beside the page, so that the next round can go on from it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.generation.scaffold.reading import Request

RECORD_PATH = "scaffold.json"
_ABOUT = "What this app was built from, by fixed rules and without a language model. The next round reads it."


@dataclass(frozen=True, slots=True)
class Record:
    """The record of all rounds so far.

    Attributes:
        requests: one per round, oldest first.
        attachments: name -> media type of files that came with briefs.
        digests: path -> SHA-256 of the files that the builder made: tells them from files changed by hand.
    """

    requests: tuple[Request, ...]
    attachments: Mapping[str, str]
    digests: Mapping[str, str]

    def is_untouched(self, path: str, files: AppFiles) -> bool:
        """``path`` is still as the builder made it."""
        return path in files and self.digests.get(path) == digest(files[path])


def digest(content: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return sha256(content).hexdigest()


def write_record(requests: Sequence[Request], attachments: Mapping[str, str], made: Mapping[str, bytes]) -> bytes:
    """The record as JSON."""
    document = {
        "about": _ABOUT,
        "requests": [{"brief": each.brief, "checks": [check.text for check in each.checks]} for each in requests],
        "attachments": dict(sorted(attachments.items())),
        "files": {path: digest(content) for path, content in sorted(made.items())},
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def read_record(files: AppFiles) -> Record | None:
    """The record in ``files``, or None when there is none, it is damaged, or the home page is not as it was made."""
    try:
        document = json.loads(files.get(RECORD_PATH, b""))
        record = _record(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return record if record.is_untouched("index.html", files) else None


def _record(document: Any) -> Record:
    requests = tuple(
        Request(str(each["brief"]), tuple(Check.from_text(str(text)) for text in each["checks"]))
        for each in document["requests"]
    )
    digests = {str(path): str(value) for path, value in document["files"].items()}
    attachments = {str(name): str(media_type) for name, media_type in document["attachments"].items()}
    return Record(requests, attachments, digests)
