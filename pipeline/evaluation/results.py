"""What came of an evaluation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pipeline.domain.verdict import Outcome

LONGEST_EVIDENCE = 600
OUTCOME_NAMES = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.NOT_VERIFIABLE: "not decided"}


def said(text: str, most: int = LONGEST_EVIDENCE) -> str:
    """What came from outside, on one line that can be printed, at most ``most`` characters of it."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: most + 1]).split())
    return line if len(line) <= most else f"{line[:most]}…"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a round is judged by."""

    name: str  # what is asked for; of a check its text
    outcome: Outcome
    evidence: str
    is_check: bool = False  # of the brief; the others are the contract's


def won(name: str, evidence: str) -> Point:
    """It is as it should be."""
    return Point(name, Outcome.PASS, evidence)


def lost(name: str, evidence: str) -> Point:
    """It is not."""
    return Point(name, Outcome.FAIL, evidence)


def open_point(name: str, reason: str) -> Point:
    """It cannot be said."""
    return Point(name, Outcome.NOT_VERIFIABLE, reason)


@dataclass(frozen=True, slots=True)
class Told:
    """What a callback says about a published app, as far as it says that in strings."""

    repo_url: str = ""
    commit_sha: str = ""
    pages_url: str = ""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """One round of a brief."""

    brief: str  # the file it stands in
    number: int
    email: str
    task: str  # as it was sent
    nonce: str
    points: tuple[Point, ...] = ()
    told: Told | None = None  # None: no callback came
    told_after: float | None = None  # seconds
    picture: bytes | None = field(default=None, repr=False)  # PNG of the published page

    @property
    def failures(self) -> tuple[Point, ...]:
        """What was lost."""
        return tuple(point for point in self.points if point.outcome is Outcome.FAIL)

    @property
    def score(self) -> str:
        """Points won of those that were decided."""
        return score_of(self.points)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        told = self.told or Told()
        return {
            "brief": self.brief,
            "round": self.number,
            "email": self.email,
            "task": self.task,
            "nonce": self.nonce,
            "repo_url": told.repo_url,
            "commit_sha": told.commit_sha,
            "pages_url": told.pages_url,
            "told_after_seconds": None if self.told_after is None else round(self.told_after, 2),
            **_counts(self.points),
            "points": [
                {
                    "name": point.name,
                    "kind": "check" if point.is_check else "contract",
                    "outcome": OUTCOME_NAMES[point.outcome],
                    "evidence": point.evidence,
                }
                for point in self.points
            ],
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All rounds of all briefs."""

    endpoint: str
    began: datetime
    seconds: float
    rounds: tuple[RoundResult, ...]
    strays: tuple[str, ...] = ()  # callbacks that fit no request, in words

    @property
    def points(self) -> tuple[Point, ...]:
        """Of all rounds."""
        return tuple(point for played in self.rounds for point in played.points)

    @property
    def is_flawless(self) -> bool:
        """Whether nothing failed."""
        return not any(point.outcome is Outcome.FAIL for point in self.points)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "ok": self.is_flawless,
            "endpoint": self.endpoint,
            "began": self.began.isoformat(),
            "seconds": round(self.seconds, 2),
            **_counts(self.points),
            "rounds": [played.document() for played in self.rounds],
            "strays": list(self.strays),
        }

    def without(self, secret: str) -> "Evaluation":
        """The same, with stars wherever a service has told the ``secret``."""

        def hide(text: str) -> str:
            return text.replace(secret, "***") if secret else text

        return replace(
            self,
            endpoint=hide(self.endpoint),
            rounds=tuple(_without(played, hide) for played in self.rounds),
            strays=tuple(map(hide, self.strays)),
        )


def score_of(points: Iterable[Point]) -> str:
    """In words, such as ``11 of 12 points, 3 not decided``."""
    counts = _counts(tuple(points))
    undecided = f", {counts['not_decided']} not decided" if counts["not_decided"] else ""
    return f"{counts['won']} of {counts['decided']} points{undecided}"


def _counts(points: tuple[Point, ...]) -> dict[str, int]:
    count = {outcome: sum(point.outcome is outcome for point in points) for outcome in Outcome}
    decided = count[Outcome.PASS] + count[Outcome.FAIL]
    return {"won": count[Outcome.PASS], "decided": decided, "not_decided": count[Outcome.NOT_VERIFIABLE]}


def _without(played: RoundResult, hide: Callable[[str], str]) -> RoundResult:
    told = played.told
    return replace(
        played,
        points=tuple(replace(point, evidence=hide(point.evidence)) for point in played.points),
        told=told and Told(hide(told.repo_url), hide(told.commit_sha), hide(told.pages_url)),
    )
