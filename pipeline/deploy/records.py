"""What the deploy use case works with, and what its stages leave on record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.domain.acceptance import AcceptanceTest
from pipeline.domain.generation import Made, Tried
from pipeline.domain.publication import Site, Target
from pipeline.domain.publishable import UNPUBLISHABLE
from pipeline.domain.verdict import Finding, Outcome, Seen
from pipeline.ports import (
    Blobs,
    Camera,
    Clock,
    Generator,
    Judge,
    Publisher,
    SecretScanner,
    Sites,
    Tester,
    TestWriter,
    Verifier,
    Workspaces,
)


@dataclass(frozen=True, slots=True)
class Ports:
    """What the use case works with; each attribute is the port of that name."""

    generator: Generator
    verifier: Verifier
    camera: Camera | None
    live: Verifier | None  # looks at apps where they run; None = nobody does
    tester: Tester | None  # plays acceptance tests; None = nobody does
    writer: TestWriter | None  # writes them
    judge: Judge | None
    secrets: SecretScanner
    workspaces: Workspaces
    publishers: Mapping[Target, Publisher]
    sites: Sites
    blobs: Blobs
    clock: Clock


@dataclass(frozen=True, slots=True)
class Draft:
    """What the generate stage leaves on record."""

    site: Site  # as it was before this job
    files: str  # digest of the generator's files
    base: str | None  # digest of the published files that were revised; None in round 1
    earlier_checks: tuple[str, ...]  # of earlier rounds, that held
    made: Made
    unmet_checks: tuple[str, ...] = ()  # of earlier rounds, that did not
    renders: Mapping[str, str] = field(default_factory=dict)  # pictures to be taken of the page
    tests: tuple[AcceptanceTest, ...] = ()
    after: str | None = None  # it is of the models after this one of the chain
    second: "Draft | None" = None  # of another model, made beside this one, which is a repair


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the verify stage leaves on record.

    Attributes:
        seen: verdicts, findings and the picture's digest.
        is_repairable: a model made it, something is wrong with it, and there is time to mend it. Decided once, here:
            a resumed job must take the turns that it took before.
        notes: what the caller should know of the look.
        is_preferred: by the judge over the best before it, whose rank is the same; None: that was not to be told.
    """

    seen: Seen
    is_repairable: bool
    notes: tuple[str, ...] = ()
    is_preferred: bool | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An assembled app and what is known of it."""

    draft: Draft
    files: str  # digest of all its files
    inspection: Inspection
    rejected: tuple[Inspection, ...] = ()  # of the candidates whose mending led to it, in order

    @property
    def seen(self) -> Seen:
        """What was seen of it."""
        return self.inspection.seen

    @property
    def forbidden(self) -> tuple[Finding, ...]:
        """Why it must not be published."""
        return tuple(finding for finding in self.seen.findings if finding.rule == UNPUBLISHABLE)

    def tried(self, *, is_chosen: bool) -> Tried:
        """For the job's record."""
        seen, outcomes = self.seen, [trial.outcome for trial in self.seen.trials]
        role = "second" if self.draft.after and not self.rejected else "repair" if self.rejected else "first"
        return Tried(
            role,
            self.draft.made.model,
            self.files,
            passed=seen.count(Outcome.PASS),
            failed=seen.count(Outcome.FAIL),
            undecided=seen.count(Outcome.NOT_VERIFIABLE),
            errors=len(seen.errors),
            tests_passed=outcomes.count(Outcome.PASS),
            tests_failed=outcomes.count(Outcome.FAIL),
            is_chosen=is_chosen,
        )


def better(best: Candidate, other: Candidate) -> Candidate:
    """The one to publish: by what was seen; where that is equal, by the judge's choice, else the earlier one."""
    ranks = [(not candidate.forbidden, candidate.seen.rank) for candidate in (best, other)]
    is_better = ranks[1] > ranks[0] or (ranks[1] == ranks[0] and bool(other.inspection.is_preferred))
    return other if is_better else best
