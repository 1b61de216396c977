"""Why a model gave no answer, and what to do about it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self

from pipeline.domain.errors import GenerationFailed
from pipeline.domain.generation import Usage
from pipeline.domain.retry import is_passing

ENDED_PROVIDER_REST = 60.0
MISSING_MODEL_REST = 300.0
LIMITED_REST = 1.0  # where a 429 does not say for how long

_LONGEST_MESSAGE = 200
_LONGEST_MESSAGE_READ = 2_000
_ECHO_LENGTH = 32
_MASK = "[...]"
_MASKED_KEY = re.compile(r"\S*\*{3,}\S*")  # OpenAI repeats the first and the last characters of a wrong key
_ENDS_PROVIDER = {HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN}
# AI Pipe's and OpenAI's way to say 429 for good.
_BUDGET_SPENT = re.compile(
    r"\busage \$?[\d.]+ ?/ ?\$?[\d.]+|insufficient_quota|exceeded your current quota", re.IGNORECASE
)
_STATUS_OF_CODE = {
    "context_length_exceeded": 400,
    "content_filter": 400,
    "invalid_api_key": 401,
    "insufficient_quota": 402,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "server_error": 500,
}


class Remedy(StrEnum):
    """What may help."""

    RETRY = "retry"  # the same model may answer next time
    NEXT_MODEL = "next_model"
    NEXT_PROVIDER = "next_provider"  # no model at this address will answer


class ModelFailure(GenerationFailed):
    """One model gave no answer: what may help, from when on, and what the attempt cost, if that is known.

    It ``wants_room`` when it spent all its tokens on reasoning.
    """

    def __init__(
        self,
        message: str,
        remedy: Remedy,
        *,
        wait_seconds: float = 0.0,
        usage: Usage | None = None,
        wants_room: bool = False,
    ) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.wait_seconds = wait_seconds
        self.wants_room = wants_room
        self.usage = usage or Usage(calls=1)


@dataclass(frozen=True, slots=True, repr=False)
class ErrorAnswer:
    """What a provider sent instead of an answer."""

    status: int | None  # of HTTP, or the like number in an error inside a 200; None when there is none
    code: str = ""  # the provider's short name for the error, or ""
    param: str = ""  # the request field it complains of, or ""
    message: str = ""  # in words. May repeat the key or the prompt
    details: str = ""  # what stood behind it at the provider's own provider; may do so as well
    is_moderated: bool = False  # the prompt was held back by a content filter, whatever the status says
    retry_after: float | None = None  # seconds, where Google says so in the error itself

    @classmethod
    def from_body(cls, status: int | None, body: object) -> Self:
        """Read the shapes that are about: an ``error`` object, its content alone, a bare message, a page; or a list."""
        if isinstance(body, Sequence) and not isinstance(body, str):
            body = next((item for item in body if isinstance(item, Mapping)), None)
        error = body.get("error", body) if isinstance(body, Mapping) else body
        if not isinstance(error, Mapping):
            text = error if isinstance(error, str) and not error.lstrip().startswith("<") else ""
            return cls(status, message=text)
        code = _text(error.get("code"))
        metadata = error.get("metadata")
        metadata = metadata if isinstance(metadata, Mapping) else {}
        if status is None:
            status = int(code) if re.fullmatch(r"[1-5]\d\d", code) else _STATUS_OF_CODE.get(code)
        return cls(
            status,
            code,
            _text(error.get("param")),
            _text(error.get("message")) or _text(error.get("detail")),
            _text(metadata.get("raw")),
            "flagged_input" in metadata
            or "reasons" in metadata
            or code in {"content_filter", "content_policy_violation"},
            _retry_delay(error.get("details")),
        )

    @property
    def complaint(self) -> str:
        """All its words: for finding out which field is not liked, never for showing."""
        return f"{self.code} {self.param} {self.message} {self.details}"

    def failure(self, who: str, message: str, retry_after: float | None, usage: Usage) -> ModelFailure:
        """The same as an error of ``who``, with the provider's words as far as they are fit to be read by anybody."""
        text = f"{who}: {f'HTTP {self.status}' if self.status else 'an error'}{f': {message}' if message else ''}"
        if self.status and self.status < HTTPStatus.BAD_REQUEST:
            text += " (it points to another address: check LLM_BASE_URL)"
        if retry_after:
            text += f" (come back in {retry_after:.0f} s)"
        remedy, rest = self._remedy()
        return ModelFailure(text, remedy, wait_seconds=max(rest, retry_after or 0.0), usage=usage)

    def _remedy(self) -> tuple[Remedy, float]:
        """What may help, and for how many seconds asking again is pointless."""
        status = self.status or HTTPStatus.INTERNAL_SERVER_ERROR
        if self.is_moderated:
            return Remedy.NEXT_MODEL, 0.0
        if status == HTTPStatus.NOT_FOUND or self.code == "model_not_found":
            return Remedy.NEXT_MODEL, MISSING_MODEL_REST
        is_spent = _BUDGET_SPENT.search(f"{self.code} {self.message}")
        if is_spent or status in _ENDS_PROVIDER or status < HTTPStatus.BAD_REQUEST:
            return Remedy.NEXT_PROVIDER, ENDED_PROVIDER_REST
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Remedy.RETRY, LIMITED_REST
        if status == HTTPStatus.CONFLICT or is_passing(status):
            return Remedy.RETRY, 0.0
        return Remedy.NEXT_MODEL, 0.0


class ErrorAnswered(Exception):
    """The provider answered with an error; for the model's own use, which decides what to make of it.

    Attributes:
        answer: that error.
        retry_after: seconds that the provider asks to wait, or None.
    """

    def __init__(self, answer: ErrorAnswer, retry_after: float | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.retry_after = retry_after


def presentable(message: str, key: str, texts: Iterable[str]) -> str:
    """A provider's words as one short line without the key that was sent and without the ``texts`` of the prompt."""
    without_key = message.replace(key, _MASK) if key else message
    line = " ".join(_MASKED_KEY.sub(_MASK, without_key[:_LONGEST_MESSAGE_READ]).split())[:_LONGEST_MESSAGE]
    parts = {line[start : start + _ECHO_LENGTH] for start in range(len(line) - _ECHO_LENGTH + 1)}
    if any(part in " ".join(text.split()) for text in texts for part in parts):
        return "its message repeats the prompt and is left out"
    return line


def _retry_delay(details: object) -> float | None:
    """``{"@type": "…RetryInfo", "retryDelay": "34.5s"}`` among the details."""
    for detail in details if isinstance(details, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        if isinstance(delay, str) and (seconds := re.fullmatch(r"(\d{1,6}(?:\.\d+)?)s", delay)):
            return float(seconds[1])
    return None


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
