import pytest

from pipeline.domain.media_types import content_type_of
from tests.cases import cases

CASES = cases("media-types")


@pytest.mark.parametrize(("path", "media_type"), CASES["types"])
def test_each_kind_of_file_has_the_type_that_browsers_expect(path: str, media_type: str) -> None:
    assert content_type_of(path) == media_type
