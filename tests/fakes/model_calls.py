"""Models that answer by a script, and the record of their calls in memory."""

from dataclasses import dataclass

from pipeline.domain.conversation import CallLimits, Conversation, Reply
from pipeline.domain.generation import Usage
from pipeline.generation.model.failure import ModelFailure
from pipeline.ports import Progress
from tests.builders import make_reply


@dataclass
class RecordedCall:
    """One call; ``reply`` is None as long as nothing came back."""

    job_id: str
    request_digest: str
    model: str
    reply: Reply | None = None


class RecordingLedger:
    """The ``Ledger`` port for the time of a test."""

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []

    async def recall(self, job_id: str, request_digest: str) -> Reply | None:
        same = [call for call in self.calls if (call.job_id, call.request_digest) == (job_id, request_digest)]
        return next((call.reply for call in reversed(same) if call.reply), None)

    async def begin(self, job_id: str, request_digest: str, model: str) -> int:
        self.calls.append(RecordedCall(job_id, request_digest, model))
        return len(self.calls) - 1

    async def finish(self, call_id: int, reply: Reply) -> None:
        self.calls[call_id].reply = reply

    async def spent(self, job_id: str) -> Usage:
        """By all calls of the job."""
        usages = [call.reply.usage if call.reply else Usage(calls=1) for call in self.calls if call.job_id == job_id]
        return sum(usages, Usage())


class ScriptedModel:
    """Answers or fails as told, then with the last one again."""

    account = "http://127.0.0.1/v1"

    def __init__(self, *script: Reply | ModelFailure, name: str = "test/model") -> None:
        self.name = name
        self.asked = 0
        self._script = list(script) or [make_reply()]

    async def ask(self, _job_id: str, _conversation: Conversation, _limits: CallLimits, on_text: Progress) -> Reply:
        self.asked += 1
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(answer, ModelFailure):
            raise answer
        on_text(answer.text)
        return answer
