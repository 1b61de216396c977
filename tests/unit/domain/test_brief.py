from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.brief import (
    Attachment,
    Brief,
    Check,
    JobKey,
    Wishes,
    attachment_name_problems,
    brief_problems,
    wish_problems,
)
from pipeline.domain.publication import SpaceSdk, Target
from tests.builders import make_attachment, make_brief


def problem_fields(brief: Brief) -> list[str]:
    return [problem.field for problem in brief_problems(brief)]


def test_a_whole_brief_has_no_problem() -> None:
    assert brief_problems(make_brief(attachments=(make_attachment(),))) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b\n.c"}, "email"),
        ({"email": "a b@c.d"}, "email"),
        ({"email": "x" * 250 + "@c.de"}, "email"),
        ({"task": ""}, "task"),
        ({"task": "x" * 101}, "task"),
        ({"task": "a\0b"}, "task"),
        ({"nonce": "  "}, "nonce"),
        ({"nonce": "x" * 201}, "nonce"),
        ({"text": ""}, "brief"),
        ({"text": "x" * 50_001}, "brief"),
        ({"round": 0}, "round"),
        ({"round": -1}, "round"),
        ({"round": 10**400}, "round"),
        ({"checks": (Check("fine"), Check(" "))}, "checks[1]"),
        ({"checks": (Check.from_text("js:  "),)}, "checks[0]"),
        ({"checks": (Check("x" * 10_001),)}, "checks[0]"),
        ({"checks": (Check("a\0b"),)}, "checks[0]"),
        ({"checks": (Check("x"),) * 201}, "checks"),
        ({"attachments": (make_attachment(name="../x"),)}, "attachments[0].name"),
        ({"attachments": (make_attachment(name=".github/workflows/x.yml"),)}, "attachments[0].name"),
        ({"attachments": (make_attachment(name="a"), make_attachment(name="A"))}, "attachments[1].name"),
    ],
)
def test_each_broken_rule_names_its_field(change: dict[str, Any], field: str) -> None:
    assert problem_fields(make_brief(**change)) == [field]


def test_all_problems_are_told_at_once() -> None:
    assert problem_fields(make_brief(email="", round=0, text="")) == ["email", "brief", "round"]


@given(st.text(), st.text(), st.text())
def test_no_problem_ever_holds_a_value(email: str, task: str, name: str) -> None:
    canary = "canary-7f3a"
    brief = make_brief(
        email=canary + email, task=canary * 12 + task, attachments=(make_attachment(name=canary + "\0" + name),)
    )
    assert not any(canary in problem.problem for problem in brief_problems(brief))


@pytest.mark.parametrize("text", ["js: 1 + 1", "JS:1 + 1", "  js :  1 + 1 "])
def test_a_check_that_begins_with_js_is_a_page_script(text: str) -> None:
    check = Check.from_text(text)
    assert check.script == "1 + 1"
    assert check.text == text


@pytest.mark.parametrize(
    "text",
    [
        "document.title === 'Sales of the year'",
        "!!document.querySelector(\"script[src*='marked']\")",
        "Math.abs(parseFloat(document.querySelector('#total').textContent) - 12.5) < 0.01;",
        "[...document.querySelectorAll('li')].length >= 3",
        "typeof marked !== 'undefined'",
        "(() => { const s = document.querySelector('#a'); if (s) s.click(); return s.value in {a: 1}; })()",
        "(async () => { for (const x of document.links) await fetch(x.href); return /a b/.test(document.title); })()",
        "getComputedStyle(document.body).backgroundColor === `rgb(1, 2, 3)`",
    ],
)
def test_a_page_script_is_known_without_its_prefix(text: str) -> None:
    assert Check.from_text(text).script == text


@pytest.mark.parametrize(
    "text",
    [
        "The page uses js: it is fast",
        "json: valid",
        "Has MIT license",
        "document.title equals 'Sales'",
        "window.alert() is called",
        "localStorage.theme persists",
        "Uses fetch() and JSON.parse()",
        "Title, heading, footer",
        "document.title.",
        "fetch",
    ],
)
def test_any_other_check_is_prose(text: str) -> None:
    assert Check.from_text(text).script is None


def test_both_shapes_of_a_page_script_mean_the_same() -> None:
    assert Check.from_script("1 + 1") == Check.from_text("js: 1 + 1")


@given(*[st.tuples(st.text(), st.text(), st.integers(1, 9), st.text())] * 2)
def test_two_requests_are_one_job_only_when_all_four_parts_agree(
    one: tuple[str, str, int, str], other: tuple[str, str, int, str]
) -> None:
    try:
        same = JobKey(*one).job_id == JobKey(*other).job_id
    except UnicodeEncodeError:  # a lone surrogate never passes the request's parser
        return
    if not any("\0" in part for key in (one, other) for part in key if isinstance(part, str)):
        assert same == (one == other)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "other"},
        {"checks": ()},
        {"evaluation_url": "https://example.com/notify"},
        {"target": Target.LOCAL},
        {"space_type": SpaceSdk.STATIC},
        {"wishes": Wishes(model="m")},
        {"wishes": Wishes(max_usd=1.0)},
        {"wishes": Wishes(deadline_seconds=1)},
        {"attachments": (Attachment("a.txt", "text/plain", b"1"),)},
    ],
)
def test_the_fingerprint_tells_every_change_of_the_body(change: dict[str, Any]) -> None:
    assert replace(make_brief(), **change).fingerprint != make_brief().fingerprint


def test_a_request_without_wishes_has_the_fingerprint_of_earlier_releases() -> None:
    brief = Brief("a@b.c", "t", 1, "n", "Show it.")
    assert brief.fingerprint == "cd9ba3cbfc337b3ce97021b1461b8d2fc744c52ce48e6fb474cade67a9b01985"


@pytest.mark.parametrize(
    ("wishes", "problems"),
    [
        (Wishes(), []),
        (Wishes("a", 0.5, 600), []),
        (Wishes("b", 0.6, 601), ["model", "max_usd", "deadline_seconds"]),
    ],
)
def test_wishes_stay_within_the_operators_limits(wishes: Wishes, problems: list[str]) -> None:
    assert [problem.field for problem in wish_problems(wishes, ["a"], 0.5, 600.0)] == problems
    assert wish_problems(Wishes(max_usd=9.0), [], None, 600.0) == []


def test_the_fingerprint_tells_one_byte_of_an_attachment() -> None:
    one, other = (make_brief(attachments=(make_attachment(content=content),)) for content in (b"1", b"2"))
    assert one.fingerprint != other.fingerprint


def test_attachment_names_that_are_fine_have_no_problem() -> None:
    assert attachment_name_problems(["data.csv", "images/logo.png", ".hidden"]) == []
