"""What verification reports. Nothing is claimed that was not seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from pipeline.domain.acceptance import AcceptanceTest
from pipeline.domain.brief import Check

S = TypeVar("S", bound="Seen")


class Outcome(StrEnum):
    """How a check came out."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NOT_VERIFIABLE = "not_verifiable"


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"


ATTACHMENT_KEPT = "attachment-kept"
"""The rule of a warning that whoever mends the app has to know of."""

REGRESSION = "regression"
"""The rule of an error for each check of an earlier round that held and fails now."""

NO_BROWSER = "needs a browser, and there is none here"
"""Why a check was not verifiable, when that is all."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check of the brief, judged."""

    check: Check
    outcome: Outcome
    evidence: str  # what was seen, or why it could not be judged
    method: str  # who judged: static, browser or judge


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the app that no check of the brief asked about."""

    severity: Severity  # an error is worth a repair; a warning is told
    rule: str  # short stable name, such as broken-link
    message: str  # what is wrong and, where it helps, what to do
    path: str | None = None  # None for the whole app
    line: int | None = None  # from 1


@dataclass(frozen=True, slots=True)
class Trial:
    """An acceptance test, tried on a candidate. No verdict on any check: whoever wrote the test may have erred."""

    test: AcceptanceTest
    outcome: Outcome
    evidence: str
    is_doubtful: bool = False  # it fails on every candidate, though no check of the brief fails


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a candidate."""

    verdicts: tuple[Verdict, ...] = ()  # one per check of the brief, in its order
    findings: tuple[Finding, ...] = ()
    console: tuple[str, ...] = ()  # what the page wrote to its console, and its errors
    screenshot: str | None = None  # digest of a PNG of the page; None when nobody looked
    trace: str | None = None  # digest of Playwright's record of a second look, when a check failed
    no_trace: str = ""  # why a look at which a check failed was not recorded
    trials: tuple[Trial, ...] = ()  # one per acceptance test

    def count(self, outcome: Outcome) -> int:
        """How many checks came out as ``outcome``."""
        return sum(verdict.outcome is outcome for verdict in self.verdicts)

    @property
    def is_flawless(self) -> bool:
        """Nothing failed, and nothing else was found that is worth a repair."""
        return not self.count(Outcome.FAIL) and not self.errors

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Greater is better: fewer failed checks of any round first, then more that passed, then fewer errors.

        Acceptance tests that passed decide between those that are equal in this.
        """
        lost = sum(finding.rule == REGRESSION for finding in self.findings)
        passed = sum(trial.outcome is Outcome.PASS for trial in self.trials)
        return -self.count(Outcome.FAIL) - lost, self.count(Outcome.PASS), -len(self.errors), passed

    @property
    def failed_trials(self) -> tuple[Trial, ...]:
        """Those that are worth a repair."""
        return tuple(trial for trial in self.trials if trial.outcome is Outcome.FAIL and not trial.is_doubtful)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that are worth a repair."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Verification(Seen):
    """What was seen, together with what is too large to be kept beside it."""

    picture: bytes | None = field(default=None, repr=False)  # PNG of the page
    recording: bytes | None = field(default=None, repr=False)  # Playwright's trace, a zip file
    text: str = ""  # that visitors read on the page
    earlier: tuple[Verdict, ...] = ()  # on checks of earlier rounds, which count for nothing here
    questions: Mapping[Check, Check] = field(default_factory=dict)  # checks in prose, put as page scripts


def with_doubts(seen: S, others: Iterable[Seen]) -> S:
    """``seen`` with those trials marked doubtful that failed on it and on all ``others``, though no check fails."""
    trials = [{trial.test for trial in other.trials if trial.outcome is Outcome.FAIL} for other in others]
    if seen.count(Outcome.FAIL) or not trials:
        return seen
    always = set.intersection(*trials)
    marked = (
        replace(trial, is_doubtful=trial.outcome is Outcome.FAIL and trial.test in always) for trial in seen.trials
    )
    return replace(seen, trials=tuple(marked))


def merge_verdicts(checks: Iterable[Check], *sources: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """One verdict per check: the first that decides, else the first there is, else not verifiable."""
    merged = []
    known = [verdict for source in sources for verdict in source]
    for check in checks:
        about = [verdict for verdict in known if verdict.check == check]
        decided = [verdict for verdict in about if verdict.outcome is not Outcome.NOT_VERIFIABLE]
        nobody = Verdict(check, Outcome.NOT_VERIFIABLE, "nothing here can judge this", "static")
        merged.append((decided or about or [nobody])[0])
    return tuple(merged)
