"""SEARCH/REPLACE blocks, for any file."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.generation.reply.edits import apply_edits
from pipeline.generation.reply.operations import EditBlock
from tests.builders import make_block

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
    assert apply_edits(as_text(lines), shuffled) == as_text(expected)


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
    if isinstance(outcome, str):
        assert count == 1
        assert outcome.count("\n") == len(lines) - len(search)
    else:
        assert outcome[0].places == count != 1


@given(
    st.text() | LINES.map(as_text) | st.none(),
    st.lists(st.builds(EditBlock, st.text() | LINES.map(as_text)), max_size=5),
)
def test_any_blocks_on_any_text_work_or_fail_with_reasons(text: str | None, blocks: list[EditBlock]) -> None:
    outcome = apply_edits(text, blocks)
    assert isinstance(outcome, str) or all(failure.reason for failure in outcome)
