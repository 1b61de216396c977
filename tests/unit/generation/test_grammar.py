"""The reply grammar, by example."""

import pytest

from pipeline.generation.reply.grammar import ReplyParser, parse_reply
from pipeline.generation.reply.operations import FileCopy, FileDelete, FileEdit, FileWrite, ParsedReply
from tests.builders import make_block
from tests.cases import cases
from tests.unit.generation.replies import in_file, incomplete, recorded, texts

CASES = cases("reply-grammar")


def test_a_reply_becomes_operations_in_its_order() -> None:
    parsed = parse_reply(recorded("good-build.md"))
    assert [(type(operation), operation.path) for operation in parsed.operations] == [
        (FileWrite, "index.html"),
        (FileWrite, "README.md"),
        (FileCopy, "data/tides.csv"),
        (FileWrite, "js/empty.js"),
        (FileWrite, ".nojekyll"),
        (FileWrite, "notes.txt"),
        (FileDelete, "old.html"),
    ]
    assert parsed.operations[2] == FileCopy("tides.csv", "data/tides.csv")
    assert parsed.summary == "A page that shows the tides of a harbour, read from `tides.csv`."
    assert not parsed.incomplete
    assert not parsed.notes


def test_text_inside_a_file_is_taken_as_it_stands() -> None:
    files = texts(parse_reply(recorded("good-build.md")))
    assert 'const amp = "&lt;b&gt; &amp; &#39;";' in files["index.html"]
    assert '"$& today"' in files["index.html"]
    assert files["index.html"].endswith("</html>\n")
    assert files["notes.txt"].startswith("</file> as the beginning")
    assert "  <<<<<<< SEARCH\n  =======\n  >>>>>>> REPLACE\n" in files["notes.txt"]


def test_a_readme_with_code_fences_stays_whole() -> None:
    readme = texts(parse_reply(recorded("good-build.md")))["README.md"]
    assert readme.startswith("# Tides\n\n```sh\n")
    assert readme.endswith('<table id="tides"></table>\n```\n')


def test_empty_files_are_files() -> None:
    files = texts(parse_reply(recorded("good-build.md")))
    assert files["js/empty.js"] == files[".nojekyll"] == ""


def test_edits_hold_their_blocks() -> None:
    index, readme, delete, style = parse_reply(recorded("good-revision.md")).operations
    assert isinstance(index, FileEdit)
    assert isinstance(readme, FileEdit)
    assert [next(block.cuts())[1].count("\n") for block in index.blocks] == [1, 2]
    # the text has underlined headings of its own, so that the block can be cut at three lines
    assert [search.count("\n") for search, _ in readme.blocks[0].cuts()] == [6, 4, 1]
    assert delete == FileDelete("js/empty.js")
    assert style == FileWrite("style.css", "caption { font-weight: bold; }\n")


def test_an_edit_of_one_file_may_come_in_several_tags() -> None:
    block = "<<<<<<< SEARCH\n{0}\n=======\n{0}{0}\n>>>>>>> REPLACE\n"
    reply = "".join(f'<edit path="a.js">\n{block.format(text)}</edit>\n' for text in "ab")
    assert parse_reply(reply).operations == (FileEdit("a.js", (make_block("a\n", "aa\n"), make_block("b\n", "bb\n"))),)


def test_reasoning_is_ignored_even_when_it_drafts_files() -> None:
    parsed = parse_reply(recorded("good-build.md"))
    assert "draft.html" not in texts(parsed)
    assert not parsed.incomplete


@pytest.mark.parametrize(
    "reply",
    [
        "<think>one line</think>\nHello\n" + in_file("x\n"),
        "<think>\nmany\nlines\n</think>\nHello\n" + in_file("x\n"),
        "<thinking>\nx\n</thinking>\nHello\n" + in_file("x\n"),
        "Hello\n<think>\n</think>" + in_file("x\n"),
        "a draft\n" + in_file("draft\n") + "so that is it.\n</think>\nHello\n" + in_file("x\n"),
        in_file("draft\n") * 2
        + '<file path="b">\n<file path="c">\n</file>\n</think><file path="a.html">\nx\n</file>\n',
        "a draft that ends here.</think>\nHello\n" + in_file("x\n") + "<think>more?\n" + in_file("no\n") + "</think>\n",
    ],
    ids=["one line", "lines", "thinking", "before a tag", "no beginning", "and a tag", "twice"],
)
def test_reasoning_is_ignored_wherever_it_stands(reply: str) -> None:
    parsed = parse_reply(reply)
    assert texts(parsed) == {"a.html": "x\n"}
    assert parsed.summary == ("Hello" if "Hello" in reply else "")
    assert not parsed.incomplete


def test_reasoning_that_never_ends_leaves_nothing_but_a_note() -> None:
    parsed = parse_reply("<think>\n" + in_file("x\n"))
    assert parsed.is_empty
    assert parsed.notes == ("the reply ended inside its reasoning",)


def test_words_about_reasoning_inside_a_file_belong_to_the_file() -> None:
    assert texts(parse_reply(in_file("<think>\nx\n</think>\n"))) == {"a.html": "<think>\nx\n</think>\n"}


def test_one_fence_around_a_file_is_removed_but_never_in_markdown() -> None:
    parsed = parse_reply(recorded("fenced.md"))
    assert texts(parsed) == {
        "index.html": "<!doctype html>\n<title>Fenced</title>\n",
        "README.md": "```sh\nmake\n```\n",
    }
    assert parsed.notes == ("index.html: what was wrapped around the file was removed",)
    assert parsed.summary == "Sure, here is your app:"


