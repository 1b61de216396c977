"""What is said to a language model and what it answers."""

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.domain.generation import Usage


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture for models that can see.

    Attributes:
        media_type: ``image/png`` and the like.
        content: the encoded bytes.
    """

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes:
        role: who speaks.
        text: what is said.
        images: shown with it; a model without vision gets the text alone.
    """

    role: Role
    text: str
    images: tuple[Image, ...] = ()


Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one call may take.

    Attributes:
        max_output_tokens: the model stops there.
        seconds: on the wall clock, for the whole call with its reading.
        temperature: None = the provider's default.
    """

    max_output_tokens: int
    seconds: float
    temperature: float | None = None


class Finish(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    LENGTH = "length"  # the model hit its output limit
    CUT = "cut"  # the stream ended without saying why
    REFUSED = "refused"  # by the model, or by the provider's content filter


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        text: without reasoning.
        finish: how it ended.
        asked: the model that was asked for.
        answered: the model that the provider says answered.
        usage: of this call.
        seconds: from request to the last byte.
    """

    text: str
    finish: Finish
    asked: str
    answered: str
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
