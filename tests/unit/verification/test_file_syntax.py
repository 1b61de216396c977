"""Syntax of scripts, style sheets, data, Python and pictures: parsed, and never run."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.verification.files.scripts import script_problem
from pipeline.verification.files.stylesheets import read_stylesheet
from pipeline.verification.files.syntax import json_problem, python_problem, svg_problem, yaml_problem
from pipeline.verification.problems import Problem
from tests.cases import cases

CASES = cases("syntax")


def lines(problem: Problem | None) -> int | None:
    assert problem is not None
    return problem.line


@pytest.mark.parametrize("css", CASES["css"])
def test_css_that_browsers_take_has_no_problem(css: str) -> None:
    assert read_stylesheet(css).problems == ()


@pytest.mark.parametrize(("css", "line", "certain"), CASES["css-errors"])
def test_css_that_browsers_skip_is_told_with_its_line(css: str, line: int, *, certain: bool) -> None:
    problem = read_stylesheet(css).problems[0]
    assert (problem.line, problem.is_certain) == (line, certain)


def test_the_addresses_in_css_are_found() -> None:
    css = "@import 'a.css';\n@import url(b.css);\n@media print { a { b: url('c.png'), image-set(url(d.png) 1x) } }"
    assert read_stylesheet(css).urls == (("a.css", 1), ("b.css", 2), ("c.png", 3), ("d.png", 3))
    assert read_stylesheet("a { content: 'no address' }").urls == ()


@pytest.mark.parametrize("text", ['{"a": [1, 2.5e3, null]}', "[]", '"x"', "1" * 10_000])
def test_json_that_parses_has_no_problem(text: str) -> None:
    assert json_problem(text) is None


@pytest.mark.parametrize("text", ["", "{a: 1}", '{"a": 1,}', "[NaN]", "[Infinity]", "// c\n{}", "[" * 100_000])
def test_json_that_browsers_refuse_is_told(text: str) -> None:
    assert json_problem(text)


def test_a_json_error_has_its_line() -> None:
    assert lines(json_problem('{\n"a": 1\n"b": 2}')) == 3


def test_yaml_is_parsed_and_nothing_is_constructed() -> None:
    assert yaml_problem("a: &x [1]\nb: *x\nc: !!python/object/apply:os.abort []\n") is None
    assert lines(yaml_problem("a: 1\nb: [1\n")) == 3
    assert lines(yaml_problem("a: b: c")) == 1
    assert yaml_problem("a: \x07")
    too_deep = yaml_problem("[" * 200 + "]" * 200)
    assert too_deep
    assert not too_deep.is_certain


BREAKS = ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"]


def lines_in_an_editor(text: str) -> int:
    return len(re.split(r"\r\n|\r|\n", text))


@given(st.lists(st.sampled_from(BREAKS)), st.lists(st.sampled_from(BREAKS)))
def test_a_yaml_problem_is_on_the_line_that_editors_show(before: list[str], after: list[str]) -> None:
    sound = "".join(f"# remark{line_break}" for line_break in before)
    problem = yaml_problem(f"{sound}\na: b: c{''.join(after)}")
    assert lines(problem) == lines_in_an_editor(f"{sound}\n")


def stylesheet_problem(text: str) -> Problem | None:
    return next(iter(read_stylesheet(text).problems), None)


@pytest.mark.parametrize("parse", [json_problem, yaml_problem, python_problem, svg_problem, stylesheet_problem])
@given(text=st.lists(st.sampled_from([*BREAKS, "\f", "a", ": ", "[", "'", "<", "{", "#"])).map("".join))
def test_no_problem_is_beyond_the_last_line(parse: Callable[[str], Problem | None], text: str) -> None:
    problem = parse(text)
    assert problem is None or problem.line is None or 1 <= problem.line <= lines_in_an_editor(text)


def test_python_is_parsed_without_warnings_and_never_run() -> None:
    assert python_problem("import os\nos.abort()\nx = '\\d'\n") is None
    assert lines(python_problem("x = 1\nif x\n")) == 2
    assert python_problem("a\0")
    too_complex = python_problem("a." * 50_000 + "a")
    assert too_complex
    assert not too_complex.is_certain


@pytest.mark.parametrize("text", CASES["svg"])
def test_a_picture_in_svg_has_no_problem(text: str) -> None:
    assert svg_problem(text) is None


@pytest.mark.parametrize("text", CASES["svg-errors"])
def test_what_is_no_svg_or_declares_entities_is_told(text: str) -> None:
    assert svg_problem(text)


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
