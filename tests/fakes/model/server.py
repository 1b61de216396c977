"""Takes requests, and chooses what they get."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from tests.fakes.http_server import LoopbackServer, awaited
from tests.fakes.model.script import KNOWN_FIELDS, Answer, Call, Entry, answer_of, error, has_image, problem_of
from tests.fakes.model.wire import ModelHandler


class ModelServer(LoopbackServer):
    """The provider; a context manager.

    Args:
        then: what follows the script: its last matching entry again, or a 400.
        strict: an unknown top-level field is answered 400, as OpenAI does.
        refuses: request field -> message of the 400 for requests that have it; ``image_url`` means image parts.
        key: the only one that is let in; None = anybody is.
        models: listed by GET /v1/models.
        on_call: told of every request, from the thread that serves it.

    Attributes:
        calls: chat requests that were read, in order.
        keys: what came with them as the bearer, in order.
    """

    def __init__(
        self,
        script: Iterable[Entry] = (),
        *,
        then: Literal["repeat", "error"] = "repeat",
        strict: bool = False,
        refuses: Mapping[str, str] | None = None,
        key: str | None = None,
        models: Iterable[str] = ("test/model",),
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        super().__init__(ModelHandler)
        self.calls: list[Call] = []
        self.keys: list[str] = []
        self._script = [answer_of(entry) for entry in script]
        self._used: list[Answer] = []
        self._then = then
        self._strict = strict
        self._refuses = dict(refuses or {})
        self._key = key
        self._models = tuple(models)
        self._on_call = on_call
        self._changed = threading.Condition()

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def wait_for(self, count: int) -> list[Call]:
        return awaited(self.calls, self._changed, count)

    def take(self, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        """Choose the answer to a chat request, and put the request on record."""
        shown = {name.lower(): value for name, value in headers.items()}
        key = shown.pop("authorization", "").removeprefix("Bearer ")
        with self._changed:
            answer = self._refusal(key, body) or self._next(body)
            call = Call(time.time(), path, shown, body, answer.status)
            self.keys.append(key)
            self.calls.append(call)
            if self._on_call:
                self._on_call(call)
            self._changed.notify_all()
        return answer

    def model_list(self) -> dict[str, Any]:
        listed = [{"id": name, "object": "model", "owned_by": "test"} for name in self._models]
        return {"object": "list", "data": listed}

    def _next(self, body: Any) -> Answer:
        for index, answer in enumerate(self._script):
            if answer.matches(body):
                self._used.append(self._script.pop(index))
                return answer
        repeated = next((answer for answer in reversed(self._used) if answer.matches(body)), None)
        if repeated is None or self._then == "error":
            return error(400, "the script is used up")
        return repeated

    def _refusal(self, key: str, body: Any) -> Answer | None:
        if self._key is not None and key != self._key:
            return error(401, f"Incorrect API key provided: {key}", code="invalid_api_key")
        if problem := problem_of(body):
            return error(400, problem)
        for name, message in self._refuses.items():
            if name in body or (name == "image_url" and has_image(body)):
                return error(400, message, param=name)
        if self._strict and (unknown := sorted(body.keys() - set(KNOWN_FIELDS.split()))):
            return error(400, f"Unrecognized request argument supplied: {unknown[0]}")
        return None
