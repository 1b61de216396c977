"""What is known about a job, in one document without secrets: what its page, its JSON and its JUnit report tell."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from pipeline import __version__
from pipeline.domain.files import AppFiles
from pipeline.domain.job import Job, JobEvent, Stage
from pipeline.logs import MASK, Redactor
from pipeline.shapes.jobs import JobView
from pipeline.verification.secret_shapes import SHAPES

PICTURE, TRACE = "screenshot.png", "trace.zip"


class Mask(Redactor):
    """Replaces configured secrets, and whatever has the shape of a provider's credential."""

    def redact(self, value: Any) -> Any:
        """``value`` without secrets."""
        value = super().redact(value)
        if not isinstance(value, str):
            return value
        raw = value.encode("utf-8", "replace")
        for shape in SHAPES:
            raw = shape.pattern.sub(MASK.encode(), raw)
        return raw.decode()


def evidence_of(
    job: Job, events: Sequence[JobEvent], files: AppFiles | None, own_address: str, mask: Mask
) -> dict[str, Any]:
    """``job`` as GET /jobs/{id} shows it, what was read back of ``files``, and which files lie beside this document."""
    document = {
        "service": f"code-to-deployment {__version__}",
        "job": JobView.with_events(job, events, own_address).model_dump(mode="json"),
        "read_back": [event.detail for event in events if event.stage is Stage.CONFIRM and event.detail],
        "files": [
            {"path": path, "size": len(content), "sha256": sha256(content).hexdigest()}
            for path, content in (files or {}).items()
        ],
        "screenshot": PICTURE if job.seen.screenshot else None,
        "trace": TRACE if job.seen.trace else None,
        "no_trace": job.seen.no_trace,
    }
    masked: dict[str, Any] = mask.redact(document)
    return masked
