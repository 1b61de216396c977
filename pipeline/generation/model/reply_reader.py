"""Puts a model's reply together from what arrives: the chunks of a stream, or one plain answer."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.domain.conversation import Finish
from pipeline.domain.generation import Usage

MAX_TEXT_CHARACTERS = 8 * 1024 * 1024

_REFUSED = {"content_filter", "safety", "refusal"}
_OUT_OF_TOKENS = {"length", "max_tokens"}
_BROKEN_OFF = {"error", "abort"}
_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")

_OPENING_TAG = re.compile(r"<(think|thinking)>")
_LONGEST_TAG = len("</thinking>")


class ReplyReader:
    """Takes the provider's JSON documents in order.

    Nothing that they say is trusted to have the right type: what has another one is passed over.

    Attributes:
        model: the name the provider says answered, or "".
        finish_reason: the provider's word for why the model stopped, or None as long as it has not said.
        usage: of this call.
        is_full: there is more text than anybody wants; reading on makes no sense.
    """

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.model = ""
        self.finish_reason: str | None = None
        self.usage = Usage(calls=1)
        self.is_full = False
        self._on_text = on_text
        self._reasoning = LeadingReasoning()
        self._pieces: list[str] = []
        self._length = 0
        self._is_refused = False

    @property
    def text(self) -> str:
        """The answer so far, without reasoning."""
        return "".join(self._pieces)

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
        """Read one chunk or answer.

        Returns:
            Whether it was a sign of life: text, reasoning, or the end.
        """
        if isinstance(model := document.get("model"), str) and model:
            self.model = model
        if isinstance(usage := document.get("usage"), Mapping):
            self.usage = _read_usage(usage)
        choices = document.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        return isinstance(choice, Mapping) and self._take_choice(choice)

    def end(self) -> None:
        """Nothing follows: hand out what was held back."""
        self._add(self._reasoning.rest())

    def _take_choice(self, choice: Mapping[str, Any]) -> bool:
        part = choice.get("delta") or choice.get("message")
        part = part if isinstance(part, Mapping) else {}
        text = _text_of(part.get("content"))
        self._is_refused |= bool(_text_of(part.get("refusal")))
        self._add(self._reasoning.without(text))
        if isinstance(reason := choice.get("finish_reason"), str) and reason:
            self.finish_reason = reason.lower()
        is_reasoning = any(part.get(field) for field in _REASONING_FIELDS)
        return bool(text) or is_reasoning or self._is_refused or self.finish_reason is not None

    def _add(self, text: str) -> None:
        text = text[: MAX_TEXT_CHARACTERS - self._length]
        if not text:
            return
        self._pieces.append(text)
        self._length += len(text)
        self.is_full = self._length >= MAX_TEXT_CHARACTERS
        self._on_text(text)


class LeadingReasoning:
    """Removes ``<think>`` blocks from the beginning of a text that arrives in pieces of any size.

    Only from the beginning: further down the same letters may be part of an app's code. Line breaks after a block go
    with it; all other white space stays.
    """

    def __init__(self) -> None:
        self._held: list[str] = []  # what may still turn out to be reasoning
        self._closing_tag: str | None = None  # inside a block, what ends it
        self._has_begun = False  # the answer proper
        self._follows_block = False

    def without(self, piece: str) -> str:
        """What of ``piece``, and of what was held back before, belongs to the answer for certain."""
        if self._has_begun:
            return piece
        if self._closing_tag is None and piece.isspace():
            self._held.append(piece)
            return ""
        text = "".join(self._held) + piece
        self._held = []
        while text:
            if self._closing_tag:
                before, tag, after = text.partition(self._closing_tag)
                if not tag:
                    self._held = [before[-_LONGEST_TAG:]]
                    return ""
                text, self._closing_tag, self._follows_block = after, None, True
            if self._follows_block:
                text = text.lstrip("\r\n")
            stripped = text.lstrip()
            if not (opening := _OPENING_TAG.match(stripped)):
                return self._begin_or_hold(text, stripped)
            self._closing_tag = f"</{opening[1]}>"
            text = stripped[opening.end() :]
        return ""

    def rest(self) -> str:
        """At the end of the text: what was held back and was no reasoning."""
        text = "" if self._closing_tag else "".join(self._held)
        self._held = []
        return text.lstrip("\r\n") if self._follows_block else text

    def _begin_or_hold(self, text: str, stripped: str) -> str:
        if any(tag.startswith(stripped) for tag in ("<think>", "<thinking>")):
            self._held = [text]
            return ""
        self._has_begun = True
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
