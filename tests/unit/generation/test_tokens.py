"""How many tokens a text will take, and cutting it to fit."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.conversation import Image, Message, Role
from pipeline.generation.tokens import Density, cut_middle, estimate_prompt, estimate_tokens


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("ab\n", max_size=900), st.integers(0, 150))
def test_a_cut_text_fits_and_keeps_its_ends(text: str, tokens: int) -> None:
    shown = cut_middle(text, Density.CODE, tokens)
    if estimate_tokens(text, Density.CODE) <= tokens:
        assert shown == text
    else:
        assert "cut …" in shown
        cut = re.search(r"\n… (\d+) (lines?|characters) cut …\n", shown)
        assert cut
        head, tail = shown[: cut.start()], shown[cut.end() :]
        assert text.startswith(head)
        assert text.endswith(tail)
        left = text[len(head) : len(text) - len(tail)]
        assert int(cut[1]) == (len(left) if cut[2] == "characters" else left.count("\n") - 1)


def test_tokens_are_counted_by_the_kind_of_text_and_by_bytes() -> None:
    assert estimate_tokens("x" * 700, Density.CODE) == 200
    assert estimate_tokens("x" * 180, Density.TABLE) == 100
    assert estimate_tokens("x" * 200, Density.JSON) == 100
    assert estimate_tokens("é" * 400, Density.PROSE) == 200
    assert estimate_tokens("\ud800", Density.PROSE) == 1


@given(st.text(), st.sampled_from(Density))
def test_an_estimate_grows_with_the_text(text: str, density: Density) -> None:
    assert estimate_tokens(text, density) <= estimate_tokens(text + "x", density)
    assert estimate_tokens(text, density) >= len(text) / 4


def test_letters_outside_ascii_and_images_count_for_more() -> None:
    assert estimate_tokens("日本語" * 100) > 2 * estimate_tokens("abc" * 100)
    pictures = (Image("image/png", b"one"), Image("image/png", b"two"), Image("image/jpeg", b"one"))
    with_image = (Message(Role.USER, "Build this.", images=pictures),)
    assert estimate_prompt(with_image) > estimate_prompt((Message(Role.USER, "Build this."),)) + 2_000
