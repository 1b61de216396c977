"""A whole reply carried out on the files of an app."""

from base64 import b64encode
from textwrap import wrap

import pytest

from pipeline.domain.files import AppFiles, path_problem
from pipeline.generation.reply.edits import Applied, apply_reply
from pipeline.generation.reply.grammar import parse_reply
from pipeline.generation.reply.operations import ParsedReply
from tests.builders import make_attachment, make_files
from tests.unit.generation.replies import recorded

TIDES = make_attachment(name="tides.csv", content=b"time,height\n06:00,1.2\n")
NOTHING = AppFiles({})
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(300)


def parsed(name: str) -> ParsedReply:
    return parse_reply(recorded(name))


def applied(reply: str, base: AppFiles = NOTHING) -> Applied:
    return apply_reply(base, [TIDES], parse_reply(reply))


def test_two_rounds_give_the_files_that_were_asked_for() -> None:
    first = apply_reply(make_files({"old.html": "old"}), [TIDES], parsed("good-build.md"))
    assert not first.failures
    assert set(first.files) == {"index.html", "README.md", "data/tides.csv", "js/empty.js", ".nojekyll", "notes.txt"}
    assert first.files["data/tides.csv"] == TIDES.content
    second = apply_reply(first.files, [], parsed("good-revision.md"))
    assert not second.failures
    assert set(second.files) == set(first.files) - {"js/empty.js"} | {"style.css"}
    assert "<caption>Tides</caption>" in (second.files.text("index.html") or "")
    assert "Usage\n=======\n" in (second.files.text("README.md") or "")
    assert second.files["notes.txt"] == first.files["notes.txt"]


def test_every_path_that_breaks_the_rule_is_left_out_and_the_rule_named() -> None:
    outcome = apply_reply(make_files(), [TIDES], parsed("hostile.md"))
    reserved = "the path has a part with a reserved name: .git, .gitmodules, .ssh or .env"
    assert outcome.notes == (
        "../../etc/cron.d/job was left out: the path has a part that is . or ..",
        f".git/hooks/post-checkout was left out: {reserved}",
        f"C:/windows/win.ini was left out: the path {path_problem('C:')}",
        f"sub/.GIT/config was left out: {reserved}",
        "../tides.csv was left out: the path has a part that is . or ..",
        "../index.html was left out: the path has a part that is . or ..",
    )
    assert [(failure.path, failure.reason) for failure in outcome.failures] == [
        ("stolen.txt", "there is no such attachment; known are: tides.csv")
    ]
    assert set(outcome.files) == {"README.md", "etc/passwd", "index.html", "tides.csv"}


def test_edits_that_have_no_place_leave_the_others_standing_and_say_what_is_there() -> None:
    base = apply_reply(NOTHING, [TIDES], parsed("good-build.md")).files
    outcome = apply_reply(base, [], parsed("wrong-edits.md"))
    failures = {failure.path: failure for failure in outcome.failures}
    assert {path: failure.reason for path, failure in failures.items()} == {
        "no-marker.js": "a block has no REPLACE marker",
        "index.html": "block 2 could not be placed; in place already: block 1",
        "README.md": "block 1 could not be placed",
        "missing.css": "block 1 could not be placed",
    }
    index_page = (base.text("index.html") or "").replace('<table id="tides">', '<table id="tides" class="wide">')
    assert outcome.files == base.with_files({"fine.txt": b"fine\n", "index.html": index_page.encode()})
    (index,) = failures["index.html"].blocks
    assert index.number == 2
    assert index.nearest
    assert any("const amp =" in line for line in index.nearest.lines)
    assert failures["README.md"].blocks[0].places == 2
    assert "does not exist" in failures["missing.css"].blocks[0].reason


def test_a_file_of_which_a_part_is_incomplete_is_not_touched_at_all() -> None:
    block = "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n"
    outcome = applied(f'<edit path="a">\n{block}</edit>\n<edit path="a">\n{block}', make_files({"a": "x\n"}))
    assert outcome.files["a"] == b"x\n"
    assert [failure.reason for failure in outcome.failures] == ["the reply ended before its closing tag"]


def test_an_attachment_can_be_edited_before_it_is_part_of_the_app() -> None:
    reply = '<edit path="tides.csv">\n<<<<<<< SEARCH\n06:00,1.2\n=======\n06:00,1.3\n>>>>>>> REPLACE\n</edit>\n'
    outcome = applied(reply)
    assert outcome.files["tides.csv"] == b"time,height\n06:00,1.3\n"


