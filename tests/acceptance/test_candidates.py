"""Acceptance tests that a model writes from the brief, and a second candidate by another model.

The service is a process of its own, the browser is real, and the models answer by a script.
"""

import json
from pathlib import Path
from typing import Any

from tests.acceptance.repairs import (
    CHECKS,
    KILLS,
    LICENCE,
    MENDED,
    RIGHT,
    TITLE,
    WRONG,
    Plot,
    Story,
    building,
    page,
    play,
)
from tests.fakes.model import Answer
from tests.integration.browser_rig import needs_browser

pytestmark = needs_browser

VAGUE = "The page makes a friendly impression on its visitors"
TWO_MODELS = {"LLM_MODELS": "test/model,test/other"}


def written(selector: str, text: str) -> Answer:
    tests = [{"title": "The total is shown", "steps": [{"do": "expect", "on": selector, "with": text}]}]
    return Answer(json.dumps(tests), contains="You write acceptance tests")


def candidates(story: Story) -> list[tuple[str, bool]]:
    return [(one["role"], one["chosen"]) for one in story.job["candidates"]]


def question(story: Story) -> str:
    """The last one, in words."""
    content: Any = story.calls[-1].body["messages"][-1]["content"]
    return content if isinstance(content, str) else str(content[0]["text"])


def test_an_acceptance_test_that_fails_is_reported_in_one_repair_and_is_no_verdict(tmp_path: Path) -> None:
    answers: list[Answer | str] = [written("#total-sales", "20.00"), building(WRONG), MENDED]
    plot = Plot(answers, checks=(TITLE, LICENCE, VAGUE), crashes=("generate:after_effect",))  # nothing is paid twice
    story = play(plot, tmp_path)
    assert len(story.calls) == 3
    (asked,) = [call for call in story.calls if "You write acceptance tests" in str(call.body)]
    assert "<html" not in str(asked.body)
    assert "The total is shown" in question(story)
    assert "it shows “19.00”" in question(story)
    assert story.published == RIGHT
    assert story.verdicts() == {TITLE: "pass", LICENCE: "pass", VAGUE: "not_verifiable"}
    assert [test["outcome"] for test in story.job["acceptance_tests"]] == ["pass"]
    assert candidates(story) == [("first", False), ("repair", True)]
    assert b"The total is shown" in story.archive["evidence.html"]


def test_one_that_every_candidate_fails_is_doubtful_and_not_repaired_twice(tmp_path: Path) -> None:
    answers: list[Answer | str] = [
        written("#nowhere", "20.00"),
        building(RIGHT),
        building(RIGHT.replace("North", "South")),
    ]
    story = play(Plot(answers, checks=(TITLE, VAGUE)), tmp_path)
    assert len(story.calls) == 3
    assert [test["doubtful"] for test in story.job["acceptance_tests"]] == [True]
    assert [told["commit_sha"] for told in story.told] == [story.reply["commit_sha"]]


def test_no_tests_are_asked_for_where_they_are_switched_off_or_calls_are_few(tmp_path: Path) -> None:
    for number, settings in enumerate([{"ACCEPTANCE_TESTS": "none"}, {"JOB_MAX_CALLS": "3"}]):
        story = play(Plot([building(RIGHT)], settings, checks=(TITLE, VAGUE)), tmp_path / str(number))
        assert len(story.calls) == 1
        assert story.job["acceptance_tests"] == []


def test_what_another_model_makes_beside_the_repair_is_published_when_it_is_better(tmp_path: Path) -> None:
    first = [Answer(building(html), model="test/model") for html in (WRONG, page(total="18.00", rows=1))]
    plot = Plot([*first, Answer(building(RIGHT), model="test/other")], TWO_MODELS, crashes=KILLS)
    story = play(plot, tmp_path)
    assert sorted(call.body["model"] for call in story.calls) == ["test/model", "test/model", "test/other"]
    assert story.published == story.committed == RIGHT
    assert story.verdicts() == dict.fromkeys(CHECKS, "pass")
    assert candidates(story) == [("first", False), ("repair", False), ("second", True)]
    assert story.job["model"] == "test/other"
    assert b"<h2>Candidates</h2>" in story.archive["evidence.html"]


def test_a_second_candidate_that_fails_costs_the_repair_nothing(tmp_path: Path) -> None:
    answers = [Answer(building(WRONG), model="test/model"), Answer(MENDED, model="test/model")]
    story = play(Plot([*answers, Answer(status=400, model="test/other")], TWO_MODELS), tmp_path)
    assert story.published == RIGHT
    assert candidates(story) == [("first", False), ("repair", True)]
