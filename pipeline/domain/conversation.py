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
    """A picture for models that can see."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One turn."""

    role: Role
    text: str
    images: tuple[Image, ...] = ()  # a model without vision gets the text alone


Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one call may take."""

    max_output_tokens: int
    seconds: float  # on the wall clock, for the whole call with its reading
    temperature: float | None = None  # None = the provider's default
    less_effort: bool = False  # to be spent on reasoning
    avoid: frozenset[str] = frozenset()  # models whose answers could not be used
    model: str | None = None  # the only one that may be asked
    max_usd: float | None = None  # for all calls of the job together, where that is less than the operator's cap
    after: str | None = None  # only models after this one of the chain may be asked
    spare_calls: int = 0  # of the job, that must be left after this one

    def lets(self, model: str) -> bool:
        """Whether it may be asked."""
        return model not in self.avoid and self.model in {None, model}


class Finish(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    LENGTH = "length"  # the model hit its output limit
    CUT = "cut"  # the stream ended without saying why
    REFUSED = "refused"  # by the model, or by the provider's content filter


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered."""

    text: str  # without reasoning, unless there is nothing else
    finish: Finish
    asked: str  # model that was asked for
    answered: str  # model that the provider says answered
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0  # from request to the last byte
    place: str = ""  # where the text stood, when that was not the answer itself
    passed_over: tuple[str, ...] = field(default=(), compare=False)  # what came of the models that were asked before
