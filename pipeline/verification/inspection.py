"""What static verification knows about a candidate, for those who judge its checks."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.domain.brief import Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import sdk_of
from pipeline.domain.verdict import Finding, Outcome
from pipeline.verification.files.pages import Page


def needs_server(files: AppFiles) -> bool:
    """Whether visitors are served by a program of the app: it has no page, or its Space card says so."""
    if "index.html" not in files:
        return "app.py" in files or "Dockerfile" in files
    return sdk_of(files) in {SpaceSdk.DOCKER, SpaceSdk.GRADIO, SpaceSdk.STREAMLIT}


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


def passed(evidence: str) -> Ruling:
    """The check holds."""
    return Ruling(Outcome.PASS, evidence)


def failed(evidence: str) -> Ruling:
    """The check does not hold."""
    return Ruling(Outcome.FAIL, evidence)


def undecided(reason: str) -> Ruling:
    """It cannot be said."""
    return Ruling(Outcome.NOT_VERIFIABLE, reason)
