import pytest

from pipeline.shapes.problems import field_at, problems_in_words
from tests.cases import cases

CASES = cases("requests")


@pytest.mark.parametrize(("location", "field"), CASES["places"])
def test_a_location_reads_as_the_caller_would_write_it(location: tuple[int | str, ...], field: str) -> None:
    assert field_at(location) == field


def test_an_error_without_words_of_its_own_is_told_without_the_librarys_text() -> None:
    (problem,) = problems_in_words([{"type": "url_parsing", "loc": ("x",), "msg": "canary is no URL", "ctx": {}}])
    assert problem.problem == "is not valid"
