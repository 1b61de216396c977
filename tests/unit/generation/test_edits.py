"""SEARCH/REPLACE blocks on one file, by example and for any file."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generation.reply.edits import MAX_BLOCKS, apply_edits
from pipeline.generation.reply.operations import EditBlock
from pipeline.generation.reply.placement import BlockFailure
from tests.builders import make_block
from tests.cases import cases

CASES = cases("edits")
PAGE = """<body>
  <h1>Tides</h1>
  <ul>
    <li>one</li>
    <li>two</li>
  </ul>
  <p>end</p>
</body>
"""


def edited(text: str | None, *blocks: tuple[str, str] | EditBlock) -> str:
    outcome = apply_edits(text, [block if isinstance(block, EditBlock) else make_block(*block) for block in blocks])
    assert not outcome.failures, outcome
    return outcome.text


def failures(text: str | None, *blocks: tuple[str, str] | EditBlock) -> tuple[BlockFailure, ...]:
    outcome = apply_edits(text, [block if isinstance(block, EditBlock) else make_block(*block) for block in blocks])
    assert outcome.failures, outcome
    return outcome.failures


def test_the_one_place_is_replaced_and_nothing_else() -> None:
    assert edited(PAGE, ("    <li>two</li>\n", "    <li>2</li>\n    <li>3</li>\n")) == PAGE.replace(
        "    <li>two</li>\n", "    <li>2</li>\n    <li>3</li>\n"
    )
    assert edited(PAGE, ("  <p>end</p>\n", "")) == PAGE.replace("  <p>end</p>\n", "")


def test_the_replacement_is_text_and_not_a_pattern() -> None:
    assert edited("a.c\nabc\n", ("a.c\n", r"$& \1 \g<0> &amp;" + "\n")) == r"$& \1 \g<0> &amp;" + "\nabc\n"


def test_a_part_of_a_line_is_found_when_it_occurs_once() -> None:
    assert edited("a\ntitle = 'x'\r\n", ("title\n", "name\n")) == "a\nname = 'x'\r\n"
    assert edited("f(a, b)\n", ("a, \n", "")) == "f(b)\n"
    assert edited("<p>one</p><p>two</p>", ("<p>two</p>\n", "<p>2</p>\n<p>3</p>\n")) == "<p>one</p><p>2</p>\n<p>3</p>"
    assert failures("title = 'title'\n", ("title\n", "name\n"))[0].places == 0
    assert failures("x = 1; y\n", ("x = 1\ny\n", ""))[0].places == 0


def test_a_search_that_came_escaped_is_found_as_what_was_meant() -> None:
    assert edited(PAGE, ("  &lt;p&gt;end&lt;/p&gt;\n", "  &lt;p&gt;fin &amp;amp; done&lt;/p&gt;\n")).endswith(
        "  <p>fin &amp; done</p>\n</body>\n"
    )
    assert failures("a &gt; b\n", ("a &lt; b\n", "c\n"))[0].search == "a < b\n"


@pytest.mark.parametrize(
    ("search", "replace", "expected"), CASES["shifts"], ids=["less and space at ends", "less", "more"]
)
def test_a_search_may_be_shifted_as_a_whole_and_may_differ_in_space_at_line_ends(
    search: str, replace: str, expected: str
) -> None:
    result = edited("def f():\n    x = 1\n\n    y = 2\t\n", (search, replace))
    assert [line.rstrip() for line in result.split("\n")] == [line.rstrip() for line in expected.split("\n")]


def test_a_shift_keeps_blank_lines_and_goes_into_every_new_line() -> None:
    assert edited("\t\ta()\n", ("a()\n", "a()\n\nb()\n\tc()\n")) == "\t\ta()\n\n\t\tb()\n\t\t\tc()\n"


@pytest.mark.parametrize("search", CASES["unlike"])
def test_nothing_is_matched_by_likeness(search: str) -> None:
    (failure,) = failures("def f():\n    x = 1\n    y = 2\n", (search, "pass\n"))
    assert (failure.places, failure.reason) == (0, "its SEARCH is not in the file")


def test_a_replacement_that_cannot_be_shifted_is_refused() -> None:
    (failure,) = failures("a()\nb()\n", ("    a()\n", "a()\n"))
    assert "indented less" in failure.reason


def test_a_search_in_several_places_is_refused_with_their_number() -> None:
    (failure,) = failures("a\nb\na\nb\na\n", ("a\nb\n", "c\n"))
    assert (failure.number, failure.places) == (1, 2)
    assert "stands in 2 places" in failure.reason
    assert failures("  a\n\ta\n", ("a\n", "c\n"))[0].places == 2
    assert failures("a \na\t\n", ("a\n", "c\n"))[0].places == 2
    assert failures("a\na\na\n", ("a\na\n", "c\n"))[0].places == 2  # they overlap


def test_an_exact_place_is_preferred_to_others_that_are_only_alike() -> None:
    assert edited("  a\na \na\n", ("a\n", "b\n")) == "  a\na \nb\n"


def test_blocks_that_have_a_place_stand_beside_others_that_have_none() -> None:
    good, bad, worse = ("  <h1>Tides</h1>\n", "  <h1>Low</h1>\n"), ("  <h2>\n", ""), ("<li>one</li>\n<li>1</li>\n", "")
    found = failures(PAGE, good, bad, worse)
    assert apply_edits(PAGE, [make_block(*block) for block in (good, bad, worse)]).text == edited(PAGE, good)
    assert [failure.number for failure in found] == [2, 3]
    assert found[0].search == "  <h2>\n"


def test_a_failure_shows_the_real_lines_that_are_nearest() -> None:
    (failure,) = failures(PAGE, ("  <ul>\n    <li>one</li>\n    <li>zwei</li>\n", ""))
    assert failure.nearest
    assert failure.nearest.first_line == 1
    assert failure.nearest.lines == tuple(PAGE.splitlines()[:7])
    (failure,) = failures(PAGE, ("  <h1>Tide table</h1>\n", ""))  # no line is equal
    assert failure.nearest
    assert "  <h1>Tides</h1>" in failure.nearest.lines
    assert failures(PAGE, ("completely different\n", ""))[0].nearest is None


def test_nearest_lines_are_few_and_short() -> None:
    text = "".join(f"{number} {'x' * 1_000}\n" for number in range(500))
    (failure,) = failures(text, (text.replace("250 ", "251 "), ""))
    assert failure.nearest
    assert len(failure.nearest.lines) <= 40
    assert max(map(len, failure.nearest.lines)) <= 300


def test_blocks_are_found_in_the_file_as_it_was() -> None:
    # the first block makes a second place for the SEARCH of the second one
    assert edited("a\nb\n", ("a\n", "a\nb\n"), ("b\n", "c\n")) == "a\nb\nc\n"
    # and moves the lines below it
    assert edited("a\nb\nc\n", ("a\n", ""), ("c\n", "d\n"), ("b\n", "1\n2\n")) == "1\n2\nd\n"


def test_a_block_may_change_what_an_earlier_one_made() -> None:
    assert edited("a\nb\n", ("a\n", "x\ny\n"), ("y\nb\n", "z\n")) == "x\nz\n"
    assert edited("a\nb\n", ("a\n", "a1\nb1\n"), ("b1\n", "b2\n")) == "a1\nb2\nb\n"
    assert failures("a\n", ("a\n", "x\nx\n"), ("x\n", "y\n"))[0].places == 2
    assert failures("a\nb\n", ("a\nb\n", "c\n"), ("a\n", "d\n"))[0].places == 0


def test_a_block_that_was_ambiguous_stays_so_when_an_earlier_one_took_a_place() -> None:
    assert failures("a\nb\na\n", ("a\nb\n", "x\n"), ("a\n", "y\n"))[0].places == 2


def test_a_block_said_twice_is_done_once() -> None:
    block = ("a\n", "a\nb\n")
    assert edited("a\n", block, block) == "a\nb\n"


def test_a_missing_file_is_made_by_an_empty_search() -> None:
    assert edited(None, ("", "new\n")) == "new\n"
    assert edited("", ("", "new\n")) == "new\n"
    assert edited("\n \n", ("\n", "new\n")) == "new\n"
    assert "does not exist" in failures(None, ("x\n", "y\n"))[0].reason
    assert "SEARCH is empty" in failures("text\n", ("", "y\n"))[0].reason


def test_a_divider_inside_the_text_is_settled_by_what_is_in_the_file() -> None:
    text = "Tides\n=======\n\nHeights\n=======\nend\n"
    old, new = "Tides\n=======\n", "Low tides\n=========\n"
    assert edited(text, (old, new)) == text.replace(old, new, 1)
    assert edited(text, ("end\n", "End\n=======\nof it\n")) == text.replace("end\n", "End\n=======\nof it\n")
    assert edited(text, ("Heights\n=======\n", "")) == "Tides\n=======\n\nend\n"


def test_a_divider_of_another_length_is_understood() -> None:
    assert edited("a\n", EditBlock("a\n=====\nb\n")) == "b\n"
    assert edited("a\n", EditBlock("a\r\n=======\r\nb\r\n")) == "b\n"
    assert "no ======= line" in failures("a\n", EditBlock("a\nb\n"))[0].reason


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("file_end", ["\n", "\r\n"])
def test_line_ends_stay_as_they_are_in_the_file(end: str, file_end: str) -> None:
    text = file_end.join(["a", "b", "c", ""])
    block = (end.join(["a", "b", ""]), end.join(["x", "y", "z", ""]))
    assert edited(text, block) == file_end.join(["x", "y", "z", "c", ""])


def test_lines_that_are_not_touched_keep_even_mixed_ends() -> None:
    assert edited("a\r\nb\nc\r\nd\x0be\r\n", ("c\n", "x\ny\n")) == "a\r\nb\nx\r\ny\r\nd\x0be\r\n"


def test_a_file_without_a_newline_at_its_end_keeps_none() -> None:
    assert edited("a\nb", ("b\n", "c\nd\n")) == "a\nc\nd"
    assert edited("a\nb", ("a\n", "c\n")) == "c\nb"


def test_a_byte_order_mark_stays_and_hides_nothing() -> None:
    assert edited("\ufeffa\nb\n", ("a\n", "c\n")) == "\ufeffc\nb\n"


def test_too_many_blocks_are_refused() -> None:
    blocks = [(f"{number}\n", "x\n") for number in range(MAX_BLOCKS + 1)]
    text = "".join(search for search, _ in blocks)
    assert edited(text, *blocks[:-1]) == "x\n" * MAX_BLOCKS + f"{MAX_BLOCKS}\n"
    assert "write the whole file" in failures(text, *blocks)[0].reason


def test_a_file_of_one_repeated_line_is_searched_quickly() -> None:
    # compared line by line, this would be 40 thousand million comparisons
    text = "x\n" * 200_000
    assert failures(text, ("x\n" * 199_999 + "y\n", ""))[0].places == 0
    assert failures(" x\n" * 200_000, ("x\n" * 100_000, ""))[0].places > 1


LINES = st.lists(st.sampled_from(["a", "b", " a", "  a", "a ", " b", "", "  ", "=======", "\ta"]), max_size=8)


def as_text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), unique=True), st.data())
def test_any_unique_lines_can_be_replaced_by_any_others(lines: list[str], data: st.DataObject) -> None:
    lines = [f"{number}:{line}" for number, line in enumerate(lines)]
    bounds = sorted(data.draw(st.sets(st.integers(0, len(lines)), max_size=6)))
    pieces = list(pairwise(bounds))
    blocks, expected = [], []
    position = 0
    for start, end in pieces:
        replacement = data.draw(st.lists(st.sampled_from(["new", "", "  x", "$&", "\\1"]), max_size=3))
        blocks.append(make_block(as_text(lines[start:end]), as_text(replacement)))
        expected += lines[position:start] + replacement
        position = end
    expected += lines[position:]
    shuffled = data.draw(st.permutations(blocks))
    assert apply_edits(as_text(lines), shuffled).text == as_text(expected)


def places(lines: list[str], search: list[str]) -> int:
    """The rule as one would write it without thinking of speed."""

    def windows() -> list[list[str]]:
        return [lines[start : start + len(search)] for start in range(len(lines) - len(search) + 1)]

    def shift(window: list[str]) -> bool:
        found = [line.rstrip() for line in window]
        wanted = [line.rstrip() for line in search]
        indents = {line[: len(line) - len(line.lstrip())] for line in found + wanted if line}
        more = any([indent + line if line else line for line in wanted] == found for indent in indents)
        return more or any([indent + line if line else line for line in found] == wanted for indent in indents)

    exact = sum(window == search for window in windows())
    trailing = sum([line.rstrip() for line in window] == [line.rstrip() for line in search] for window in windows())
    return exact or trailing or sum(map(shift, windows()))


@given(LINES, LINES.filter(lambda lines: "=======" not in lines and any(line.strip() for line in lines)))
def test_a_search_is_accepted_exactly_when_it_has_one_place(lines: list[str], search: list[str]) -> None:
    outcome = apply_edits(as_text(lines), [make_block(as_text(search), "")])
    count = places(lines, search)
    if not outcome.failures:
        assert count == 1
        assert outcome.text.count("\n") == len(lines) - len(search)
    else:
        assert outcome.failures[0].places == count != 1


@given(
    st.text() | LINES.map(as_text) | st.none(),
    st.lists(st.builds(EditBlock, st.text() | LINES.map(as_text)), max_size=5),
)
def test_any_blocks_on_any_text_work_or_fail_with_reasons(text: str | None, blocks: list[EditBlock]) -> None:
    outcome = apply_edits(text, blocks)
    assert all(failure.reason for failure in outcome.failures)
