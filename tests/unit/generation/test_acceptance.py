"""Acceptance tests as a model writes them, and a judge's choice between two apps."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.acceptance import AcceptanceTest, Action, Step
from pipeline.domain.conversation import CallLimits, Conversation, Reply
from pipeline.generation.acceptance import MOST_STEPS, MOST_TESTS, SPARE_CALLS, ModelTester
from pipeline.generation.judge import ModelJudge
from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.generation.prompts import Prompts
from pipeline.ports import Progress
from tests.builders import make_brief, make_files, make_reply
from tests.fakes.model_calls import ScriptedModel

PROMPTS = Prompts(Path(__file__).parents[3] / "prompts")
LOOKS: dict[str, Any] = {"do": "expect", "on": "h1"}
LOOK = Step(Action.EXPECT, "h1")


class Listening(ScriptedModel):
    def __init__(self, *script: Reply | ModelFailure) -> None:
        super().__init__(*script)
        self.questions: list[tuple[Conversation, CallLimits]] = []

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        self.questions.append((conversation, limits))
        return await super().ask(job_id, conversation, limits, on_text)


async def write(model: ScriptedModel, prompts: Prompts = PROMPTS) -> tuple[tuple[AcceptanceTest, ...], str]:
    return await ModelTester(model, prompts).write("job", make_brief(), seconds=10)


@pytest.mark.parametrize(
    ("steps", "read"),
    [
        ([LOOKS], [LOOK]),
        ([{"do": "fill", "on": "#n", "with": 3}, LOOKS], [Step(Action.FILL, "#n", "3"), LOOK]),
        ([{"do": "open", "with": "?q=1"}, LOOKS], [Step(Action.OPEN, "", "?q=1"), LOOK]),
        ([{"do": "script", "with": "true"}], [Step(Action.SCRIPT, "", "true")]),
        ([{"do": "open", "with": "https://elsewhere.example"}, LOOKS], None),
        ([{"do": "click", "on": "#n"}], None),  # looks at nothing
        ([{"do": "click"}, LOOKS], None),
        ([{"do": "press", "on": "#n"}, LOOKS], None),
        ([{"do": "destroy", "on": "#n"}, LOOKS], None),
        ([{"do": ["click"], "on": "#n"}, LOOKS], None),
        (["click", LOOKS], None),
        ([LOOKS] * (MOST_STEPS + 1), None),
        ("click", None),
    ],
)
async def test_a_test_is_read_whole_or_not_at_all(steps: object, read: list[Step] | None) -> None:
    answer = "Here: " + json.dumps([{"title": "it works", "steps": steps}, {"title": 3}, "x"])
    tests, why_none = await write(ScriptedModel(make_reply(text=answer)))
    assert tests == ((AcceptanceTest("it works", tuple(read)),) if read else ())
    assert bool(why_none) is (read is None)


async def test_one_question_with_the_brief_leaves_calls_for_the_app_and_its_repairs() -> None:
    answer = json.dumps([{"title": str(number), "steps": [LOOKS]} for number in range(20)])
    model = Listening(make_reply(text=answer))
    tests, _ = await write(model)
    assert len(tests) == MOST_TESTS
    ((conversation, limits),) = model.questions
    assert make_brief().text in conversation[0].text
    assert limits.spare_calls == SPARE_CALLS


async def test_what_fails_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "system.md").write_text((Path(__file__).parents[3] / "prompts/system.md").read_text())
    for told in (
        await write(ScriptedModel(ModelFailure("away", Remedy.NEXT_MODEL))),
        await write(ScriptedModel(make_reply(text="no"))),
        await write(ScriptedModel(), Prompts(tmp_path)),
    ):
        assert told[0] == ()
        assert told[1].startswith("no acceptance tests were written: ")


@pytest.mark.parametrize(
    ("answers", "choice"),
    [("AB", False), ("BA", True), ("AA", None), ("BB", None), ("?A", None), ("A?", None)],
)
async def test_the_judge_chooses_when_both_orders_give_the_same_app(answers: str, *, choice: bool | None) -> None:
    model = Listening(*(make_reply(text=json.dumps([{"better": letter, "reason": "x"}])) for letter in answers))
    first, second = make_files({"index.html": "the one"}), make_files({"index.html": "the other"})
    judge = ModelJudge(model, PROMPTS)
    assert await judge.prefers_second("job", make_brief(), (first, b"png"), (second, b"p"), seconds=60) is choice
    once, swapped = (conversation[0] for conversation, _ in model.questions)
    assert once.text.index("the one") < once.text.index("the other")
    assert swapped.text.index("the other") < swapped.text.index("the one")
    assert [image.content for image in swapped.images] == [b"p", b"png"]
