"""Env files: what counts as a setting, and what is told of the rest."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.errors import InvalidInput
from pipeline.shapes.env_file import parse_env_file
from tests.cases import cases

CASES = cases("env-files")

CANARY = "canary-7f3a"

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,10}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\\'\r\0", exclude_categories=["Cs"]))


def problems_of(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_env_file(text, "--env-file")
    assert {problem.field for problem in caught.value.problems} == {"--env-file"}
    return [problem.problem for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "expected"), CASES["files"])
def test_lines_are_read_as_shells_and_containers_have_them(text: str, expected: dict[str, str]) -> None:
    assert parse_env_file(text, "body") == expected


@pytest.mark.parametrize(("text", "line"), CASES["no-settings"])
def test_what_is_no_setting_is_told_by_its_line_and_never_shown(text: str, line: int) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(f"line {line} ")
    assert CANARY not in problem


def test_every_bad_line_is_told() -> None:
    assert [problem.split()[1] for problem in problems_of("x y\nA=1\nB\nA=2")] == ["1", "3", "4"]


@given(st.dictionaries(names, values))
@example({"A": 'a "quoted" # word\nand another line'})
def test_single_quotes_keep_every_value_as_it_is(settings: dict[str, str]) -> None:
    text = "".join(f"{key}='{value}'\n" for key, value in settings.items())
    assert parse_env_file(text, "body") == settings


@given(st.text())
@example("A=\ud800")
@example("'")
def test_any_text_is_either_settings_or_bad_input(text: str) -> None:
    settings: dict[str, str] = {}
    with suppress(InvalidInput):
        settings = parse_env_file(text, "body")
    assert all(isinstance(value, str) for value in settings.values())
