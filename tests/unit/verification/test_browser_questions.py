import pytest

from pipeline.domain.brief import Check
from pipeline.verification.browser.questions import PROBE_URL, question_about
from tests.cases import cases

CASES = cases("browser-questions")


@pytest.mark.parametrize(("sentence", "in_script"), CASES["scripts"])
def test_sentences_become_scripts(sentence: str, in_script: str) -> None:
    question = question_about(Check.from_text(sentence))
    assert question
    assert in_script in question.script
    assert not question.query


@pytest.mark.parametrize("sentence", CASES["address"])
def test_showing_a_passed_address_is_tried_by_passing_one(sentence: str) -> None:
    question = question_about(Check.from_text(sentence))
    assert question
    assert question.query
    assert PROBE_URL in question.script


@pytest.mark.parametrize("sentence", CASES["none"])
def test_what_no_rule_covers_as_a_whole_is_not_asked(sentence: str) -> None:
    assert question_about(Check.from_text(sentence)) is None


def test_a_page_script_is_asked_as_it_is() -> None:
    question = question_about(Check.from_script("document.title"))
    assert question
    assert question.script == "document.title"
