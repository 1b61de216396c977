"""Language models on loopback that speak the chat-completions protocol and answer by a script.

In a test::

    with ModelServer([Answer(status=429, headers={"Retry-After": "2"}), Answer("<file ...>", finish=None)]) as server:
        ...  # call server.base_url; look at server.calls

A script entry is an Answer, a dict of its fields, or a string: the text of a good answer. A request gets the first
unused entry that matches it. When none is left, the last one that matched is given again, or, with
``then="error"``, a 500. As a program it prints its base URL as the first line and writes every request to a journal::

    python tests/fakes/model.py --port 0 --script script.json --journal calls.jsonl

where the script file holds a JSON list of entries.
"""

import argparse
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

MAX_BODY = 128 * 1024 * 1024
SOCKET_SECONDS = 30
STUCK_SECONDS = 30
DEFAULT_USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}

# What OpenAI takes; anything else is refused in strict mode.
KNOWN_FIELDS = (
    "frequency_penalty logit_bias logprobs max_completion_tokens max_tokens messages metadata modalities model n "
    "prediction presence_penalty reasoning_effort response_format seed service_tier stop store stream stream_options "
    "temperature tool_choice tools top_logprobs top_p user verbosity"
)

Fault = Literal[
    "drop",  # the connection breaks after the text; with ``status``, in the middle of the error's body
    "stall",  # nothing follows the text, and the connection stays open
    "comments",  # only comments follow the text, for ever
    "error_chunk",  # an error follows the text
    "error_body",  # 200 with an error instead of an answer
    "no_choices",  # 200 with an answer whose choices are null
    "empty_body",  # 200 and not one byte
    "html",  # 200 and a web page
    "json",  # the whole answer at once, although a stream was asked for
    "garbage",  # a chunk that is no JSON follows the text
    "no_done",  # the stream ends after the text without finish_reason, usage and [DONE]
    "hang_after_finish",  # finish_reason comes, then nothing; the connection stays open
    "drop_after_finish",  # finish_reason comes, then the connection breaks
    "endless",  # the text again and again
    "endless_line",  # a line that never ends
]


@dataclass(frozen=True)
class Answer:
    """What happens to one request.

    Attributes:
        text: of the answer.
        chunk: characters per chunk of the stream.
        delay: seconds before each chunk.
        finish: finish_reason; None leaves it out.
        status: of HTTP; from 400 on ``body`` is all there is.
        body: of an error: a dict is sent as JSON, a string as it is. None = the usual envelope.
        headers: of the answer, besides those of its body.
        fault: what goes wrong.
        comments: SSE comments before the first chunk, as OpenRouter sends them.
        reasoning: comes before the text, in ``reasoning_field``.
        reasoning_field: ``reasoning`` or ``reasoning_content``.
        refusal: comes instead of the text.
        usage: None leaves the last chunk out.
        answered: the model that the answer names; "" = the one asked for.
        model: match requests for this model only.
        contains: match conversations with this text in them only.
    """

    text: str = ""
    chunk: int = 40
    delay: float = 0.0
    finish: str | None = "stop"
    status: int = 200
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    comments: int = 0
    reasoning: str = ""
    reasoning_field: str = "reasoning"
    refusal: str = ""
    usage: Mapping[str, Any] | None = field(default_factory=lambda: dict(DEFAULT_USAGE))
    answered: str = ""
    model: str | None = None
    contains: str | None = None

    def matches(self, body: Mapping[str, Any]) -> bool:
        """Whether this answer is meant for the request ``body``."""
        is_model = self.model is None or self.model == body.get("model")
        return is_model and (self.contains is None or self.contains in _said(body))


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        at: seconds since 1970, when it had been read.
        path: as sent.
        headers: by lower-case name, without the key.
        body: the JSON document, or None.
        status: that it was answered with.
    """

    at: float
    path: str
    headers: dict[str, str]
    body: Any
    status: int

    @property
    def model(self) -> str:
        """That was asked for."""
        return str(self.body["model"])

    @property
    def text(self) -> str:
        """Everything said in the conversation."""
        return _said(self.body)


Entry = Answer | Mapping[str, Any] | str


class ModelServer:
    """The provider; a context manager.

    Args:
        script: what to answer, in order.
        host: the loopback address to listen on.
        port: 0 = any that is free.
        then: what follows the script: its last matching entry again, or a 500.
        strict: an unknown top-level field is answered 400, as OpenAI does.
        refuses: request field -> message of the 400 for requests that have it; ``image_url`` means image parts.
        key: the only one that is let in; None = anybody is.
        models: listed by GET /v1/models.
        on_call: told of every request, from the thread that serves it.

    Attributes:
        calls: chat requests that were read, in order.
        keys: what came with them as the bearer, in order.
        connections: how many were accepted.
    """

    def __init__(
        self,
        script: Iterable[Entry] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        then: Literal["repeat", "error"] = "repeat",
        strict: bool = False,
        refuses: Mapping[str, str] | None = None,
        key: str | None = None,
        models: Iterable[str] = ("test/model",),
        on_call: Callable[[Call], None] | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self.keys: list[str] = []
        self.connections = 0
        self._script = [_answer(entry) for entry in script]
        self._used: list[Answer] = []
        self._then = then
        self._strict = strict
        self._refuses = dict(refuses or {})
        self._key = key
        self._models = tuple(models)
        self._on_call = on_call
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._http = _Listener((host, port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def base_url(self) -> str:
        """For LLM_BASE_URL."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    def wait_for(self, count: int, seconds: float = STUCK_SECONDS) -> list[Call]:
        """The calls, once there are at least ``count``. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.calls) >= count, seconds):
                raise TimeoutError(f"only {len(self.calls)} of {count} calls came within {seconds} seconds")
            return list(self.calls)

    def start(self) -> Self:
        """Serve until ``close``."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop, cut what is still being answered, and wait for all threads."""
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin_connection(self) -> None:
        """Count it."""
        with self._changed:
            self.connections += 1

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
        """What GET /v1/models says."""
        return {
            "object": "list",
            "data": [{"id": name, "object": "model", "owned_by": "test"} for name in self._models],
        }

    def pause(self, seconds: float | None) -> bool:
        """Wait, or with None until the end; True when the server is closing and there is no use in going on."""
        return self._closing.wait(seconds)

    def _next(self, body: Any) -> Answer:
        for index, answer in enumerate(self._script):
            if answer.matches(body):
                self._used.append(self._script.pop(index))
                return answer
        repeated = next((answer for answer in reversed(self._used) if answer.matches(body)), None)
        if repeated is None or self._then == "error":
            return _error(500, "the script is used up")
        return repeated

    def _refusal(self, key: str, body: Any) -> Answer | None:
        if self._key is not None and key != self._key:
            return _error(401, f"Incorrect API key provided: {key}", code="invalid_api_key")
        if problem := _problem(body):
            return _error(400, problem)
        for name, message in self._refuses.items():
            if name in body or (name == "image_url" and _has_image(body)):
                return _error(400, message, param=name)
        if self._strict and (unknown := sorted(body.keys() - set(KNOWN_FIELDS.split()))):
            return _error(400, f"Unrecognized request argument supplied: {unknown[0]}")
        return None


