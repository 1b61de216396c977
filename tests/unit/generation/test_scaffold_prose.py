import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generation.scaffold import prose
from pipeline.generation.scaffold.libraries import LIBRARIES, Library, libraries_named
from pipeline.generation.scaffold.prose import Mention
from pipeline.generation.scaffold.words import label_of, mentions, sentences_of, words_of


def mentions_of(sentence: str) -> list[tuple[str, str]]:
    return [(mention.id, mention.tag) for mention in prose.mentions_in(sentence)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Show the sum in #total-sales.", [("total-sales", "")]),
        ("Add a #sort select with two values", [("sort", "select")]),
        ("with a search box #q, and a live count in #count", [("q", "input"), ("count", "")]),
        ("a #submit button and #score showing the points", [("submit", "button"), ("score", "")]),
        ('show it as <img id="pelican">', [("pelican", "img")]),
        ('a page with form id="login" and select#size', [("login", "form"), ("size", "select")]),
        ('an element with the id "total-loans"', [("total-loans", "")]),
        ("A table with id `by-month` lists them", [("by-month", "table")]),
        ("an input type number #min-score", [("min-score", "")]),
    ],
)
def test_ids_are_read_with_the_tag_that_the_words_beside_them_name(
    sentence: str, expected: list[tuple[str, str]]
) -> None:
    assert mentions_of(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "The background is #fff and the text #1a2b3c.",
        "Keep the text in the address as #q=lamp.",
        "See https://example.org/page#chapter for more.",
        "It is our #1 priority.",
        "colour #face for the heading",
    ],
)
def test_colours_addresses_and_hash_keys_are_no_ids(sentence: str) -> None:
    assert mentions_of(sentence) == []


def test_a_live_region_is_told_by_its_attribute() -> None:
    assert list(prose.mentions_in("Show an aria-live alert #status.")) == [
        Mention("status", "", (("aria-live", "polite"),))
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Show items.json as cards (.item).", [("item", "")]),
        ("one fieldset.question per question", [("question", "fieldset")]),
        ('one <rect class="bar"> per row', [("bar", "rect")]),
        ("Mark wrong answers with class wrong after submit", [("wrong", "")]),
        ("an element with class `card`", [("card", "")]),
        ("Use highlight.js, e.g. from a CDN. The class and the id stay.", []),
        ("Add a .gitignore and see data.csv", []),
    ],
)
def test_classes_are_read_but_file_names_and_abbreviations_are_not(
    sentence: str, expected: list[tuple[str, str]]
) -> None:
    assert [(found.name, found.tag) for found in prose.classes_in(sentence)] == expected


@pytest.mark.parametrize(
    ("sentence", "title"),
    [
        ('sets the title to "Sales Summary 1a"', "Sales Summary 1a"),
        ("a page titled “Household Budget”", "Household Budget"),
        ("The title is 'It works'", "It works"),
        ("Page title: Quarterly Report.", "Quarterly Report"),
        ("Set the page title to the quiz title.", ""),
        ("Show the total.", ""),
    ],
)
def test_a_title_is_taken_only_when_it_is_given_word_for_word(sentence: str, title: str) -> None:
    assert prose.title(sentence) == title


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("handles ?url=https://.../image.png", ("url",)),
        ("from a ?url= parameter when present, optionally ?token=", ("url", "token")),
        ("the `id` query parameter", ("id",)),
        ("fetch https://api.example.org/data?key=1", ()),
    ],
)
def test_parameters_of_the_page_are_not_those_of_other_addresses(sentence: str, expected: tuple[str, ...]) -> None:
    assert prose.parameters([sentence]) == expected


def test_files_are_read_with_the_list_item_that_asks_for_them() -> None:
    brief = (
        "Publish:\n\n- story.txt: Write 300 words\n  about the sea.\n- docs/guide.html: A guide.\n- index.html: links"
    )
    wishes = {wish.name: wish.context for wish in prose.files([brief], [])}
    assert wishes == {
        "story.txt": "- story.txt: Write 300 words about the sea.",
        "docs/guide.html": "- docs/guide.html: A guide.",
    }


@pytest.mark.parametrize(
    "text", ["Use Node.js or chart.js.", "see https://example.org/a.html", "mail a@b.html", "v1.2.3", "README.md"]
)
def test_frameworks_addresses_and_given_files_are_no_wishes(text: str) -> None:
    assert prose.files([text], []) == ()


def test_files_in_selectors_of_checks_are_wishes_unless_a_longer_path_ends_like_them() -> None:
    wishes = prose.files(["Add data/info.json."], ["a[href$='info.json']", "a[href='about.html']", "./app.js"])
    assert [wish.name for wish in wishes] == ["data/info.json", "about.html", "app.js"]


def test_a_workflow_is_a_wish_only_by_its_path() -> None:
    assert [w.name for w in prose.files(["Add .github/workflows/ci.yml please"], [])] == [".github/workflows/ci.yml"]
    assert prose.files(["Add a workflow that runs the tests"], []) == ()


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("loads Bootstrap 5 from jsdelivr", ["bootstrap"]),
        ("converts it with marked, and highlight.js for code", ["marked", "highlight.js"]),
        ("answers are marked as wrong", []),
        ("No external libraries such as d3.", []),
    ],
)
def test_libraries_are_named_in_sentences(sentence: str, names: list[str]) -> None:
    assert [library.name for library in libraries_named([sentence], [])] == names


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_check_that_looks_for_the_name_in_the_address_finds_it(library: Library) -> None:
    assert libraries_named([], [library.name]) == (library,)
    assert any(library.name in address.lower() for address in (*library.scripts, *library.styles))


def test_every_library_has_a_pinned_version() -> None:
    addresses = [address for library in LIBRARIES for address in (*library.scripts, *library.styles)]
    assert all(re.search(r"[@/]\d+\.\d+\.\d+(/|$)", address) for address in addresses)


def test_texts_asked_for_word_for_word_are_found_for_their_element() -> None:
    assert prose.text_for("hi", 'Show "Grüß Gott!" in #hi.') == "Grüß Gott!"
    assert prose.text_for("hi", "#hi reads 'Good day' at first") == "Good day"
    assert prose.text_for("hi", 'Show "no" in #high.') == ""


def test_names_are_compared_by_the_stems_of_their_words() -> None:
    assert words_of("totalSales") == words_of("total-sale") == ("total", "sale")
    assert words_of("categories") == ("category",)
    assert words_of("gas_glass") == ("gas", "glass")
    assert words_of("status-plus-analysis") == ("status", "plus", "analysis")
    assert label_of("region-filter") == "Region filter"
    assert mentions("filter by name or tag", "tags") is not None
    assert mentions("filter by names", "name") is not None
    assert mentions("rename it", "name") is None


def test_sentences_end_at_full_stops_and_list_items_but_not_after_abbreviations() -> None:
    assert sentences_of("One thing, e.g. this. Then #two.\n- three\n  goes on") == [
        "One thing, e.g. this.",
        "Then #two.",
        "- three goes on",
    ]


@given(st.text(alphabet=st.sampled_from("#.<>\"'`“” \nabid=?&-_/{}[]():1")))
def test_no_text_makes_the_rules_fail(text: str) -> None:
    for sentence in sentences_of(text):
        list(prose.mentions_in(sentence))
        list(prose.classes_in(sentence))
        prose.title(sentence)
    prose.files([text], [text])
    prose.parameters([text])
    prose.storage_keys([text])
    prose.interfaces([text])
