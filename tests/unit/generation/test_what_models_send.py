"""Replies as models really write them: beside the grammar, or in the forms of other tools."""

import json
from html import escape

import pytest

from pipeline.generation.reply.ladder import Rung, read_reply
from pipeline.generation.reply.operations import FileEdit, FileWrite, ParsedReply
from tests.unit.generation.replies import in_file, incomplete, texts

PAGE = "<!doctype html>\n<html>\n<title>Owls</title>\n<p>hoo & hoo</p>\n</html>\n"
SCRIPT = "if (1 < 2 && 3 > 2) {\n  document.title = 'Owls';\n}\n"
BLOCK = "<<<<<<< SEARCH\n<p>a</p>\n=======\n<p>b</p>\n>>>>>>> REPLACE\n"
CLINE = BLOCK.replace("<<<<<<<", "-------").replace(">>>>>>>", "+++++++")
TWO = in_file(PAGE, "index.html") + in_file(SCRIPT, "app.js")


def read(reply: str) -> ParsedReply:
    return read_reply(reply, truncated=False).parsed


@pytest.mark.parametrize(
    "lead", ["\ufeff", "\u200b\u200d", "Sure: ", "<|start|>assistant<|channel|>final<|message|>", "<s> ", "[/INST]"]
)
def test_what_stands_before_the_first_tag_on_its_line_does_no_harm(lead: str) -> None:
    assert texts(read(lead + TWO)) == {"index.html": PAGE, "app.js": SCRIPT}


@pytest.mark.parametrize(
    "tail", ["<|im_end|>", "</s>", " <|eot_id|>\n", "<\uff5cend\u2581of\u2581sentence\uff5c>\n", "\u200b", "[INST]\n"]
)
def test_what_stands_behind_the_last_tag_does_no_harm(tail: str) -> None:
    assert texts(read(TWO.rstrip() + tail)) == {"index.html": PAGE, "app.js": SCRIPT}


@pytest.mark.parametrize(
    "attributes",
    ['path="a.html" about="a <h1> & an <ol>"', "title='x > y' path='a.html'", 'data-x="</file>" path=a.html'],
)
def test_other_attributes_may_hold_markup(attributes: str) -> None:
    assert texts(read(f"<file {attributes}>\nx\n</file>\n")) == {"a.html": "x\n"}


def test_text_may_begin_on_the_line_of_its_tag_and_end_on_that_of_the_closing_tag() -> None:
    one_line = f'<file path="index.html">{PAGE.rstrip()}</file>\n<file path="app.js">a = "</file>";</file>'
    assert texts(read(one_line)) == {"index.html": PAGE.rstrip(), "app.js": 'a = "</file>";'}
    assert texts(read('<file path="a.js">a\nb\n</file><file path="b.js">\nc</file>')) == {"a.js": "a\nb\n", "b.js": "c"}
    assert texts(read('<file path="a.js">\na</file>\n' + in_file("b\n"))) == {"a.js": "a", "a.html": "b\n"}


def test_a_closing_tag_behind_text_counts_only_at_the_end_of_the_file() -> None:
    text = "const end = '</file>';\nlist = '<file>x</file>'\n"
    assert texts(read(in_file(text, "a.js"))) == {"a.js": text}
    assert incomplete(read('<file path="a.js">\nconst end = "</file>";\n')) == {"a.js": 'const end = "</file>";\n'}
    assert not read_reply('<file path="a.js">\nconst end = "</file>', truncated=True).parsed.operations


@pytest.mark.parametrize("path", ["/js/app.js", "./js/app.js", "js\\app.js", ".//js/app.js", "\\js\\app.js"])
def test_paths_of_other_tools_are_put_into_our_form(path: str) -> None:
    assert texts(read(in_file("x\n", path))) == {"js/app.js": "x\n"}
    assert texts(read(f"{path}\n```js\nx\n```\n")) == {"js/app.js": "x\n"}
    assert texts(read(json.dumps({"files": {path: "x"}}))) == {"js/app.js": "x"}