def _answer(entry: Entry) -> Answer:
    if isinstance(entry, Answer):
        return entry
    return Answer(entry) if isinstance(entry, str) else Answer(**entry)


def _error(status: int, message: str, *, param: str | None = None, code: str | None = None) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Answer(status=status, body={"error": error})


def _problem(body: Any) -> str | None:
    """What is wrong with a request, or None."""
    if not isinstance(body, dict):
        return "We could not parse the JSON body of your request."
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "[] is too short - 'messages'"
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in {"system", "developer", "user", "assistant"}:
            return f"Invalid value: 'messages[{index}].role'"
        if not isinstance(message.get("content"), str | list):
            return f"Invalid type for 'messages[{index}].content'"
    return None


def _parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for message in body["messages"]:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content


def _said(body: Mapping[str, Any]) -> str:
    return "\n".join(part["text"] for part in _parts(body) if part.get("type") == "text")


def _has_image(body: Mapping[str, Any]) -> bool:
    return any(part.get("type") == "image_url" for part in _parts(body))


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], models: ModelServer) -> None:
        self.models = models
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(SOCKET_SECONDS)
        self.models.begin_connection()
        return connection, address

    def server_bind(self) -> None:
        # The inherited method asks a name server for the host's full name, which nobody here needs.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave early are what this server is for."""


