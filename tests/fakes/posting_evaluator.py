"""Evaluators as they are found in public: they post briefs, and take results of tasks alone that they have noted.

A task is noted when the answer to its brief has come; until then its results are refused with 400. In a test::

    with PostingEvaluator(KINDS["B"]) as evaluator:
        evaluator.play(service.url, secret, request)
        ...  # look at evaluator.sent, evaluator.results, evaluator.refused

As a program it plays the rounds of one brief, and prints as JSON what it has sent and what came back::

    python -m tests.fakes.posting_evaluator B --endpoint http://127.0.0.1:8000 --secret ... BRIEF.json
"""

import argparse
import hashlib
import json
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.evaluator import SOCKET_SECONDS
from tests.fakes.http_server import Handler, LoopbackServer

RESULT_SECONDS = 600.0  # what the field's document gives a round
Key = tuple[str, str, int, str]


@dataclass(frozen=True)
class Kind:
    """How an evaluator behaves.

    Attributes:
        post_seconds: how long it waits for the answer to a brief.
        lost_answers: so many posts get no answer at all: their connection breaks when they have been sent.
        resends: a brief without an answer is sent again with a new nonce.
        rehashes: round 2 is sent under another hash of the task.
        note_seconds: between an answer and the task's place in the table.
        answer_seconds: before a callback is answered.
    """

    post_seconds: float = 30.0
    lost_answers: int = 0
    resends: bool = False
    rehashes: bool = False
    note_seconds: float = 0.5
    answer_seconds: float = 0.0


KINDS = {
    "A": Kind(rehashes=True),
    "B": Kind(resends=True, lost_answers=2),
    "C": Kind(post_seconds=10.0),
    "D": Kind(post_seconds=10.0, rehashes=True, answer_seconds=8.0),
}
"""By their letters in the facts on evaluators."""


@dataclass(frozen=True)
class Sent:
    """One post of a brief; ``status`` 0: no answer came."""

    key: Key
    status: int
    seconds: float


class PostingEvaluator(LoopbackServer):
    """Plays ``kind``; a context manager.

    Attributes:
        sent: every post of a brief, in order.
        results: what was taken, by what it was for.
        refused: results of tasks that were not noted when they came.
    """

    def __init__(self, kind: Kind, port: int = 0) -> None:
        super().__init__(_Handler, port=port)
        self.kind = kind
        self.sent: list[Sent] = []
        self.results: dict[Key, list[dict[str, Any]]] = {}
        self.refused: list[dict[str, Any]] = []
        self._noted: set[Key] = set()
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"{self.origin}/notify"

    def play(self, endpoint: str, secret: str, request: dict[str, Any], rounds: tuple[dict[str, Any], ...]) -> None:
        """Send ``request`` with the fields of each round, one after the result of the other."""
        task = ""
        for number, fields in enumerate(rounds, start=1):
            body = {**request, **fields, "secret": secret, "round": number, "evaluation_url": self.url}
            if not task or self.kind.rehashes:
                said = json.dumps([body["brief"], body.get("attachments")]).encode()
                task = f"{request['task']}-{hashlib.sha256(said).hexdigest()[:5]}"
            key = self._post(f"{endpoint}/api-deploy", {**body, "task": task})
            self._wait_for_result(key)

    def _post(self, url: str, body: dict[str, Any]) -> Key:
        """Send until there is an answer, if that is this evaluator's way; what the last one was for."""
        while True:
            key = (body["email"], body["task"], body["round"], uuid.uuid4().hex)
            is_lost = len(self.sent) < self.kind.lost_answers
            began, status = time.monotonic(), 0
            try:
                seconds = httpx.Timeout(self.kind.post_seconds, read=0.5 if is_lost else self.kind.post_seconds)
                answer = httpx.post(url, json={**body, "nonce": key[3]}, timeout=seconds, trust_env=False)
                status = answer.status_code
            except httpx.TransportError:
                pass
            self.sent.append(Sent(key, status, time.monotonic() - began))
            if status or not self.kind.resends:
                self.pause(self.kind.note_seconds)
                self._noted.add(key)
                return key

    def take(self, result: dict[str, Any]) -> int:
        """The status that a callback is answered with."""
        key = (result["email"], result["task"], result["round"], result["nonce"])
        with self._changed:
            if key not in self._noted:
                self.refused.append(result)
                return 400
            self.results.setdefault(key, []).append(result)
            self._changed.notify_all()
        return 200

    def _wait_for_result(self, key: Key) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: key in self.results, RESULT_SECONDS):
                raise TimeoutError(f"no result of round {key[2]} within {RESULT_SECONDS:.0f} s")


class _Handler(Handler):
    timeout = SOCKET_SECONDS
    fake: PostingEvaluator

    def answer(self) -> None:
        result = json.loads(self.body())
        self.fake.pause(self.fake.kind.answer_seconds)
        self.send_head(self.fake.take(result), {"Content-Length": "0", "Connection": "close"})


def main() -> None:
    parser = argparse.ArgumentParser(description="An evaluator as it is found in public.")
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("brief", type=Path, help="JSON: a request, or a list of the fields of each round")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    told = json.loads(chosen.brief.read_text("utf-8"))
    rounds = told if isinstance(told, list) else [told]
    with PostingEvaluator(KINDS[chosen.kind], chosen.port) as evaluator:
        evaluator.play(chosen.endpoint, chosen.secret, rounds[0], tuple(rounds))
        results = [result for taken in evaluator.results.values() for result in taken]
        print(json.dumps({"sent": [asdict(sent) for sent in evaluator.sent], "results": results}, indent=2))


if __name__ == "__main__":
    main()
