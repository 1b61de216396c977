"""What static verification knows about a candidate, for those who judge its checks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.domain.brief import Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Outcome
from pipeline.verification.files.pages import Page
from pipeline.verification.said import Said


@dataclass(frozen=True, slots=True)
class Inspection:
    """A candidate, read but not run: its brief, every HTML file that could be read, and what is wrong with it."""

    files: AppFiles
    brief: Brief
    pages: Mapping[str, Page]
    findings: tuple[Finding, ...]

    @property
    def entry(self) -> Page | None:
        """The page that visitors see first."""
        return self.pages.get("index.html")


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer to a check: how it came out, and what was seen."""

    outcome: Outcome
    evidence: str


@dataclass(frozen=True, slots=True)
class Question(Check):
    """A check in prose, put as a page script of ours.

    What the script gives is the evidence that it holds, what it throws that it does not; null = that cannot be said.
    """

    query: str = ""  # the page is opened with it, such as ``?name=value``
    is_quiet: bool = False  # holds only if the page wrote no error to its console while it was loaded


Judgement = Ruling | Question
Rule = Callable[[Said, Inspection], Judgement | None]
"""Judges a sentence that matched its pattern; None when it turns out not to cover it."""

Rules = tuple[tuple[str, Rule], ...]
"""Patterns that must cover a whole sentence in its plainer form, each with its judge."""


def passed(evidence: str) -> Ruling:
    """The check holds."""
    return Ruling(Outcome.PASS, evidence)


def failed(evidence: str) -> Ruling:
    """The check does not hold."""
    return Ruling(Outcome.FAIL, evidence)


def undecided(reason: str) -> Ruling:
    """It cannot be said."""
    return Ruling(Outcome.NOT_VERIFIABLE, reason)
