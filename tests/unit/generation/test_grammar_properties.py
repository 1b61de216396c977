"""The reply grammar, for any reply: cut anywhere, in any pieces, with any text inside."""

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generation.reply.draft import without_wrapping_fence
from pipeline.generation.reply.grammar import ReplyParser, parse_reply
from pipeline.generation.reply.operations import (
    FileCopy,
    FileDelete,
    FileEdit,
    FileWrite,
    Operation,
    ParsedReply,
    ReplyRejected,
)
from tests.builders import make_block
from tests.cases import cases
from tests.unit.generation.replies import recorded

CASES = cases("reply-pieces")
GOOD = ["good-build.md", "good-revision.md", "fenced.md", "hostile.md", "wrong-edits.md", "forgotten-end.md"]


def parse_pieces(pieces: list[str], *, truncated: bool = False) -> ParsedReply:
    parser = ReplyParser()
    for piece in pieces:
        parser.feed(piece)
    return parser.finish(truncated=truncated)


def cut_at(text: str, places: list[int]) -> list[str]:
    bounds = [0, *sorted(places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@pytest.mark.parametrize("name", GOOD)
def test_how_a_reply_is_cut_into_pieces_never_changes_what_it_says(name: str) -> None:
    text = recorded(name)
    whole = parse_reply(text)
    rng = random.Random(name)
    assert parse_pieces(list(text)) == whole
    for _ in range(3_000 // len(GOOD)):
        places = rng.choices(range(len(text)), k=rng.randrange(1, 60))
        assert parse_pieces(cut_at(text, places)) == whole


@pytest.mark.parametrize("name", GOOD)
def test_a_reply_cut_at_any_byte_never_gives_a_file_that_is_complete_but_not_exact(name: str) -> None:
    content = recorded(name).encode()
    whole = {operation.path: operation for operation in parse_reply(content.decode()).operations}
    for end in range(len(content)):
        cut = parse_reply(content[:end].decode(errors="ignore"), truncated=True)
        assert all(operation == whole.get(operation.path) for operation in cut.operations)


def test_a_cut_that_the_provider_does_not_admit_is_seen_by_the_open_tag() -> None:
    content = recorded("good-revision.md").encode()
    whole = parse_reply(content.decode()).operations
    for end in range(len(content)):
        cut = parse_reply(content[:end].decode(errors="ignore"))
        assert cut.operations == whole[: len(cut.operations)]


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30) | st.sampled_from(
    CASES["lines"]
)
TAG_LIKE = re.compile(r"</?(file|edit)\b.*|[<>]{5,9} ?(SEARCH|REPLACE)>?|={5,9}", re.DOTALL)
TEXT = st.lists(LINE.filter(lambda line: not TAG_LIKE.fullmatch(line.strip()))).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)
PATH = st.from_regex(r"[a-z0-9_]{1,8}(/[a-z0-9_.é-]{1,8}[a-z])?\.(txt|html|js)", fullmatch=True)
BLOCK = st.builds(make_block, TEXT, TEXT)
OPERATION = st.one_of(
    st.builds(FileWrite, PATH, TEXT).filter(lambda write: without_wrapping_fence(write.path, write.text) == write.text),
    st.builds(FileEdit, PATH, st.lists(BLOCK, min_size=1, max_size=4).map(tuple)),
    st.builds(FileDelete, PATH),
    st.builds(FileCopy, PATH, PATH),
)
OPERATIONS = st.lists(OPERATION, max_size=8, unique_by=lambda operation: operation.path)


def rendered(operation: Operation) -> str:
    match operation:
        case FileWrite(path, text):
            return f'<file path="{path}">\n{text}</file>\n'
        case FileEdit(path, blocks):
            inner = "".join(f"<<<<<<< SEARCH\n{block.body}>>>>>>> REPLACE\n" for block in blocks)
            return f'<edit path="{path}">\n{inner}</edit>\n'
        case FileDelete(path):
            return f'<delete path="{path}"/>\n'
        case FileCopy(source, path):
            return f'<copy from="{source}" to="{path}"/>\n'


@given(OPERATIONS, st.data())
def test_what_is_written_in_the_grammar_is_read_back(operations: list[Operation], data: st.DataObject) -> None:
    text = "A summary.\n\n" + "".join(map(rendered, operations))
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    parsed = parse_pieces(cut_at(text, places))
    assert parsed.operations == tuple(operations)
    assert parsed.summary == "A summary."
    assert not parsed.incomplete


FRAGMENT = st.sampled_from(CASES["fragments"])


@given(st.lists(FRAGMENT | st.text(max_size=5), max_size=40).map("".join), st.booleans(), st.data())
def test_any_text_is_parsed_or_rejected_and_the_same_in_any_pieces(
    text: str, truncated: bool, data: st.DataObject
) -> None:
    def outcome(pieces: list[str]) -> ParsedReply | str:
        try:
            return parse_pieces(pieces, truncated=truncated)
        except ReplyRejected as error:
            return str(error)

    places = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    assert outcome(cut_at(text, places)) == outcome([text])
