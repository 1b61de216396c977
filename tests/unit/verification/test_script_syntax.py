"""JavaScript is parsed, and never run."""

import pytest

from pipeline.verification.files.scripts import script_problem
from tests.cases import cases

CASES = cases("script-syntax")


@pytest.mark.parametrize("code", [*CASES["scripts"], "(" * 10_000])
def test_code_that_parses_has_no_problem_and_is_not_run(code: str) -> None:
    assert script_problem(code, is_module=False) is None


@pytest.mark.parametrize("code", CASES["modules"])
def test_modules_may_import_export_and_await(code: str) -> None:
    assert script_problem(code, is_module=True) is None


@pytest.mark.parametrize(("code", "line"), CASES["script-errors"])
def test_a_syntax_error_in_a_script_is_found_with_its_line(code: str, line: int) -> None:
    problem = script_problem(code, is_module=False)
    assert problem
    assert problem.line == line
    assert problem.is_certain
    assert problem.message


@pytest.mark.parametrize(("code", "line"), CASES["module-errors"])
def test_a_syntax_error_in_a_module_is_found_with_its_line(code: str, line: int) -> None:
    problem = script_problem(code, is_module=True)
    assert problem
    assert problem.line == line
    assert problem.is_certain


@pytest.mark.parametrize("code", CASES["uncertain"])
def test_a_complaint_about_what_only_browsers_know_is_not_certain(code: str) -> None:
    problem = script_problem(code, is_module=False)
    assert problem
    assert not problem.is_certain
