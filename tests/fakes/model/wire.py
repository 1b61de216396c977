"""Answers as bytes: whole, as a stream, or broken."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.fakes.http_server import Handler
from tests.fakes.model.script import Answer


class _Closing(Exception):
    """The server is being closed."""


class ModelHandler(Handler):
    """Speaks the chat-completions protocol, with its faults."""

    def answer(self) -> None:
        """To a chat request, or to one for the list of models."""
        if self.command != "GET":
            self._answer_chat()
        elif self.path.rstrip("/").endswith("/models"):
            self._send_whole(200, self.fake.model_list())
        else:
            self._send_whole(404, {"error": "not found"})

    def _answer_chat(self) -> None:
        raw = self.body()
        if not self.path.endswith("/chat/completions"):
            self._send_whole(404, {"error": {"message": "not found"}})
            return
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        answer = self.fake.take(self.path, dict(self.headers), body)
        answer = replace(answer, answered=answer.answered or (body or {}).get("model", ""))
        with suppress(_Closing):
            self._answer(answer, body or {})

    def _answer(self, answer: Answer, body: Mapping[str, Any]) -> None:
        if answer.status != 200:
            self._pause(answer.delay)
            usual = {"error": {"message": f"scripted {answer.status}", "code": answer.status}}
            self._send_whole(answer.status, answer.body if answer.body is not None else usual, answer)
        elif answer.fault == "error_body":
            self._send_whole(200, _upstream_error(answer), answer, "application/json")
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
        own = {"Transfer-Encoding": "chunked", "Connection": "close"}
        self.send_head(200, {"Content-Type": "text/event-stream", **answer.headers, **own})
        if answer.raw:
            self._write(answer.raw)
            self._write("")
            return
        for _ in range(answer.comments):
            self._pause(answer.delay)
            self._write(": OPENROUTER PROCESSING\n\n")
        self._delta(answer, {"role": "assistant", "content": ""})
        for piece in _cut(answer.reasoning, answer.chunk):
            self._pause(answer.delay)
            self._delta(answer, {"reasoning": piece})
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
            error = _upstream_error(answer)
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
        if self.fake.pause(seconds):
            raise _Closing

    def _send_whole(
        self, status: int, body: Mapping[str, Any] | str, answer: Answer | None = None, media_type: str = ""
    ) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        breaks = status != 200 and answer is not None and answer.fault is not None
        usual = media_type or ("text/plain" if isinstance(body, str) else "application/json")
        own = {"Content-Length": str(len(data) + (1_000 if breaks else 0)), "Connection": "close"}
        self.send_head(status, {"Content-Type": usual, **(answer.headers if answer else {}), **own})
        self.wfile.write(data)
        if breaks:
            self.wfile.flush()
            self._pause(None if answer and answer.fault == "stall" else 0)


def _cut(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _upstream_error(answer: Answer) -> Mapping[str, Any] | str:
    return {"error": {"message": "upstream failed", "code": 502}} if answer.body is None else answer.body


def _head(answer: Answer) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": 1_700_000_000, "model": answer.answered}


def _whole(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if answer.refusal else answer.text}
    if answer.refusal:
        message["refusal"] = answer.refusal
    if answer.reasoning:
        message["reasoning"] = answer.reasoning
    choice = {"index": 0, "message": message, "finish_reason": answer.finish}
    return {**_head(answer), "object": "chat.completion", "choices": [choice], "usage": answer.usage}
