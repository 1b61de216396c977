"""Whole files and edits that would lose most of what stood there."""

import pytest

from pipeline.generation.reply.edits import apply_reply
from pipeline.generation.reply.grammar import parse_reply
from tests.builders import make_attachment, make_block, make_files
from tests.unit.generation.replies import in_file

ROWS = "".join(f'<li class="row">Berth {number}, free from {number} o\'clock</li>\n' for number in range(30))
PAGE = f"<!doctype html>\n<html>\n<title>Port</title>\n<!-- berths -->\n<ul>\n{ROWS}</ul>\n<p>Port</p>\n</html>\n"
SCRIPT = """// the berths of the port
const berths = [1, 2, 3];
function show(berth) {
  console.log(berth);
}
show(berths[0]);
"""
OTHER = "// another program\nconst ships = ['a', 'b'];\nfor (const ship of ships) {\n  alert(ship);\n}\n"
TEXT = "# Port\n\nText of some length that says what it is about, twice.\n\nAnd more.\n"


def reasons(old: str, new: str, path: str = "index.html", **more: object) -> list[str]:
    outcome = apply_reply(make_files({path: old}), [], parse_reply(in_file(new, path)), **more)  # type: ignore[arg-type]
    assert (outcome.files.text(path) == old) == bool(outcome.failures)
    return [failure.reason for failure in outcome.failures]


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- ... rest of the page remains the same ... -->",
        "<!-- der Rest bleibt unver\u00e4ndert -->",
        "<!-- \u5176\u4f59\u4fdd\u6301\u4e0d\u53d8 -->",
        "[the other rows as before ...]",
        "\u2026",
    ],
)
def test_a_comment_in_the_place_of_most_of_a_file_is_no_file(comment: str) -> None:
    lazy = PAGE.replace(ROWS, f"{comment}\n").replace("<title>Port", "<title>Harbour")
    (reason,) = reasons(PAGE, lazy)
    assert "stands where 31 lines of the file were" in reason
    assert comment in reason
    assert reasons(PAGE, lazy, doubted={"index.html"})  # to ask once more does not make it whole


@pytest.mark.parametrize("comment", ["// ... existing code ...", "/* restante igual */", "# same as before"])
def test_the_same_holds_for_code(comment: str) -> None:
    assert reasons(SCRIPT, f"const berths = [4];\n{comment}\n", "app.js")


def test_a_file_that_shrinks_to_a_fraction_is_asked_about_once() -> None:
    short = "<!doctype html>\n<title>Port</title>\n<p>Closed.</p>\n"
    (reason,) = reasons(PAGE, short)
    assert "give it again as it is" in reason
    assert not reasons(PAGE, short, doubted={"index.html"})


def test_an_attachment_that_the_app_starts_from_is_held_to_the_same() -> None:
    page = make_attachment(name="index.html", content=PAGE.encode())
    outcome = apply_reply(make_files({}), [page], parse_reply(in_file("<p>\u2026</p>\n", "index.html")))
    assert [failure.path for failure in outcome.failures] == ["index.html"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (PAGE, PAGE.replace(ROWS, ROWS[: len(ROWS) // 2]), "index.html"),
        (PAGE, PAGE.replace("<!-- berths -->", "<!-- all berths -->"), "index.html"),
        (SCRIPT, SCRIPT.replace("const berths = [1, 2, 3];", "// counted from 1\nlet berths = [4];"), "app.js"),
        (SCRIPT, OTHER, "app.js"),
        (TEXT, "# Harbour\n\nMore.\n", "a.md"),
    ],
)
def test_ordinary_changes_are_no_loss(old: str, new: str, path: str) -> None:
    assert not reasons(old, new, path)


def test_an_edit_may_take_out_what_it_shows_but_not_behind_an_ellipsis() -> None:
    def edit(replacement: str) -> str:
        block = f"<<<<<<< SEARCH\n{make_block(ROWS, replacement).body}>>>>>>> REPLACE\n"
        return f'<edit path="index.html">\n{block}</edit>\n'

    base = make_files({"index.html": PAGE})
    assert not apply_reply(base, [], parse_reply(edit("<!-- no berths -->\n"))).failures
    assert apply_reply(base, [], parse_reply(edit("<!-- ... -->\n"))).failures