class _Closing(Exception):
    """The server is being closed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        """List the models, or look at them one by one."""
        is_list = self.path.rstrip("/").endswith("/models")
        self._send_whole(
            200 if is_list else 404, self.server.models.model_list() if is_list else {"error": "not found"}
        )

    def do_POST(self) -> None:
        """Answer a chat request."""
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        if not self.path.endswith("/chat/completions"):
            self._send_whole(404, {"error": {"message": "not found"}})
            return
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        answer = self.server.models.take(self.path, dict(self.headers), body)
        answer = replace(answer, answered=answer.answered or (body or {}).get("model", ""))
        with suppress(_Closing):
            self._answer(answer, body or {})

    def _answer(self, answer: Answer, body: Mapping[str, Any]) -> None:
        if answer.status != 200:
            self._pause(answer.delay)
            usual = {"error": {"message": f"scripted {answer.status}", "code": answer.status}}
            self._send_whole(answer.status, answer.body if answer.body is not None else usual, answer)
        elif answer.fault == "error_body":
            error = answer.body if answer.body is not None else {"error": {"message": "upstream failed", "code": 502}}
            self._send_whole(200, error, answer, "application/json")
        elif answer.fault == "no_choices":
            self._send_whole(200, {**_whole(answer), "choices": None}, answer)
        elif answer.fault == "empty_body":
            self._send_whole(200, "", answer, "application/json")
        elif answer.fault == "html":
            self._send_whole(200, "<!doctype html><title>Welcome</title>", answer, "text/html")
        elif answer.fault == "json" or not body.get("stream"):
            self._pause(answer.delay)
            self._send_whole(200, _whole(answer), answer)
        else:
            self._stream(answer)

    def _stream(self, answer: Answer) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(answer.comments):
            self._pause(answer.delay)
            self._write(": OPENROUTER PROCESSING\n\n")
        self._delta(answer, {"role": "assistant", "content": ""})
        for piece in _cut(answer.reasoning, answer.chunk):
            self._pause(answer.delay)
            self._delta(answer, {answer.reasoning_field: piece})
        self._send_text(answer)
        if answer.fault in {"drop", "no_done", "error_chunk", "garbage"}:
            self._break_off(answer)
            return
        self._delta(answer, {}, finish=answer.finish)
        if answer.fault == "hang_after_finish":
            self._pause(None)
        if answer.fault == "drop_after_finish":
            return
        if answer.usage is not None:
            self._event({**_head(answer), "choices": [], "usage": answer.usage})
        self._write("data: [DONE]\n\n")
        self._write("")

    def _send_text(self, answer: Answer) -> None:
        if answer.refusal:
            self._delta(answer, {"refusal": answer.refusal})
            return
        while True:
            for piece in _cut(answer.text, answer.chunk):
                self._pause(answer.delay)
                self._delta(answer, {"content": piece})
            if answer.fault != "endless":
                break
            self._pause(0)
        if answer.fault == "endless_line":
            self._write("data: ")
            while True:
                self._pause(0)
                self._write("x" * 1024 * 1024)
        if answer.fault == "stall":
            self._pause(None)
        while answer.fault == "comments":
            self._pause(0.02)
            self._write(": OPENROUTER PROCESSING\n\n")

    def _break_off(self, answer: Answer) -> None:
        if answer.fault == "error_chunk":
            error = answer.body if answer.body is not None else {"error": {"message": "upstream failed", "code": 502}}
            choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
            self._event({**_head(answer), "choices": [choice], **(error if isinstance(error, Mapping) else {})})
        if answer.fault == "garbage":
            self._write("data: {not json\n\n")
        if answer.fault != "drop":
            self._write("")

    def _delta(self, answer: Answer, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._event({**_head(answer), "object": "chat.completion.chunk", "choices": [choice]})

    def _event(self, document: Mapping[str, Any]) -> None:
        self._write(f"data: {json.dumps(document)}\n\n")

    def _write(self, text: str) -> None:
        """One chunk of HTTP's chunked coding; an empty one ends the answer."""
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _pause(self, seconds: float | None) -> None:
        if self.server.models.pause(seconds):
            raise _Closing

    def _send_whole(
        self, status: int, body: Mapping[str, Any] | str, answer: Answer | None = None, media_type: str = ""
    ) -> None:
        is_text = isinstance(body, str)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type or ("text/plain" if is_text else "application/json"))
        for name, value in (answer.headers if answer else {}).items():
            self.send_header(name, value)
        breaks = status != 200 and answer is not None and answer.fault is not None
        self.send_header("Content-Length", str(len(data) + (1_000 if breaks else 0)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        if breaks:
            self.wfile.flush()
            self._pause(None if answer and answer.fault == "stall" else 0)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def _cut(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _head(answer: Answer) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": 1_700_000_000, "model": answer.answered}


def _whole(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if answer.refusal else answer.text}
    if answer.refusal:
        message["refusal"] = answer.refusal
    if answer.reasoning:
        message[answer.reasoning_field] = answer.reasoning
    choice = {"index": 0, "message": message, "finish_reason": answer.finish}
    return {**_head(answer), "object": "chat.completion", "choices": [choice], "usage": answer.usage}


class Journal:
    """Appends one JSON line per request to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, call: Call) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(call)) + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="Language models on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path, help="JSON list of entries")
    parser.add_argument("--journal", type=Path, help="file that gets every request as a JSON line")
    parser.add_argument("--then", choices=["repeat", "error"], default="repeat", help="what follows the script")
    parser.add_argument("--strict", action="store_true", help="refuse unknown fields")
    parser.add_argument("--key", help="the only key that is let in")
    chosen = parser.parse_args(arguments)
    server = ModelServer(
        json.loads(chosen.script.read_text()) if chosen.script else (),
        host=chosen.host,
        port=chosen.port,
        then=chosen.then,
        strict=chosen.strict,
        key=chosen.key,
        on_call=Journal(chosen.journal) if chosen.journal else None,
    )
    asked_to_stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked_to_stop.set())
    with server:
        print(server.base_url, flush=True)
        asked_to_stop.wait()


if __name__ == "__main__":
    main()
