"""Pages are read as browsers read them."""

import pytest

from pipeline.verification.files.pages import MOST_ATTRIBUTES, Unreadable, read_page
from tests.cases import cases

CASES = cases("pages")
PAGE = CASES["page"]


def test_title_and_ids_are_those_of_the_document() -> None:
    page = read_page("index.html", PAGE)
    assert page.title == "Sales & more"
    assert page.ids == {"total": 2}


def test_the_title_of_a_picture_is_not_that_of_the_page() -> None:
    assert read_page("index.html", "<svg><title>A bird</title></svg>").title is None


def test_references_are_those_that_a_browser_follows() -> None:
    page = read_page("index.html", PAGE)
    assert page.references == ("style.css", "app.js", "docs/?a=1&b=2", "a.png", "b.png", "c.png", "#x")


def test_scripts_and_styles_have_their_kind_and_first_line() -> None:
    page = read_page("index.html", PAGE.replace("\n", "\r\n"))
    assert [(script.kind, script.src, script.line) for script in page.scripts] == [
        ("classic", None, 6),
        ("module", "app.js", 9),
        ("json", None, 10),
        (None, None, 11),
    ]
    assert page.scripts[0].code == '\nlet a = "<p id=no>";\n'
    assert [(style.text, style.line) for style in page.styles] == [("\na {}", 17)]


def test_the_same_script_twice_has_two_lines() -> None:
    page = read_page("index.html", "<script>a()</script>\n<script>a()</script>")
    assert [script.line for script in page.scripts] == [1, 2]


@pytest.mark.parametrize(("markup", "alive"), CASES["alive"])
def test_a_page_is_alive_when_something_in_it_may_change_it(markup: str, *, alive: bool) -> None:
    assert read_page("index.html", markup).is_alive is alive


def test_an_attribute_value_is_found_on_its_line() -> None:
    page = read_page("index.html", PAGE)
    assert page.line_of("docs/?a=1&b=2") == 14
    assert page.line_of("total") == 13
    assert page.line_of("nowhere") is None


@pytest.mark.parametrize("markup", ["<div>" * 20_000, "<div></x>" * 20_000, "<p " + "a " * (MOST_ATTRIBUTES + 1) + ">"])
def test_a_page_that_would_take_very_long_is_refused(markup: str) -> None:
    with pytest.raises(Unreadable):
        read_page("index.html", markup)


def test_a_page_of_many_paragraphs_and_comparisons_is_no_deep_one() -> None:
    page = read_page("index.html", "<p>x\n" * 20_000 + "<script>" + "if (i<n) {}\n" * 5_000 + "</script>")
    assert len(page.scripts) == 1
