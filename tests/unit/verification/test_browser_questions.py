import pytest

from pipeline.domain.brief import Check
from pipeline.verification.browser.questions import PROBE_URL, question_about


@pytest.mark.parametrize(
    ("sentence", "in_script"),
    [
        ('The page title is "Sales"', 'document.title.trim() === "Sales"'),
        ('The document title equals "Sales".', '"Sales"'),
        ("There is an element with id `total`", '!!document.getElementById("total")'),
        ("The page has a form with id 'user-form'", '"form"'),
        ("#total exists on the page", '"total"'),
        ('The page displays "Hello \\ there"', '"Hello \\\\ there"'),
        ("All links work", "document.links"),
        ("All internal links work", "false && own.length"),
    ],
)
def test_sentences_become_scripts(sentence: str, in_script: str) -> None:
    question = question_about(Check.from_text(sentence))
    assert question
    assert in_script in question.script
    assert not question.query


@pytest.mark.parametrize(
    "sentence",
    [
        "Page displays captcha URL passed at ?url=...",
        "The page shows the URL given via ?url=https://.../image.png",
        "The app displays the image address passed as `?url=`",
    ],
)
def test_showing_a_passed_address_is_tried_by_passing_one(sentence: str) -> None:
    question = question_about(Check.from_text(sentence))
    assert question
    assert question.query
    assert PROBE_URL in question.script


@pytest.mark.parametrize(
    "sentence",
    [
        "Page displays solved captcha text within 15 seconds",
        "Page accepts an SVG passed at ?url=...",
        'The page does not display "Hello"',
        'The page displays "Hello" or "Goodbye"',
        "The title is short",
        "There is a container with id `total`",
        "Repo has MIT license",
        "The page looks good",
    ],
)
def test_what_no_rule_covers_as_a_whole_is_not_asked(sentence: str) -> None:
    assert question_about(Check.from_text(sentence)) is None


def test_a_page_script_is_asked_as_it_is() -> None:
    question = question_about(Check.from_script("document.title"))
    assert question
    assert question.script == "document.title"