def test_files_that_are_escaped_as_a_whole_are_read_as_what_was_meant() -> None:
    reply = in_file(escape(PAGE, quote=False), "index.html") + in_file(escape(SCRIPT), "app.js")
    assert texts(read(reply)) == {"index.html": PAGE, "app.js": SCRIPT}
    assert texts(read(in_file(escape(SCRIPT), "app.js"))) == {"app.js": SCRIPT}


@pytest.mark.parametrize("reply", [TWO, PAGE, f"index.html\n```html\n{PAGE}```\n"])
def test_a_reply_that_is_escaped_as_a_whole_is_read_as_what_was_meant(reply: str) -> None:
    assert texts(read(escape(reply, quote=False))) == texts(read(reply))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.html", "<p>&lt;b&gt; is bold</p>\n"),
        ("a.js", 'const space = "&nbsp;";\n'),
        ("a.md", "&lt;b&gt; makes text bold\n"),
        ("a.js", "a = b && c;\nd = '&lt;';\n"),
    ],
)
def test_entities_in_a_file_that_is_not_escaped_stay(path: str, text: str) -> None:
    assert texts(read(in_file(text, path))) == {path: text}


@pytest.mark.parametrize(
    ("path", "wrapped", "text"),
    [
        ("README.md", "```markdown\n# A\n\n```sh\nmake\n```\n\nEnd.\n```\n", "# A\n\n```sh\nmake\n```\n\nEnd.\n"),
        ("README.md", "```\n# A\n\nText.\n```\n", "# A\n\nText.\n"),
        ("index.html", f"<![CDATA[\n{PAGE}]]>\n", PAGE),
        ("index.html", f"<content>\n{PAGE}</content>\n", PAGE),
        ("a.css", "<code>\na {}\n</code>\n", "a {}\n"),
        ("index.html", json.dumps(PAGE), PAGE),
        ("index.html", json.dumps(PAGE)[1:-1] + "\n", PAGE),
        ("a.js", json.dumps(SCRIPT), SCRIPT),
    ],
)
def test_what_is_wrapped_around_a_whole_file_is_taken_off(path: str, wrapped: str, text: str) -> None:
    assert texts(read(in_file(wrapped, path))) == {path: text}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "```sh\nmake\n```\n"),
        ("README.md", "```\n# install\nmake\n```\nand\n```\nmake run\n```\n"),
        ("part.html", "<section>\n<p>x</p>\n</section>\n"),
        ("logo.svg", "<svg>\n<g></g>\n</svg>\n"),
        ("a.js", "console.log('a\\nb\\nc')\n"),
        ("a.json", '"one line"\n'),
    ],
)
def test_what_belongs_to_a_file_is_not_taken_off(path: str, text: str) -> None:
    assert texts(read(in_file(text, path))) == {path: text}


@pytest.mark.parametrize(
    "reply",
    [
        f"a.html\n```html\n{BLOCK}```\n",
        f"```html\na.html\n{BLOCK}```\n",
        f"In `a.html`:\n```\n{BLOCK}```\n",
        in_file(BLOCK),
        f"a.html\n```html\n{CLINE}```\n",
        f'<edit path="a.html">\n{CLINE}</edit>\n',
        f'<change filename="a.html">\n{BLOCK}</change>\n',
    ],
)
def test_blocks_in_any_wrapping_are_an_edit(reply: str) -> None:
    (edit,) = read(reply).operations
    assert isinstance(edit, FileEdit)
    assert (edit.path, [*edit.blocks[0].cuts()]) == ("a.html", [("<p>a</p>\n", "<p>b</p>\n")])


def test_edits_of_one_file_in_several_fences_are_one_edit() -> None:
    other = BLOCK.replace("<p>a", "<p>c")
    (edit,) = read(f"a.html\n```html\n{BLOCK}```\nand\na.html\n```html\n{other}```\n").operations
    assert isinstance(edit, FileEdit)
    assert len(edit.blocks) == 2