@pytest.mark.parametrize(
    ("text", "left"),
    CASES["fences"],
    ids=["only one", "blank lines", "tildes", "other length", "not closed", "not around it all", "nothing inside"],
)
def test_a_fence_is_removed_only_if_it_holds_the_whole_file(text: str, left: str) -> None:
    assert texts(parse_reply(in_file(text, "a.js"))) == {"a.js": left}


def test_a_file_without_its_closing_tag_is_incomplete() -> None:
    parsed = parse_reply(recorded("truncated.md"))
    assert texts(parsed) == {"style.css": "body { margin: 0; }\n"}
    assert incomplete(parsed) == {"index.html": "<!doctype html>\n<html>\n<body>\n  <p>This page was cut\n"}


def test_a_forgotten_closing_tag_makes_the_first_file_incomplete() -> None:
    parsed = parse_reply(recorded("forgotten-end.md"))
    assert texts(parsed) == {"b.html": "<!doctype html>\n<title>b</title>\n"}
    assert incomplete(parsed) == {"a.html": "<!doctype html>\n<title>a</title>\n\n"}
    assert "another file begins inside it" in parsed.incomplete[0].reason


def test_a_file_begun_again_makes_up_for_its_broken_start() -> None:
    parsed = parse_reply('<file path="a.html">\nhalf\n' + in_file("whole\n"))
    assert texts(parsed) == {"a.html": "whole\n"}
    assert not parsed.incomplete


def test_a_file_that_ends_at_a_closing_tag_of_its_own_text_is_not_complete() -> None:
    parsed = parse_reply(in_file("<xliff>\n<file original='x'>\n</file>\n</xliff>\n"))
    assert texts(parsed) == {}
    assert incomplete(parsed) == {"a.html": "<xliff>\n<file original='x'>\n"}


def test_a_closing_tag_counts_only_at_the_indentation_of_its_opening_tag() -> None:
    assert texts(parse_reply(in_file("<a>\n  </file>\n</a>\n"))) == {"a.html": "<a>\n  </file>\n</a>\n"}
    assert texts(parse_reply('  <file path="a.html">\nx\n</file>\n  </file>  \n')) == {"a.html": "x\n</file>\n"}


def test_line_ends_are_kept() -> None:
    assert texts(parse_reply('<file path="a.bat">\r\necho\r\n\nx\ry\u2028z\r\n</file>\r\n')) == {
        "a.bat": "echo\r\n\nx\ry\u2028z\r\n"
    }


def test_the_last_tag_needs_no_newline_unless_the_reply_was_cut() -> None:
    reply = in_file("x\n").removesuffix("\n")
    assert texts(parse_reply(reply)) == {"a.html": "x\n"}
    # it could have gone on as "</file> is how a file ends"
    assert incomplete(parse_reply(reply, truncated=True)) == {"a.html": "x\n</file>"}


@pytest.mark.parametrize(("tag", "path"), CASES["tags"])
def test_attributes_come_in_any_order_and_with_any_quotes(tag: str, path: str) -> None:
    assert texts(parse_reply(f"{tag}\nx\n</file>\n")) == {path: "x\n"}


@pytest.mark.parametrize("tag", ['<delete path="a.js"/>', "<delete path=a.js />", "<delete path='a.js'></delete>"])
def test_deletions_may_be_written_in_several_ways(tag: str) -> None:
    assert parse_reply(tag).operations == (FileDelete("a.js"),)


@pytest.mark.parametrize("tag", ['<copy to="b/c.csv" from="c.csv"/>', "<copy from=c.csv to=b/c.csv></copy>"])
def test_copies_may_be_written_in_several_ways(tag: str) -> None:
    assert parse_reply(tag).operations == (FileCopy("c.csv", "b/c.csv"),)


def test_prose_that_speaks_of_tags_is_prose() -> None:
    parsed = parse_reply("I use `<file path=…>` tags.\n<file> is one\n<files>\n</files>\n</delete>\n")
    assert parsed.is_empty
    assert parsed.summary.startswith("I use")


@pytest.mark.parametrize("tag", [in_file("x\n"), '<delete path="a"/>\n', '<copy from="a" to="b"/>\n'])
def test_only_prose_before_the_first_tag_is_the_summary(tag: str) -> None:
    assert parse_reply(f"Before.\n\n{tag}After.\n").summary == "Before."


def test_prose_alone_is_a_summary_and_nothing_else() -> None:
    parsed = parse_reply(recorded("prose.md"))
    assert parsed == ParsedReply(summary=recorded("prose.md").strip())
    assert parse_reply("").is_empty


def test_events_tell_names_and_sizes_while_the_reply_comes_in() -> None:
    parser = ReplyParser()
    pieces = [
        *("Hello\n<fi", 'le path="a.html">\n', "é" * 1_000, "x" * 100),
        *("\n</file>\n<file path='b'>\n", "<file path='c'>\n"),
    ]
    seen = [[(event.path, event.size) for event in parser.feed(piece)] for piece in pieces]
    parser.finish(truncated=True)
    assert seen == [[], [("a.html", 0)], [("a.html", 2_000)], [], [("a.html", 2_101), ("b", 0)], [("b", 0), ("c", 0)]]
