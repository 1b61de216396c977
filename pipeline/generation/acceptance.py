"""Acceptance tests by a model, from brief and checks alone: tests written from finished code assert its mistakes."""

from typing import Any

from pipeline.domain.acceptance import AcceptanceTest, Action, Step
from pipeline.domain.brief import Brief
from pipeline.domain.conversation import CallLimits, Message, Role
from pipeline.domain.errors import BudgetExhausted, GenerationFailed, Misconfigured
from pipeline.generation.attachments import wrap_untrusted
from pipeline.generation.entries import entries_in
from pipeline.generation.prompts import Prompts
from pipeline.generation.tokens import Density, cut_middle
from pipeline.ports import Model

MOST_TESTS = 8
MOST_STEPS = 12
MOST_TEXT = 2_000
MOST_TITLE = 200
BRIEF_TOKENS = 6_000
SPARE_CALLS = 3
"""Of the job's, for the app and two repairs: without them no tests are asked for."""

_NEEDS_ELEMENT = {Action.CLICK, Action.FILL, Action.EXPECT, Action.GONE}
_NEEDS_VALUE = {Action.PRESS, Action.WAIT, Action.SCRIPT}


class ModelTester:
    """The TestWriter port on a Model: one question."""

    def __init__(self, model: Model, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    async def write(self, job_id: str, brief: Brief, *, seconds: float) -> tuple[tuple[AcceptanceTest, ...], str]:
        """At most MOST_TESTS tests, and when there is none, why."""
        try:
            prompt = self._prompts["acceptance"]
            question = self._prompts.render(
                "acceptance",
                brief=wrap_untrusted("brief", {}, cut_middle(brief.text, Density.PROSE, BRIEF_TOKENS)),
                checks=[wrap_untrusted("check", {}, check.text) for check in brief.checks],
            )
            limits = CallLimits(
                prompt.max_output_tokens,
                seconds,
                prompt.temperature,
                model=brief.wishes.model,
                max_usd=brief.wishes.max_usd,
                spare_calls=SPARE_CALLS,
            )
            reply = await self._model.ask(job_id, (Message(Role.USER, question),), limits, lambda _: None)
        except (GenerationFailed, BudgetExhausted, Misconfigured) as error:
            return (), f"no acceptance tests were written: {error}"
        tests = tuple(test for entry in entries_in(reply.text) if (test := _test(entry)))[:MOST_TESTS]
        return tests, "" if tests else "no acceptance tests were written: the answer holds none that can be played"


def _test(entry: dict[str, Any]) -> AcceptanceTest | None:
    """Of ``entry``; None when a step of it cannot be played, or it looks at nothing."""
    title, steps = entry.get("title"), entry.get("steps")
    if not isinstance(title, str) or not isinstance(steps, list) or len(steps) > MOST_STEPS:
        return None
    read = [step for step in map(_step, steps) if step]
    if len(read) < len(steps) or not any(step.action.looks for step in read):
        return None
    return AcceptanceTest(title[:MOST_TITLE], tuple(read))


def _step(said: Any) -> Step | None:
    if not isinstance(said, dict) or said.get("do") not in list(Action):
        return None
    on, value = said.get("on") or "", said.get("with")
    value = "" if value is None else str(value)
    step = Step(Action(said["do"]), on if isinstance(on, str) else "", value)
    lacks = (step.action in _NEEDS_ELEMENT and not step.on) or (step.action in _NEEDS_VALUE and not value)
    is_elsewhere = step.action is Action.OPEN and value and value[0] not in "?#"
    return None if lacks or is_elsewhere or max(len(step.on), len(value)) > MOST_TEXT else step