def test_copies_come_from_attachments_then_derived_files_then_the_app() -> None:
    base = make_files({"tides.csv": "old", "logo.bin": b"\xff\x00"})
    reply = "".join(
        f'<copy from="{name}" to="copy/{name}"/>\n' for name in ("tides.csv", "book.csv", "logo.bin", "none.csv")
    )
    outcome = apply_reply(base, [TIDES], parse_reply(reply), {"book.csv": b"a,b\n", "tides.csv": b"derived"})
    assert outcome.files["copy/tides.csv"] == TIDES.content
    assert outcome.files["copy/book.csv"] == b"a,b\n"
    assert outcome.files["copy/logo.bin"] == b"\xff\x00"
    assert [(failure.path, failure.reason) for failure in outcome.failures] == [
        ("copy/none.csv", "there is no such attachment; known are: tides.csv, book.csv")
    ]


@pytest.mark.parametrize("head", ["", "data:image/gif;base64,", "\n  data:;base64,"])
@pytest.mark.parametrize("path", ["dot.gif", "img/DOT.GIF"])
def test_base64_becomes_the_picture_that_it_stands_for(head: str, path: str) -> None:
    written = "\n".join(wrap(b64encode(GIF).decode(), 20))
    assert applied(f'<file path="{path}">\n{head}{written}\n</file>\n').files[path] == GIF


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("dot.gif", "a drawing"),
        ("dot.png", b64encode(b"GIF89a").decode()),
        ("a.js", "abcd"),
        ("a.bin", "abcd"),
        ("a.svg", "abcd"),
    ],
)
def test_what_is_no_base64_of_a_picture_stays_text(path: str, text: str) -> None:
    assert applied(f'<file path="{path}">\n{text}\n</file>\n').files.text(path) == f"{text}\n"


def test_pictures_of_the_page_are_asked_for_and_only_in_formats_that_can_be_made() -> None:
    asked = {"chart.png": "#chart", "img/all.JPG": "main > svg", "chart.webp": "#chart", "tides.csv": "#chart"}
    reply = "".join(f'<render from="{source}" to="{path}"/>\n' for path, source in asked.items())
    outcome = applied(reply)
    assert outcome.renders == {"chart.png": "#chart", "img/all.JPG": "main > svg"}
    assert [failure.path for failure in outcome.failures] == ["chart.webp", "tides.csv"]
    photo = make_attachment(name="photo.png", content=b"")
    outcome = apply_reply(NOTHING, [photo], parse_reply('<render from="img" to="photo.png"/>\n'))
    assert (outcome.renders, [failure.path for failure in outcome.failures]) == ({}, ["photo.png"])


def test_deleting_what_is_not_there_is_a_note() -> None:
    outcome = applied('<delete path="gone.js"/>\n', make_files())
    assert not outcome.failures
    assert outcome.files == make_files()
    assert outcome.notes == ("gone.js: there was no such file to delete",)


def test_files_that_cannot_live_side_by_side_are_refused() -> None:
    write = '<file path="{}">\nnew\n</file>\n'.format
    base = make_files({"index.html": "old", "css": "a file"})
    outcome = applied(
        write("Index.html") + write("css/a.css") + write("b.js") + write("B.js") + write("index.html"), base
    )
    assert {failure.path for failure in outcome.failures} == {"Index.html", "css/a.css", "B.js"}
    assert all(failure.reason.startswith("the path ") for failure in outcome.failures)
    assert dict(outcome.files) == {"index.html": b"new\n", "css": b"a file", "b.js": b"new\n"}


def test_a_file_may_change_the_case_of_its_name_and_a_file_may_become_a_folder() -> None:
    base = make_files({"Index.html": "old", "css": "a file"})
    reply = '<delete path="Index.html"/>\n<file path="index.html">\nnew\n</file>\n<delete path="css"/>\n'
    outcome = applied(reply + '<file path="css/a.css">\nx\n</file>\n', base)
    assert not outcome.failures
    assert dict(outcome.files) == {"index.html": b"new\n", "css/a.css": b"x\n"}


def test_two_unicode_forms_of_one_path_are_one_path() -> None:
    outcome = applied('<file path="caf\u00e9">\n1\n</file>\n<file path="cafe\u0301">\n2\n</file>\n')
    assert dict(outcome.files) == {"caf\u00e9": b"1\n"}
    assert [failure.reason for failure in outcome.failures] == ["the path names the same file as another one"]


def test_a_file_that_is_not_utf_8_cannot_be_edited() -> None:
    reply = '<edit path="a.txt">\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n</edit>\n'
    outcome = applied(reply, make_files({"a.txt": b"\xe9\nx\n"}))
    assert "not UTF-8" in outcome.failures[0].reason
    assert outcome.files["a.txt"] == b"\xe9\nx\n"


def test_a_byte_order_mark_and_crlf_survive_an_edit() -> None:
    reply = '<edit path="a.txt">\n<<<<<<< SEARCH\nx\n=======\ny\nz\n>>>>>>> REPLACE\n</edit>\n'
    outcome = applied(reply, make_files({"a.txt": b"\xef\xbb\xbfx\r\nend\r\n"}))
    assert outcome.files["a.txt"] == b"\xef\xbb\xbfy\r\nz\r\nend\r\n"
