"""The reply grammar at its limits, and for any reply: cut anywhere, in any pieces, with any text inside."""

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generation.reply.grammar import ReplyParser, parse_reply
from pipeline.generation.reply.operations import (
    MAX_FILE_BYTES,
    MAX_FILES_IN_REPLY,
    MAX_REPLY_BYTES,
    MAX_TAGS,
    FileCopy,
    FileDelete,
    FileEdit,
    FileRender,
    FileWrite,
    Operation,
    ParsedReply,
    ReplyRejected,
)
from pipeline.generation.reply.wrapping import unwrapped
from tests.builders import make_block
from tests.cases import cases
from tests.unit.generation.replies import in_file, incomplete, recorded, texts

CASES = cases("reply-grammar")


def test_a_closing_tag_too_many_harms_nothing() -> None:
    assert texts(parse_reply(in_file("x\n") + "\n</file>\n")) == {"a.html": "x\n"}


@pytest.mark.parametrize("reply", CASES["malformed"])
def test_what_is_malformed_is_reported_and_never_dropped_in_silence(reply: str) -> None:
    parsed = parse_reply(reply)
    assert not parsed.operations
    assert [item.path for item in parsed.incomplete] == ["a.html"]
    assert parsed.incomplete[0].reason


def test_a_malformed_tag_spoils_no_more_than_its_own_file() -> None:
    parsed = parse_reply('<delete path="a"/> now\n<file path="b"/>\n<file path="c"> x\ny\n</file>\n' + in_file("z\n"))
    assert texts(parsed) == {"a.html": "z\n", "c": "x\ny\n"}
    assert incomplete(parsed) == {"a": "", "b": ""}
    assert [item.reason.split(":")[0] for item in parsed.incomplete] == [
        "its tag is malformed, or words follow it",
        "it has no content",
    ]


def test_tags_that_open_nothing_are_text_inside_a_file() -> None:
    text = '<file path="x"/>\n<file path="y"></file>\n<delete path="z"/>\n<edit path="w"/>\n'
    assert texts(parse_reply(in_file(text))) == {"a.html": text}


def test_a_broken_edit_is_not_forgotten_because_another_edit_of_the_file_is_fine() -> None:
    fine = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    parsed = parse_reply(f'<edit path="a.js">\n{fine}=======\n</edit>\n<edit path="a.js">\n{fine}</edit>\n')
    assert [item.path for item in parsed.incomplete] == ["a.js"]


def test_a_tag_of_unreasonable_length_is_none() -> None:
    parsed = parse_reply(f'<file path="{"a" * 2_000}">\nx\n</file>\n')
    assert not parsed.operations
    assert len(parsed.incomplete) == 1


@pytest.mark.parametrize(
    "reply",
    [
        recorded("twice.md"),
        in_file("x\n") + in_file("x\n"),
        in_file("x\n") + '<delete path="a.html"/>\n',
        in_file("x\n") + '<edit path="a.html">\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n</edit>\n',
    ],
    ids=["two versions", "the same twice", "deleted as well", "edited as well"],
)
def test_two_operations_on_one_path_reject_the_reply(reply: str) -> None:
    parser = ReplyParser()
    parser.feed(reply)
    with pytest.raises(ReplyRejected, match=r"more than one version of (index|a)\.html"):
        parser.finish(truncated=False)


def test_the_same_deletion_twice_is_no_conflict() -> None:
    assert parse_reply('<delete path="a"/>\n<delete path="a"/>\n').operations == (FileDelete("a"),)


@pytest.mark.parametrize("newline", ["\n", ""], ids=["lines", "one line"])
@pytest.mark.parametrize(
    ("head", "limit", "message"),
    [
        ("", MAX_REPLY_BYTES, "the reply is longer"),
        ('<file path="a">\n', MAX_FILE_BYTES, "a file of the reply is larger"),
    ],
)
def test_an_endless_reply_is_stopped_at_its_limit(head: str, limit: int, message: str, newline: str) -> None:
    parser = ReplyParser()
    parser.feed(head)
    piece = "ä" * 2_047 + newline

    def feed_for_ever() -> None:
        for _ in range(2 * limit // len(piece)):
            parser.feed(piece)

    with pytest.raises(ReplyRejected, match=message):
        feed_for_ever()


def test_a_file_as_large_as_the_limit_is_accepted() -> None:
    text = "x" * (MAX_FILE_BYTES - 1) + "\n"
    assert texts(parse_reply(in_file(text) + in_file(text, "b.html"))) == {"a.html": text, "b.html": text}
    with pytest.raises(ReplyRejected, match="larger"):
        parse_reply(in_file("x" + text))


def test_too_many_files_or_tags_reject_the_reply() -> None:
    files = [in_file("x\n", f"{number}.html") for number in range(MAX_FILES_IN_REPLY + 1)]
    assert len(parse_reply("".join(files[:-1])).operations) == MAX_FILES_IN_REPLY
    with pytest.raises(ReplyRejected, match="more than 60 files"):
        parse_reply("".join(files))
    with pytest.raises(ReplyRejected, match="tags"):
        parse_reply('<file path="a">\n' * (MAX_TAGS + 1))


def test_halves_of_a_character_are_joined_and_a_lone_half_is_reported() -> None:
    parser = ReplyParser()
    for piece in ('<file path="a.txt">\n\ud83c', "\udf0a\n</file>\n", '<file path="b.txt">\n\ud83c\n</file>\n'):
        parser.feed(piece)
    parsed = parser.finish(truncated=False)
    assert texts(parsed) == {"a.txt": "🌊\n"}
    assert incomplete(parsed) == {"b.txt": "\ud83c\n"}
    assert parsed.incomplete[0].reason == "it holds half of a Unicode character"


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
    st.builds(FileWrite, PATH, TEXT).filter(lambda write: unwrapped(write.path, write.text) == write.text),
    st.builds(FileEdit, PATH, st.lists(BLOCK, min_size=1, max_size=4).map(tuple)),
    st.builds(FileDelete, PATH),
    st.builds(FileCopy, PATH, PATH),
    st.builds(FileRender, st.sampled_from(["#a", ".b > svg", "canvas"]), PATH),
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
        case FileRender(source, path):
            return f'<render from="{source}" to="{path}"/>\n'


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
