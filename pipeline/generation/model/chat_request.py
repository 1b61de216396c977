"""The body of a chat-completions request, and what to change in it when a provider refuses a field."""

import base64
import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import StrEnum
from typing import Any

from pipeline.domain.conversation import CallLimits, Conversation, Image, Message, Role
from pipeline.generation.model.providers import Provider

_LIMIT_FIELDS = ("max_tokens", "max_completion_tokens")


class Adaptation(StrEnum):
    """A change to the request that a provider's complaint called for."""

    OTHER_LIMIT_FIELD = "the output limit goes by its other name"
    NO_OUTPUT_LIMIT = "no output limit is sent"
    NO_STREAM = "the answer comes in one piece"
    NO_STREAM_OPTIONS = "the usage is not asked for"
    NO_TEMPERATURE = "no temperature is sent"
    NO_IMAGES = "images are left out"
    NO_SYSTEM_ROLE = "the instructions stand in the first message of the user"
    NO_EFFORT = "the effort is not named"
    NO_CACHE_MARKS = "no cache marks are sent"


def chat_request(
    provider: Provider,
    model: str,
    conversation: Conversation,
    limits: CallLimits,
    adaptations: AbstractSet[Adaptation] = frozenset(),
) -> dict[str, Any]:
    """Arguments for the client's ``create``; ``adaptations`` were learnt from earlier complaints."""
    request: dict[str, Any] = {
        "model": model,
        "messages": _messages(provider, model, conversation, adaptations),
        "stream": Adaptation.NO_STREAM not in adaptations,
    }
    if Adaptation.NO_OUTPUT_LIMIT not in adaptations:
        request[_limit_field(provider, adaptations)] = limits.max_output_tokens
    if request["stream"] and provider.takes_stream_options and Adaptation.NO_STREAM_OPTIONS not in adaptations:
        request["stream_options"] = {"include_usage": True}
    if limits.temperature is not None and Adaptation.NO_TEMPERATURE not in adaptations:
        request["temperature"] = limits.temperature
    if limits.less_effort and Adaptation.NO_EFFORT not in adaptations:
        request["reasoning_effort"] = "low"
    return request


