"""What a generator is asked for and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Target
from pipeline.domain.verdict import Verification


@dataclass(frozen=True, slots=True)
class Order:
    """What a generator is asked for."""

    job_id: str  # whose budget pays
    brief: Brief
    target: Target
    base: AppFiles | None = None  # the published files that are to be revised; None in round 1
    earlier_checks: tuple[str, ...] = ()  # of earlier rounds, which held and must go on holding
    unmet_checks: tuple[str, ...] = ()  # of earlier rounds, which nobody saw hold
    seconds: float = 390.0
    rejected: tuple[Verification, ...] = ()  # what was found wrong with this job's candidates, in order
    after: str | None = None  # only models after this one of the chain may be asked
    spare_calls: int = 0  # of the job, that are to be left for others


@dataclass(frozen=True, slots=True)
class Price:
    """Of a model, in dollars for a million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls cost."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0  # of those sent, how many the provider had in its cache
    cost_usd: float | None = None  # None when a call's price is not known; never a guess

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

    def at(self, price: Price | None) -> "Usage":
        """With the cost by ``price``, where the provider did not say it."""
        if price is None or self.cost_usd is not None:
            return self
        cost = (self.prompt_tokens * price.input + self.completion_tokens * price.output) / 1_000_000
        return replace(self, cost_usd=cost)


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One question to a model, answered."""

    prompt: str  # id and version of the prompt that asked
    asked: str  # model that was asked for
    answered: str  # model that the provider says answered
    finish: str  # how the answer ended
    form: str  # how its files were told apart: tags, or the fallback that was needed
    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class Tried:
    """One of a job's candidates, in short."""

    role: str  # first, repair, or second: of another model
    model: str | None
    files: str  # digest
    passed: int  # checks of the brief
    failed: int
    undecided: int
    errors: int  # that no check asked about
    tests_passed: int  # acceptance tests
    tests_failed: int
    is_chosen: bool = False


RESTORED = "restored"
"""In the place of a generator: the app is one that an earlier job has published."""


@dataclass(frozen=True, slots=True)
class Made:
    """How an app was made."""

    generator: str = ""  # plain, model or RESTORED; empty as long as there is no app
    summary: str = ""  # a few sentences on what was built, for the README and the reply
    model: str | None = None  # that answered; None when none was asked
    prompts: tuple[str, ...] = ()  # ids and versions
    calls: tuple[ModelCall, ...] = ()
    notes: tuple[str, ...] = ()  # what the caller should know: fallbacks taken, limits met
    candidates: tuple[Tried, ...] = ()  # when there was more than one


@dataclass(frozen=True, slots=True)
class Generation:
    """An app as its generator gave it."""

    files: AppFiles  # the whole app, without what assembly adds
    made: Made
    renders: Mapping[str, str] = field(default_factory=dict)  # picture files yet to be taken: selector of the element
