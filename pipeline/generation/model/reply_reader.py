"""Puts a model's reply together from what arrives: the chunks of a stream, or one plain answer."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.domain.conversation import Finish
from pipeline.domain.generation import Usage

MAX_TEXT_CHARACTERS = 8 * 1024 * 1024
_LONGEST_NAMES = 80

_REFUSED = {"content_filter", "safety", "refusal"}
_OUT_OF_TOKENS = {"length", "max_tokens"}
_BROKEN_OFF = {"error", "abort"}
_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")
AS_REASONING = "reasoning"

# Only at the beginning: further down the same letters may be part of an app's code. Line breaks after it go with it.
_LEADING_REASONING = re.compile(r"\A(?:\s*<(think|thinking)>.*?(?:</\1>[\r\n]*|\Z))+", re.DOTALL)
_ENDED_REASONING = re.compile(r"\A(?:\s*<(think|thinking)>.*?</\1>[\r\n]*)+", re.DOTALL)


class ReplyReader:
    """Takes the provider's JSON documents in order; ``on_text`` gets each piece as it comes, reasoning included.

    Nothing that they say is trusted to have the right type: what has another one is passed over. ``model`` and
    ``finish_reason`` are the provider's words, empty and None until it says them. When it ``is_full`` there is more
    text than anybody wants, and reading on makes no sense.
    """

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.model = ""
        self.finish_reason: str | None = None
        self.usage = Usage(calls=1)
        self.is_full = False
        self._on_text = on_text
        self._pieces: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[object, tuple[str, list[str]]] = {}  # of tools: name and arguments, by their index
        self._length = 0
        self._is_refused = False

    @property
    def text(self) -> str:
        """The answer so far, without reasoning; when it is complete and there is nothing else, what stood elsewhere.

        Reasoning that a complete answer never ends is part of it: the answer may stand in there.
        """
        pattern = _ENDED_REASONING if self.finish is Finish.COMPLETE else _LEADING_REASONING
        text = pattern.sub("", "".join(self._pieces))
        if self.place == AS_REASONING:
            return "".join(self._reasoning)
        return f"[{','.join(''.join(arguments) for _, arguments in self._calls.values())}]" if self.place else text

    @property
    def place(self) -> str:
        """Where ``text`` stands, in words, when that is not the answer itself: in reasoning, or in calls of tools."""
        if self.finish is not Finish.COMPLETE or "".join(self._pieces).strip():
            return ""
        if self._calls:
            names = ", ".join(dict.fromkeys(name for name, _ in self._calls.values()))
            return f"a call of the tool {names[:_LONGEST_NAMES]}, which was not offered"
        return AS_REASONING if "".join(self._reasoning).strip() else ""

    @property
    def finish(self) -> Finish:
        """How the answer ended, should nothing follow."""
        if self._is_refused or self.finish_reason in _REFUSED:
            return Finish.REFUSED
        if self.finish_reason in _OUT_OF_TOKENS:
            return Finish.LENGTH
        if self.is_full or self.finish_reason is None or self.finish_reason in _BROKEN_OFF:
            return Finish.CUT
        return Finish.COMPLETE

    def take(self, document: Mapping[str, Any]) -> bool:
        """Read one chunk or answer; whether it was a sign of life: text, reasoning, or the end."""
        if isinstance(model := document.get("model"), str) and model:
            self.model = model
        if isinstance(usage := document.get("usage"), Mapping):
            self.usage = _read_usage(usage)
        choices = document.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        return isinstance(choice, Mapping) and self._take_choice(choice)

    def _take_choice(self, choice: Mapping[str, Any]) -> bool:
        part = choice.get("delta") or choice.get("message")
        part = part if isinstance(part, Mapping) else {}
        text = _text_of(part.get("content"))
        self._is_refused |= bool(_text_of(part.get("refusal")))
        if taken := self._add(text, self._pieces):
            self._on_text(taken)
        if isinstance(reason := choice.get("finish_reason"), str) and reason:
            self.finish_reason = reason.lower()
        thought = next((part[field] for field in _REASONING_FIELDS if part.get(field)), None)
        is_call = self._take_calls(part)
        self._add(_text_of(thought), self._reasoning)
        return bool(text or thought) or is_call or self._is_refused or self.finish_reason is not None

    def _take_calls(self, part: Mapping[str, Any]) -> bool:
        """Keep what calls of tools say; whether there were any."""
        calls = part.get("tool_calls") or [{"function": part.get("function_call")}]
        functions = [
            (call.get("index", 0), call["function"])
            for call in (calls if isinstance(calls, list) else [])
            if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping)
        ]
        for index, function in functions:
            name, pieces = self._calls.get(index, ("", []))
            arguments = function.get("arguments")
            self._add(arguments if isinstance(arguments, str) else json.dumps(arguments or ""), pieces)
            self._calls[index] = (name or _text_of(function.get("name")), pieces)
        return bool(functions)

    def _add(self, text: str, pieces: list[str]) -> str:
        """Keep as much of ``text`` as there is room for, and return it."""
        text = text[: MAX_TEXT_CHARACTERS - self._length]
        pieces.append(text)
        self._length += len(text)
        self.is_full = self._length >= MAX_TEXT_CHARACTERS
        return text


def _text_of(content: object) -> str:
    """A message's text, given as a string or as a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _read_usage(usage: Mapping[str, Any]) -> Usage:
    details = usage.get("prompt_tokens_details")
    return Usage(
        calls=1,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0,
        cost_usd=_cost(usage.get("cost")),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _cost(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    return None
