"""Which files visitors are served as they are, and when what they get is the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.publishing.served import MOST_FILES, is_served_as, texts_of_space, texts_on_pages
from tests.builders import make_files


@pytest.mark.parametrize(
    ("files", "served"),
    [
        ({"index.html": "a", "b.css": "b", ".nojekyll": ""}, ["", "b.css", "index.html"]),
        ({"a/index.html": "a", ".nojekyll": ""}, ["a/index.html"]),
        ({"x.txt": b"\xff", "y.txt": b"a\0b", "z": "", ".nojekyll": ""}, ["z"]),
        ({".hidden": "a", "a/.b/c.txt": "a", "CNAME": "a.example", ".nojekyll": ""}, []),
        ({"_a.css": "a", "a/_b.js": "b", "README.md": "x", ".nojekyll": ""}, ["README.md", "_a.css", "a/_b.js"]),
        ({"_a.css": "a", "a/_b.js": "b", "README.md": "x", "c.html": "---\n---\nx", "d.html": "d"}, ["d.html"]),
    ],
)
def test_what_is_compared_is_the_text_that_visitors_get_unchanged(
    files: dict[str, bytes | str], served: list[str]
) -> None:
    assert sorted(texts_on_pages(make_files(files))) == served


def test_texts_that_pages_load_are_compared_and_files_of_the_repository_are_not() -> None:
    paths = ("index.html", "a/b.JS", "data.csv", "x.png", "README.md", "LICENSE", ".nojekyll", ".github/x.yml", "é.txt")
    assert sorted(texts_of_space(make_files(dict.fromkeys(paths, "x")))) == ["", "a/b.JS", "data.csv", "é.txt"]
    many = make_files({f"{number}.txt": "x" for number in range(3 * MOST_FILES)})
    assert len(texts_of_space(many)) == MOST_FILES


@pytest.mark.parametrize(
    "script",
    [
        b'<script>window.huggingface={"variables":{}};</script>',
        b'<script>\nwindow.huggingface = {"variables":{"A":"1"}};\n</script>\n',
        b'<script nonce="x">window.huggingface={};</script>',
    ],
)
def test_a_page_with_the_hubs_script_is_the_same_page(script: bytes) -> None:
    page = b"<html><head><script>own()</script></head><body></body></html>"
    assert is_served_as(page.replace(b"<head>", b"<head>" + script), page)
    assert is_served_as(page, page)
    assert not is_served_as(page.replace(b"own", b"other"), page)


@given(st.binary(), st.binary())
def test_other_bytes_are_another_page(one: bytes, other: bytes) -> None:
    assert is_served_as(one, other) is (one == other) or b"window.huggingface" in one + other