@pytest.mark.parametrize(
    "text",
    [
        PAGE + BLOCK,
        PAGE + CLINE,
        "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n",
        "<<<<<<< a\n||||||| b\n=======\n>>>>>>> c\n",
        "--- a/a.html\n+++ b/a.html\n@@ -1,2 +1,2 @@\n-<p>a</p>\n+<p>b</p>\n",
    ],
)
def test_no_file_with_the_markers_of_a_conflict_is_complete(text: str) -> None:
    for reply in (in_file(text), f"a.html\n```html\n{text}```\n", json.dumps({"a.html": text})):
        parsed = read(reply)
        assert not parsed.operations
        assert "conflict markers" in parsed.incomplete[0].reason


@pytest.mark.parametrize(
    "element",
    [
        '<boltAction type="file" filePath="{0}">\n{1}</boltAction>\n',
        '<dyad-write path="{0}" description="x > y">\n{1}</dyad-write>\n',
        '<File name="{0}">\n<![CDATA[\n{1}]]>\n</File>\n',
        '<create_file file_path="/{0}">{1}</create_file>\n',
    ],
)
def test_any_element_that_names_a_path_is_a_file(element: str) -> None:
    body = "".join(element.format(*file) for file in {"index.html": PAGE, "css/a.css": "a {}\n"}.items())
    reading = read_reply(f'<artifact id="owls" title="Owls">\n{body}</artifact>\nDone.\n', truncated=False)
    assert reading.rung is Rung.ELEMENTS
    assert texts(reading.parsed) == {"index.html": PAGE, "css/a.css": "a {}\n"}


def test_an_element_without_an_end_or_without_text_is_no_file() -> None:
    parsed = read('<write path="a.css">\na {}\n</write>\n<remove path="b.css"></remove>\n<write path="c.css">\nc {}\n')
    assert texts(parsed) == {"a.css": "a {}\n"}
    assert {item.path for item in parsed.incomplete} == {"b.css", "c.css"}


@pytest.mark.parametrize(
    "reply",
    [
        f"<file>\n<path>index.html</path>\n<content>\n{PAGE}</content>\n</file>\n<file>\n<path>a.js</path>\n</file>\n",
        f"<invoke>\n<parameter>index.html</parameter>\n```html\n{PAGE}```\n</invoke>\n",
        f"<answer>\n{PAGE}\n<styles>a {{}}</styles>\n</answer>\n",
    ],
)
def test_a_page_among_unknown_tags_is_not_taken_for_the_whole_app(reply: str) -> None:
    assert read_reply(reply, truncated=False).rung is Rung.NONE


@pytest.mark.parametrize(
    "header",
    ["Creating new file `css/a.css`:", "2. The styles (css/a.css)", "Then comes **css/a.css**, which is short:"],
)
def test_a_sentence_may_name_the_file_of_the_fence_below_it(header: str) -> None:
    assert texts(read(f"{header}\n```css\na {{}}\n```\n")) == {"css/a.css": "a {}\n"}
    assert read_reply(f"{header} or `b.css`\n```css\na {{}}\n```\n", truncated=False).rung is Rung.NONE


@pytest.mark.parametrize(
    "document",
    [
        {"index.html": PAGE, "summary": "Owls."},
        [{"path": "index.html", "content": PAGE}],
        {"files": [{"filename": "index.html", "contents": PAGE}]},
        {"app": {"index.html": PAGE}},
        {"artifacts": [{"file_path": "./index.html", "code": PAGE}]},
        {"filePath": "index.html", "text": PAGE},
    ],
)
@pytest.mark.parametrize("form", ["{}", "Here it is:\n\n```json\n{}\n```\n\nEnjoy {{it}}.\n"])
def test_json_may_name_its_members_in_other_ways(document: object, form: str) -> None:
    assert texts(read(form.format(json.dumps(document)))) == {"index.html": PAGE}


def test_json_about_something_else_is_no_file() -> None:
    for document in ({"dependencies": {"a": "1"}}, [1, 2], {"name": "owls", "version": "1"}, {"path": "a.txt"}):
        assert read_reply(json.dumps(document), truncated=False).rung is Rung.NONE


def test_what_was_read_is_a_whole_file_or_an_edit() -> None:
    assert all(isinstance(operation, FileWrite | FileEdit) for operation in read(TWO).operations)
