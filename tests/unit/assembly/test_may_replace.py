"""When an attachment may be changed."""

import pytest

from pipeline.assembly import may_replace


@pytest.mark.parametrize(
    "brief",
    [
        "Fix the bug in execute.py.",
        "Commit execute.py after fixing the non-trivial error in it.",
        "Convert `execute.py` to Python 3.",
        "Rewrite the attached **execute.py** from scratch",
        "Please correct the typos of execute.py, then publish it.",
        "Update index.html and execute.py",
        "Modify a.json, b.json and execute.py.",
        "Publish these files:\n\n- index.html: a page\n- execute.py: edit execute.py so that it runs",
        "execute.py must be fixed",
        "execute.py needs to be updated first",
        "Take execute.py and fix it.",
    ],
)
def test_a_file_named_as_the_object_of_a_verb_of_change_may_be_replaced(brief: str) -> None:
    assert may_replace("execute.py", brief)


@pytest.mark.parametrize(
    "brief",
    [
        "Publish execute.py as it is.",
        "Update the total from execute.py.",
        "Change the colours using execute.py.",
        "Show the correct sum of execute.py.",
        "On change, read execute.py again.",
        "A page that converts execute.py to HTML.",
        "Fetch execute.py, and update #total after render.",
        "Change the title. Then read execute.py.",
        "Fix execute.pyc and my-execute.py.",
        "Fix everything.",
    ],
)
def test_a_file_that_is_only_used_may_not_be_replaced(brief: str) -> None:
    assert not may_replace("execute.py", brief)


def test_a_file_in_a_folder_may_be_named_with_or_without_the_folder() -> None:
    assert may_replace("src/execute.py", "Fix src/execute.py")
    assert may_replace("src/execute.py", "Fix execute.py")
