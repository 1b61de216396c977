"""When an attachment may be changed."""

import pytest

from pipeline.assembly import may_replace
from tests.cases import cases

CASES = cases("may-replace")


@pytest.mark.parametrize("brief", CASES["changed"])
def test_a_file_named_as_the_object_of_a_verb_of_change_may_be_replaced(brief: str) -> None:
    assert may_replace("execute.py", brief)


@pytest.mark.parametrize("brief", CASES["used"])
def test_a_file_that_is_only_used_may_not_be_replaced(brief: str) -> None:
    assert not may_replace("execute.py", brief)


def test_a_file_in_a_folder_may_be_named_with_or_without_the_folder() -> None:
    assert may_replace("src/execute.py", "Fix src/execute.py")
    assert may_replace("src/execute.py", "Fix execute.py")
