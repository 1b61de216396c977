"""Which files of a Space are the app's, and which the Hub's."""

import pytest

from pipeline.publishing.hf_space import is_just_created, space_id_of, without_hubs_own
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
