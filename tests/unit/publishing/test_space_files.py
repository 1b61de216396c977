"""Which files of a Space are the app's, which are the Hub's, and which visitors are served."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.publishing.hf_space import is_just_created, space_id_of, without_hubs_own
from pipeline.publishing.space_pages import MOST_FILES, is_served_as, pages_to_compare
from tests.builders import make_files, make_publication

HUBS_RULES = "*.7z filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n"
HUBS_README = "---\ntitle: A\nsdk: static\npinned: false\n---\n\nCheck out the configuration reference.\n"


@pytest.mark.parametrize(("text", "is_kept"), [(HUBS_RULES, False), ("", False), (f"{HUBS_RULES}*.csv text\n", True)])
def test_only_gitattributes_of_the_hubs_own_making_are_left_out(text: str, is_kept: bool) -> None:
    files = make_files({".gitattributes": text, "index.html": "x"})
    assert (".gitattributes" in without_hubs_own(files)) is is_kept


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ({".gitattributes": HUBS_RULES, "README.md": HUBS_README}, True),
        ({"README.md": HUBS_README, "index.html": "stub", "style.css": "stub"}, True),
        ({}, True),
        ({"README.md": HUBS_README, "app.py": "mine"}, False),
        ({"README.md": HUBS_README + "\nMy words.\nMore of them.\n"}, False),
        ({"README.md": "# Mine\n"}, False),
        ({"README.md": "Mine\n---\ntitle: A\n---\n"}, False),
    ],
)
def test_a_space_is_just_created_only_while_it_holds_the_hubs_beginning(files: dict[str, str], answer: bool) -> None:
    assert is_just_created(make_files(files)) is answer


def test_the_space_is_known_by_the_address_of_its_page() -> None:
    page = make_publication(repo_url="https://huggingface.co/spaces/ada/sales-1")
    assert space_id_of(page) == "ada/sales-1"


def test_texts_that_pages_load_are_compared_and_files_of_the_repository_are_not() -> None:
    paths = ("index.html", "a/b.JS", "data.csv", "x.png", "README.md", "LICENSE", ".nojekyll", ".github/x.yml", "é.txt")
    assert sorted(pages_to_compare(make_files(dict.fromkeys(paths, "x")))) == ["", "a/b.JS", "data.csv", "é.txt"]
    many = make_files({f"{number}.txt": "x" for number in range(3 * MOST_FILES)})
    assert len(pages_to_compare(many)) == MOST_FILES


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
