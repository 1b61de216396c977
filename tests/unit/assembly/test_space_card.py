"""The card of a Space: what its author wrote and the Hub takes stays; ours is always one that the Hub takes."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.assembly.space.card import LONGEST_CARD, read_card, write_readme
from pipeline.assembly.space.card_rules import COLOURS, READERS
from pipeline.domain.files import AppFiles
from pipeline.domain.space import sdk_of
from tests.cases import cases

CASES = cases("space-cards")
OURS = {"title": "Sales", "sdk": "docker", "app_port": 7860}


def card_of(readme: str) -> dict[str, Any]:
    """As an independent reader of YAML sees it."""
    assert readme.startswith("---\n")
    document = yaml.safe_load(readme.split("---\n")[1])
    assert isinstance(document, dict)
    return document


def rewritten(readme: str, **ours: object) -> str:
    return write_readme(read_card(readme), {**OURS, **ours})


def kept(lines: str, **ours: object) -> dict[str, Any]:
    return card_of(rewritten(f"---\n{lines}\n---\n# Body\n", **ours))


def test_a_readme_without_a_card_gets_one_above_its_text() -> None:
    readme = rewritten("# Mine\n\nText.\n")
    assert card_of(readme) == {
        "title": "Sales",
        "emoji": "🚀",
        "colorFrom": "blue",
        "colorTo": "indigo",
        "sdk": "docker",
        "app_port": 7860,
        "pinned": False,
    }
    assert readme.endswith("---\n# Mine\n\nText.\n")


def test_what_the_author_wrote_stays_and_what_is_decided_here_wins() -> None:
    card = kept(
        "title: Theirs\nemoji: 🐍\ncolorFrom: red\nsdk: streamlit\nshort_description: A page.\n"
        "tags: [a, b]\nlicense: apache-2.0\npinned: true\nfullWidth: false\napp_port: 8501\nfavourite: blue",
        app_port=7860,
        title="Theirs",
    )
    assert card == {
        "title": "Theirs",
        "emoji": "🐍",
        "colorFrom": "red",
        "colorTo": "indigo",
        "sdk": "docker",
        "app_port": 7860,
        "fullWidth": False,
        "short_description": "A page.",
        "tags": ["a", "b"],
        "pinned": True,
        "license": "apache-2.0",
    }


def test_versions_stay_texts_whatever_number_they_look_like() -> None:
    card = kept("python_version: 3.10\nsdk_version: 5.10.0", sdk="gradio")
    assert (card["python_version"], card["sdk_version"]) == ("3.10", "5.10.0")


@pytest.mark.parametrize(
    "line", [*CASES["refused"], f"short_description: {'x' * 61}", f"tags: [{', '.join('abcdefghij' * 6)}]"]
)
def test_a_value_that_the_hub_refuses_is_left_out_and_named(line: str) -> None:
    key = line.partition(":")[0]
    card = read_card(f"---\n{line}\n---\n")
    assert card.refused == (key,)
    assert key not in card.values


@pytest.mark.parametrize("line", [*CASES["taken"], "short_description: " + "é" * 60])
def test_a_value_that_the_hub_takes_is_kept(line: str) -> None:
    assert kept(line)[line.partition(":")[0]] == yaml.safe_load(line)[line.partition(":")[0]]


@pytest.mark.parametrize(("sdk", "absent"), CASES["sdks"])
def test_keys_of_other_sdks_are_left_out(sdk: str, absent: list[str]) -> None:
    lines = "sdk_version: 5.0.0\npython_version: '3.12'\napp_file: a.py\napp_port: 80\napp_build_command: npm run b\n"
    card = kept(f"{lines}base_path: /x\nsuggested_hardware: t4-small", sdk=sdk)
    assert not card.keys() & absent


@pytest.mark.parametrize("title", CASES["titles"])
def test_a_title_is_text_for_every_reader_and_sets_no_other_key(title: str) -> None:
    readme = rewritten("", title=title)
    assert card_of(readme) == {**card_of(rewritten("")), "title": title}
    # Quoted: readers of YAML 1.2 take other plain words for numbers than those of YAML 1.1.
    assert title in {"yes", "null"} or "title: '" in readme or 'title: "' in readme


def test_emoji_and_umlauts_stand_in_the_card_as_they_are() -> None:
    assert "emoji: '🚀'" in rewritten("", title="Größe")
    assert "title: 'Größe'" in rewritten("", title="Größe")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_hide_no_card(newline: str, mark: str) -> None:
    card = read_card(mark + newline.join(["---", "emoji: 🐍", "---", "# Body", ""]))
    assert card.values == {"emoji": "🐍"}
    assert card.body == "# Body\n"


@pytest.mark.parametrize(
    "text", ["---\n\nA line between rules.\n\n---\n\nMore.\n", "---\n", "----\na: b\n----\n", "\n---\na: b\n---\n"]
)
def test_text_that_only_looks_like_a_card_stays_text(text: str) -> None:
    card = read_card(text)
    assert (card.values, card.body) == ({}, text)


@pytest.mark.parametrize("broken", [*CASES["broken"], "a: " + "[" * 50 + "]" * 50, "a: " + "[" * 5000])
def test_a_card_that_cannot_be_read_is_replaced_and_told(broken: str) -> None:
    card = read_card(f"---\n{broken}\n---\n# Body\n")
    assert not card.is_readable
    assert card.body == "# Body\n"


def test_objects_of_python_are_never_made() -> None:
    card = read_card("---\ntitle: !!python/object/apply:os.system [echo]\n---\n")
    assert card.values == {}


def test_a_huge_block_is_no_card() -> None:
    text = f"---\ntitle: {'x' * LONGEST_CARD}\n---\n"
    assert read_card(text).body == text


def test_an_empty_card_is_taken_off() -> None:
    assert read_card("---\n---\n# Body\n").body == "# Body\n"


def test_a_readme_without_text_gets_its_title_as_heading() -> None:
    assert rewritten("", title="A *b* <c>").endswith("---\n# A \\*b\\* \\<c\\>\n")


def test_writing_again_changes_nothing() -> None:
    once = rewritten("---\ntags: [a]\n---\n\n\n# Body\n\nText\n", title="T")
    assert rewritten(once, title="T") == once


yaml_values = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none() | st.floats() | st.sampled_from(COLOURS),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)
cards = st.dictionaries(st.sampled_from(sorted(READERS)) | st.text(max_size=8), yaml_values, max_size=8)


@given(cards, st.text(max_size=30), st.sampled_from(["gradio", "docker", "static"]))
def test_whatever_the_author_wrote_the_card_is_one_that_the_hub_takes(
    values: dict[str, Any], body: str, sdk: str
) -> None:
    readme = rewritten(f"---\n{yaml.safe_dump(values, allow_unicode=True)}\n---\n{body}", sdk=sdk)
    card = card_of(readme)
    assert card["sdk"] == sdk
    assert card["colorFrom"] in COLOURS
    assert card["colorTo"] in COLOURS
    assert len(card.get("short_description", "")) <= 60
    assert card.keys() <= READERS.keys()
    assert isinstance(card["title"], str)
    assert sdk_of(AppFiles({"README.md": readme.encode()})) == sdk


@given(st.text())
@example("---\n---\n")
@example("---\na: b\n---")
def test_reading_ends_for_every_text_and_loses_no_text_below_the_card(text: str) -> None:
    body = read_card(text).body
    normal = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert normal.endswith(body)
