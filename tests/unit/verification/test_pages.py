"""Pages as browsers read them, and where the addresses in an app lead."""

import pytest

from pipeline.domain.verdict import Severity
from pipeline.verification.addresses import ServedApp, addresses_in_code
from pipeline.verification.files.pages import MOST_ATTRIBUTES, Unreadable, read_page
from tests.builders import make_files
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


FILES = make_files({"index.html": "", "docs/index.html": "", "docs/a b.html": "", "img/größe.png": "", "Data.csv": ""})
PROJECT = ServedApp(FILES, "https://octo.github.io/repo/")
ROOT = ServedApp(FILES, "https://octo-app.static.hf.space/")


@pytest.mark.parametrize(("url", "base", "path"), CASES["inside"])
def test_an_address_within_the_app_leads_to_its_file(url: str, base: str, path: str) -> None:
    assert PROJECT.target(url, base) == path
    assert PROJECT.problem(url, base) is None


@pytest.mark.parametrize("url", CASES["elsewhere"])
def test_what_leads_elsewhere_or_nowhere_is_not_judged(url: str) -> None:
    assert PROJECT.problem(url, "index.html") is None


@pytest.mark.parametrize(("url", "rule", "words"), CASES["broken"])
def test_an_address_that_will_not_work_is_told_with_what_to_do(url: str, rule: str, words: str) -> None:
    problem = PROJECT.problem(url, "index.html")
    assert problem
    assert (problem.rule, problem.severity) == (rule, Severity.ERROR)
    assert words in problem.message


def test_an_address_from_the_root_is_a_warning_where_the_app_is_the_root() -> None:
    problem = ROOT.problem("/Data.csv", "index.html")
    assert problem
    assert (problem.rule, problem.severity) == ("root-absolute-url", Severity.WARNING)
    missing = ROOT.problem("/none.csv", "index.html")
    assert missing
    assert missing.severity is Severity.ERROR


def test_long_and_unprintable_addresses_are_shortened_in_messages() -> None:
    problem = PROJECT.problem("a\u202eb" + "c" * 500, "index.html")
    assert problem
    assert "a?bccc" in problem.message
    assert len(problem.message) < 200


def test_literal_addresses_in_code_are_seen_with_their_place() -> None:
    code = """
    fetch("data.csv"); fetch(`rates.json`, {}); fetch(`${base}/x`); fetch(url);
    import { a } from './a.js'; const b = await import("../b.js"); import 'https://cdn.example/c.js';
    """
    assert [(url, is_import) for url, _, is_import in addresses_in_code(code)] == [
        ("data.csv", False),
        ("rates.json", False),
        ("./a.js", True),
        ("../b.js", True),
    ]
    url, position, _ = next(addresses_in_code(code))
    assert code[position:].startswith(f'fetch("{url}"')
