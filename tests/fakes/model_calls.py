"""The record of model calls in memory, to look into."""

from dataclasses import dataclass

from pipeline.domain.conversation import Reply
from pipeline.domain.generation import Usage


@dataclass
class RecordedCall:
    """One call; ``reply`` is None as long as nothing came back."""

    job_id: str
    request_digest: str
    model: str
    reply: Reply | None = None


class RecordingLedger:
    """The ``Ledger`` port for the time of a test.

    Attributes:
        calls: in the order in which they began.
    """

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []

    async def recall(self, job_id: str, request_digest: str) -> Reply | None:
        """The latest answer to this request."""
        same = [call for call in self.calls if (call.job_id, call.request_digest) == (job_id, request_digest)]
        return next((call.reply for call in reversed(same) if call.reply), None)

    async def begin(self, job_id: str, request_digest: str, model: str) -> int:
        """Its id."""
        self.calls.append(RecordedCall(job_id, request_digest, model))
        return len(self.calls) - 1

    async def finish(self, call_id: int, reply: Reply) -> None:
        """Keep the answer."""
        self.calls[call_id].reply = reply

    async def spent(self, job_id: str) -> Usage:
        """By all calls of the job."""
        usages = [call.reply.usage if call.reply else Usage(calls=1) for call in self.calls if call.job_id == job_id]
        return sum(usages, Usage())
