"""Where the addresses in an app lead."""

import pytest

from pipeline.domain.verdict import Severity
from pipeline.verification.addresses import ServedApp, addresses_in_code
from tests.builders import make_files
from tests.cases import cases

CASES = cases("app-addresses")
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