def adaptation_for(
    status: int | None, complaint: str, request: dict[str, Any], known: AbstractSet[Adaptation] = frozenset()
) -> Adaptation | None:
    """What to change after the provider refused ``request``, or None when there is nothing left to change.

    ``complaint`` is all its words, and ``known`` what was changed before.
    """
    contents = [message["content"] for message in request["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    # A server without vision may call that a server error (llama.cpp) or not found (OpenRouter).
    types = {part["type"] for part in parts}
    if status in {400, 404, 415, 422, 500, 501} and "image_url" in types and _IMAGE.search(complaint):
        return Adaptation.NO_IMAGES
    # Templates without the role raise an error of their own, which some servers call theirs.
    has_system = request["messages"][0]["role"] == Role.SYSTEM
    if status in {400, 422, 500} and has_system and _SYSTEM_ROLE.search(complaint):
        return Adaptation.NO_SYSTEM_ROLE
    return _without_field(complaint, request, parts, known) if status in {400, 422} else None


def _without_field(
    complaint: str, request: dict[str, Any], parts: list[dict[str, Any]], known: AbstractSet[Adaptation]
) -> Adaptation | None:
    for field, adaptation in _FIELD_ADAPTATIONS:
        is_sent = request.get(field) or field in request.get("extra_body", {})
        if is_sent and _COMPLAINTS[adaptation].search(complaint):
            return adaptation
    if "cache_control" in complaint and any("cache_control" in part for part in parts):
        return Adaptation.NO_CACHE_MARKS
    if any(field in request for field in _LIMIT_FIELDS) and any(field in complaint for field in _LIMIT_FIELDS):
        is_about_name = not _TOO_LARGE.search(complaint) and Adaptation.OTHER_LIMIT_FIELD not in known
        return Adaptation.OTHER_LIMIT_FIELD if is_about_name else Adaptation.NO_OUTPUT_LIMIT
    return None


def is_lasting(adaptation: Adaptation, complaint: str) -> bool:
    """Whether the complaint is about the model, not about one bad image."""
    return adaptation is not Adaptation.NO_IMAGES or not _ONE_BAD_IMAGE.search(complaint)


_IMAGE = re.compile(r"image|vision|multi-?modal|expected a string|must be a string", re.IGNORECASE)
_NOT = r"(?:not|no|only|unsupported|unknown|invalid|unexpected)\b"
_SYSTEM_ROLE = re.compile(
    rf"\b(?:system|developer)\b.{{0,60}}\b{_NOT}"
    rf"|\b{_NOT}.{{0,60}}\b(?:system|developer)[ '\"]*(?:role|message|prompt|instr)"
    r"|\broles?\b.{0,80}\b(?:user|assistant)\b|\b(?:user|assistant)\b.{0,40}\broles?\b",
    re.IGNORECASE | re.DOTALL,
)
_ONE_BAD_IMAGE = re.compile(r"invalid|decode|too large|size|format|corrupt|unsupported image", re.IGNORECASE)
_TOO_LARGE = re.compile(
    r"too (?:large|high|big)|at most|less than|smaller than|exceed|maximum|<=|\u2264", re.IGNORECASE
)
_COMPLAINTS = {
    Adaptation.NO_STREAM_OPTIONS: re.compile(r"stream_options|include_usage"),
    Adaptation.NO_EFFORT: re.compile(r"reasoning"),
    Adaptation.NO_TEMPERATURE: re.compile(r"\btemperature\b"),
    # The bare word turns up in many messages that are about something else.
    Adaptation.NO_STREAM: re.compile(
        r"['\"`]stream['\"`]|\bverified to stream\b|\bstream(?:ing)?\b.*(?:not support|unsupported|not allowed|false)",
        re.IGNORECASE,
    ),
}
_FIELD_ADAPTATIONS = (
    ("stream_options", Adaptation.NO_STREAM_OPTIONS),
    ("reasoning_effort", Adaptation.NO_EFFORT),
    ("temperature", Adaptation.NO_TEMPERATURE),
    ("stream", Adaptation.NO_STREAM),
)


def _limit_field(provider: Provider, adaptations: AbstractSet[Adaptation]) -> str:
    if Adaptation.OTHER_LIMIT_FIELD not in adaptations:
        return provider.output_limit_field
    return next(field for field in _LIMIT_FIELDS if field != provider.output_limit_field)


def _messages(
    provider: Provider, model: str, conversation: Conversation, adaptations: AbstractSet[Adaptation]
) -> list[dict[str, Any]]:
    shows_images = provider.takes_images and Adaptation.NO_IMAGES not in adaptations
    # Other makers' models cache by themselves; Anthropic's charge for it and want to be asked.
    marks_cache = (
        provider.takes_cache_marks and "anthropic" in model.lower() and Adaptation.NO_CACHE_MARKS not in adaptations
    )
    if Adaptation.NO_SYSTEM_ROLE in adaptations and len(conversation) > 1 and conversation[0].role is Role.SYSTEM:
        system, first, *others = conversation
        conversation = (replace(first, text=f"{system.text}\n\n{first.text}"), *others)
    last = len(conversation) - 1
    return [
        # The system prompt is shared by all jobs; up to the last message all calls of one job agree.
        _message(message, shows_images, marks_cache and (message.role is Role.SYSTEM or index == last))
        for index, message in enumerate(conversation)
    ]


def _message(message: Message, shows_images: bool, is_marked: bool) -> dict[str, Any]:
    text = message.text.encode("utf-8", "replace").decode()  # JSON lets lone surrogates in, and UTF-8 not out
    images = message.images if shows_images else ()
    if not images and not is_marked:
        return {"role": message.role.value, "content": text}
    part: dict[str, Any] = {"type": "text", "text": text}
    if is_marked:
        part["cache_control"] = {"type": "ephemeral"}
    return {"role": message.role.value, "content": [part, *map(_image_part, images)]}


def _image_part(image: Image) -> dict[str, Any]:
    data = base64.b64encode(image.content).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}", "detail": "low"}}
