"""How the apps that a job made, and the tests of them, look to those who ask."""

from typing import Annotated

from pydantic import BeforeValidator

from pipeline.domain.verdict import Outcome
from pipeline.shapes.view import View, at


class TrialView(View):
    """An acceptance test that a model wrote from the brief, tried on the app; ``doubtful``: all candidates fail it."""

    title: str = at("test", "title")
    steps: Annotated[list[str], BeforeValidator(lambda steps: [str(step) for step in steps])] = at("test", "steps")
    outcome: Outcome
    evidence: str
    doubtful: bool = at("is_doubtful")


class CandidateView(View):
    """One of the apps that were made; ``role``: ``first``, ``repair`` or ``second``, by another model.

    ``failed`` and the like count checks, ``errors`` findings, ``tests_passed`` and ``tests_failed`` acceptance tests.
    """

    role: str
    model: str | None
    passed: int
    failed: int
    undecided: int
    errors: int
    tests_passed: int
    tests_failed: int
    chosen: bool = at("is_chosen")
