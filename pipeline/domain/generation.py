"""What a generator is asked for and what it gives back."""

from dataclasses import dataclass

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Verification


@dataclass(frozen=True, slots=True)
class Order:
    """What a generator is asked for.

    Attributes:
        job_id: whose budget pays.
        brief: what to build or change.
        target: where it will be published.
        base: the published files that are to be revised; None in round 1.
        earlier_checks: checks of earlier rounds, which must go on holding.
        seconds: how long it may take.
        rejected: what was found wrong with the candidates that this job has had, in order; empty at first.
    """

    job_id: str
    brief: Brief
    target: Target
    base: AppFiles | None = None
    earlier_checks: tuple[str, ...] = ()
    seconds: float = 390.0
    rejected: tuple[Verification, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls cost.

    Attributes:
        calls: how many.
        prompt_tokens: sent.
        completion_tokens: received.
        cached_tokens: of those sent, how many the provider had in its cache.
        cost_usd: None when a call's price is not known; never a guess.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        if not self.calls or not other.calls:
            return self if self.calls else other
        unknown = self.cost_usd is None or other.cost_usd is None
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            None if unknown else (self.cost_usd or 0.0) + (other.cost_usd or 0.0),
        )


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One question to a model, answered.

    Attributes:
        prompt: id and version of the prompt that asked.
        asked: the model that was asked for.
        answered: the model that the provider says answered.
        finish: how the answer ended.
        form: how its files were told apart: ``tags``, or the fallback that was needed.
        usage: of this call.
        seconds: it took.
    """

    prompt: str
    asked: str
    answered: str
    finish: str
    form: str
    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class Made:
    """How an app was made.

    Attributes:
        generator: ``scaffold`` or ``model``; empty as long as there is no app.
        summary: a few sentences on what was built, for the README and the reply.
        model: the model that answered, or None when none was asked.
        prompts: ids and versions of the prompts used.
        calls: each question to a model.
        notes: what the caller should know: fallbacks taken, limits met.
    """

    generator: str = ""
    summary: str = ""
    model: str | None = None
    prompts: tuple[str, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def usage(self) -> Usage:
        """Of all calls."""
        return sum((call.usage for call in self.calls), Usage())


@dataclass(frozen=True, slots=True)
class Generation:
    """An app as its generator gave it.

    Attributes:
        files: the whole app, without what ``assembly`` adds.
        made: how.
    """

    files: AppFiles
    made: Made
