import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.files import path_problem
from pipeline.domain.publication import folder_name, repository_name, slug


@given(st.text())
def test_a_slug_is_valid_wherever_names_go(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert len(slug(text)) <= 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("captcha-solver-4db9c", "captcha-solver-4db9c"),
        ("LLMPages", "llmpages"),
        ("../../etc/passwd", "etc-passwd"),
        ("漢字", "app"),
        ("", "app"),
        ("x" * 59 + "--y", "x" * 59),
    ],
)
def test_slugs_by_example(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.emails(), st.emails(), st.text(max_size=100), st.text(max_size=100))
def test_no_two_owners_or_tasks_share_a_repository(one: str, other: str, task: str, other_task: str) -> None:
    try:
        same = repository_name(one, task) == repository_name(other, other_task)
    except UnicodeEncodeError:
        return
    assert same == ((one, task) == (other, other_task))


def test_a_second_site_of_one_task_gets_a_name_of_its_own() -> None:
    names = [repository_name("a@b.c", "sum of sales", counter) for counter in (1, 2, 3)]
    assert names[1:] == [f"{names[0]}-2", f"{names[0]}-3"]


def test_names_stay_within_what_the_targets_allow() -> None:
    name = repository_name("a@b.c", "x" * 100, 12_345)
    assert len(name) <= 96
    assert "--" not in name


@given(st.text(), st.text())
def test_a_folder_name_is_one_safe_path_segment(task: str, nonce: str) -> None:
    folder = folder_name(task, nonce)
    assert "/" not in folder
    assert path_problem(folder) is None
