"""What verification reports. Nothing is claimed that was not seen."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.domain.brief import Check


class Outcome(StrEnum):
    """How a check came out."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NOT_VERIFIABLE = "not_verifiable"


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check of the brief, judged.

    Attributes:
        check: the evaluator's words.
        outcome: pass, fail, or not verifiable.
        evidence: what was seen, or why it could not be judged.
        method: who judged: ``static``, ``browser`` or ``judge``.
    """

    check: Check
    outcome: Outcome
    evidence: str
    method: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the app that no check of the brief asked about.

    Attributes:
        severity: an error is worth a repair; a warning is told.
        rule: short stable name, such as ``broken-link``.
        message: what is wrong and, where it helps, what to do.
        path: the file, or None for the whole app.
        line: from 1, or None.
    """

    severity: Severity
    rule: str
    message: str
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a candidate.

    Attributes:
        verdicts: one per check of the brief, in its order.
        findings: the rest.
        console: what the page wrote to its console, and its errors.
        screenshot: digest of a PNG of the page; None when nobody looked.
    """

    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    console: tuple[str, ...] = ()
    screenshot: str | None = None

    def count(self, outcome: Outcome) -> int:
        """How many checks came out as ``outcome``."""
        return sum(verdict.outcome is outcome for verdict in self.verdicts)

    @property
    def is_flawless(self) -> bool:
        """Nothing failed, and nothing else was found that is worth a repair."""
        return not self.count(Outcome.FAIL) and not self.errors

    @property
    def rank(self) -> tuple[int, int, int]:
        """Greater is better: fewer failed checks first, then more that passed, then fewer errors."""
        return -self.count(Outcome.FAIL), self.count(Outcome.PASS), -len(self.errors)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that are worth a repair."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Verification(Seen):
    """What was seen, together with what is too large to be kept beside it.

    Attributes:
        picture: the PNG of the page, or None when nobody looked.
        text: that visitors read on the page.
        earlier: on checks of earlier rounds, which count for nothing here.
    """

    picture: bytes | None = field(default=None, repr=False)
    text: str = ""
    earlier: tuple[Verdict, ...] = ()


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
