"""Which files are an app's, where they are served, and when what visitors get is the same."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.publishing.hf_space import is_just_created, space_id_of, without_hubs_own
from pipeline.publishing.local import LocalPublisher
from pipeline.publishing.served import MOST_FILES, is_served_as, texts_of_space, texts_on_pages
from pipeline.workspace import GitWorkspaces
from tests.builders import make_files, make_publication, make_site
from tests.cases import cases

CASES = cases("served-files")
BINARY = ({"x.txt": b"\xff", "y.txt": b"a\0b", "z": "", ".nojekyll": ""}, ["z"])


@pytest.mark.parametrize(("files", "served"), [*CASES["on-pages"], BINARY])
def test_what_is_compared_is_the_text_that_visitors_get_unchanged(
    files: dict[str, bytes | str], served: list[str]
) -> None:
    assert sorted(texts_on_pages(make_files(files))) == served


def test_texts_that_pages_load_are_compared_and_files_of_the_repository_are_not() -> None:
    paths = ("index.html", "a/b.JS", "data.csv", "x.png", "README.md", "LICENSE", ".nojekyll", ".github/x.yml", "é.txt")
    assert sorted(texts_of_space(make_files(dict.fromkeys(paths, "x")))) == ["", "a/b.JS", "data.csv", "é.txt"]
    many = make_files({f"{number}.txt": "x" for number in range(3 * MOST_FILES)})
    assert len(texts_of_space(many)) == MOST_FILES


@pytest.mark.parametrize("script", CASES["scripts"])
def test_a_page_with_the_hubs_script_is_the_same_page(script: str) -> None:
    page = b"<html><head><script>own()</script></head><body></body></html>"
    assert is_served_as(page.replace(b"<head>", b"<head>" + script.encode()), page)
    assert is_served_as(page, page)
    assert not is_served_as(page.replace(b"own", b"other"), page)


@given(st.binary(), st.binary())
def test_other_bytes_are_another_page(one: bytes, other: bytes) -> None:
    assert is_served_as(one, other) is (one == other) or b"window.huggingface" in one + other


# What of a Space is the app's, and what the Hub's


HUBS_RULES = "*.7z filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n"


@pytest.mark.parametrize(("text", "is_kept"), [(HUBS_RULES, False), ("", False), (f"{HUBS_RULES}*.csv text\n", True)])
def test_only_gitattributes_of_the_hubs_own_making_are_left_out(text: str, is_kept: bool) -> None:
    files = make_files({".gitattributes": text, "index.html": "x"})
    assert (".gitattributes" in without_hubs_own(files)) is is_kept


@pytest.mark.parametrize(("files", "answer"), CASES["beginnings"])
def test_a_space_is_just_created_only_while_it_holds_the_hubs_beginning(files: dict[str, str], answer: bool) -> None:
    assert is_just_created(make_files(files)) is answer


def test_the_space_is_known_by_the_address_of_its_page() -> None:
    page = make_publication(repo_url="https://huggingface.co/spaces/ada/sales-1")
    assert space_id_of(page) == "ada/sales-1"


# Addresses on this machine


@pytest.mark.parametrize("own_address", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/"])
def test_a_local_site_is_served_below_the_preview_route(own_address: str) -> None:
    publisher = LocalPublisher(GitWorkspaces(Path("repos")), Path("repos"), own_address)
    assert publisher.address(make_site(folder="sales-ab12")) == "http://127.0.0.1:8000/preview/sales-ab12/"


def test_an_address_that_is_known_late_is_asked_for_each_time() -> None:
    ports = iter([1, 2])
    publisher = LocalPublisher(GitWorkspaces(Path("repos")), Path("repos"), lambda: f"http://[::1]:{next(ports)}")
    assert publisher.address(make_site(folder="a")) == "http://[::1]:1/preview/a/"
    assert publisher.address(make_site(folder="a")) == "http://[::1]:2/preview/a/"
