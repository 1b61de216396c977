"""An egress client that may call servers of the test."""

from collections.abc import Sequence
from typing import Any

from pipeline.domain.address import UrlRule
from pipeline.notification.egress import Answer, EgressClient
from tests.fakes.evaluator import EvaluatorServer, Step

PUBLIC = "93.184.215.14"
REFUSED = "the address must be a public https address (port 443 or 8443)"
NAME = "evaluator.example.com"


class ScriptedResolver:
    """Answers in order, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def allowing(*servers: EvaluatorServer | str, **options: Any) -> EgressClient:
    origins = tuple(server if isinstance(server, str) else server.origin for server in servers)
    return EgressClient(UrlRule(origins), **options)


async def post(client: EgressClient, url: str, seconds: float = 20) -> Answer:
    return await client.post(url, b'{"a": "\xc3\xa9"}', {"X-Own": "1"}, seconds=seconds)


async def answer_of(step: Step, **limits: float) -> Answer:
    """What the client makes of a server that answers so."""
    with EvaluatorServer([step]) as evaluator:
        return await post(allowing(evaluator), evaluator.url, **limits)


def address_of(server: EvaluatorServer) -> str:
    return server.origin.removeprefix("http://").removesuffix(f":{server.port}")
