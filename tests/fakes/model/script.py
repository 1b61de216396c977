"""What a model is asked and what it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
        chunk: characters per chunk of the stream.
        delay: seconds before each chunk.
        finish: finish_reason; None leaves it out.
        status: of HTTP; from 400 on ``body`` is all there is.
        body: of an error: a dict is sent as JSON, a string as it is. None = the usual envelope.
        comments: SSE comments before the first chunk, as OpenRouter sends them.
        reasoning: comes before the text.
        raw: is all that the stream consists of, as it stands.
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
    raw: str = ""
    refusal: str = ""
    usage: Mapping[str, Any] | None = field(default_factory=lambda: dict(DEFAULT_USAGE))
    answered: str = ""
    model: str | None = None
    contains: str | None = None

    def matches(self, body: Mapping[str, Any]) -> bool:
        is_model = self.model is None or self.model == body.get("model")
        return is_model and (self.contains is None or self.contains in _said(body))


@dataclass(frozen=True)
class Call:
    """One request: ``at`` seconds since 1970, headers by lower-case name and without the key, body as JSON or None."""

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
        return _said(self.body)


Entry = Answer | Mapping[str, Any] | str


def answer_of(entry: Entry) -> Answer:
    if isinstance(entry, Answer):
        return entry
    return Answer(entry) if isinstance(entry, str) else Answer(**entry)


def error(status: int, message: str, *, param: str | None = None, code: str | None = None) -> Answer:
    document = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Answer(status=status, body={"error": document})


def problem_of(body: Any) -> str | None:
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


def has_image(body: Mapping[str, Any]) -> bool:
    return any(part.get("type") == "image_url" for part in _parts(body))
