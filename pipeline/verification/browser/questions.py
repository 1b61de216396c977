"""Checks in prose as they are asked on an open page."""

import asyncio
from collections.abc import Iterable

from pipeline.domain.brief import Check
from pipeline.verification.browser.checks import Answer
from pipeline.verification.browser.record import PageRecord
from pipeline.verification.inspection import Question
from pipeline.verification.prose.page import HELPERS

LATE_ERRORS_SECONDS = 0.5
# What runs, moves or is loaded later; "still" for a page without any of that.
STILL = """document.readyState !== "complete"
  || document.querySelector("script, iframe, object, embed, [http-equiv=refresh], svg animate, svg set, img")
  || [...document.querySelectorAll("*")].some(e => e.getAttributeNames().some(name => name.startsWith("on")))
  || document.getAnimations().length ? "" : "still" """


def scripted(checks: Iterable[Check]) -> list[Check]:
    """Those that are page scripts, of the evaluator or of ours."""
    return [check for check in checks if check.script is not None]


def asked_in(check: Check) -> str:
    """What the script of it looks for: without the helpers that all questions of ours bring."""
    return (check.script or "").replace(HELPERS, "")


def query_of(check: Check) -> str:
    """With what the page is opened for it."""
    return check.query if isinstance(check, Question) else ""


def is_quiet(check: Check) -> bool:
    """Whether it is about the errors of the page."""
    return isinstance(check, Question) and check.is_quiet


async def noise_in(record: PageRecord) -> Answer | None:
    """What there is against it that the page loads without errors, before any check has clicked something."""
    await asyncio.sleep(LATE_ERRORS_SECONDS)
    if errors := record.errors:
        return Answer(holds=False, evidence=f"the page wrote to its console: {'; '.join(errors)}")
    if "content" in record.network.lacking_parts:
        return Answer(holds=None, evidence="there may be errors where hosts are reached")
    return None


def plain_evidence(evidence: str) -> str:
    """What a question of ours gave or threw, without the words about that."""
    value = evidence.removeprefix("its value is ")
    said = value.strip('"').replace('\\"', '"') if value != evidence else evidence
    return said.removeprefix("it threw Error: ")
