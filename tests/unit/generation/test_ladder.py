"""Replies that do not use the grammar."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generation.reply.ladder import Reading, Rung, read_reply
from pipeline.generation.reply.operations import MAX_FILE_BYTES, FileWrite, ReplyRejected
from tests.cases import cases
from tests.unit.generation.replies import recorded

CASES = cases("reply-ladder")
PAGE = "<!doctype html>\n<html>\n<title>x</title>\n</html>\n"


def read(text: str) -> Reading:
    return read_reply(text, truncated=False)


def texts(reading: Reading) -> dict[str, str]:
    return {write.path: write.text for write in reading.parsed.operations if isinstance(write, FileWrite)}


def flaws(reading: Reading) -> dict[str, str]:
    return {item.path: item.reason for item in reading.parsed.incomplete}


def fence(text: str, info: str = "", marks: str = "```") -> str:
    return f"{marks}{info}\n{text}{marks}\n"


def test_a_reply_in_the_grammar_stays_on_the_first_rung() -> None:
    reading = read(recorded("fenced.md"))
    assert reading.rung is Rung.TAGS
    assert set(texts(reading)) == {"index.html", "README.md"}


def test_a_broken_tag_does_not_lead_down_the_ladder() -> None:
    reading = read('<file path="index.html">\n' + fence(PAGE, "html"))
    assert reading.rung is Rung.TAGS
    assert not texts(reading)


def test_lines_with_a_path_name_the_fences_below_them() -> None:
    reading = read(recorded("named-fences.md"))
    assert reading.rung is Rung.NAMED_FENCES
    assert texts(reading) == {
        "index.html": '<!doctype html>\n<html>\n<script src="app.js"></script>\n</html>\n',
        "app.js": 'document.title = "Named";\n',
        "README.md": "# Named\n\n```sh\nmake\n```\n\nDone.\n",
    }
    assert not flaws(reading)
    assert reading.parsed.notes == ("the reply has no tags; read as named_fences",)


@pytest.mark.parametrize("header", CASES["headers"])
def test_a_path_may_be_decorated(header: str) -> None:
    assert texts(read(f"{header}\n\n{fence('a {}' + chr(10), 'css')}")) == {"css/a.css": "a {}\n"}


@pytest.mark.parametrize("header", ["Here is the page:", "Use Node.js 22", "and so on.", "", "A"])
def test_prose_is_no_path(header: str) -> None:
    assert read(f"{header}\n{fence('a {}' + chr(10), 'css')}").rung is Rung.NONE


def test_commands_below_a_heading_that_looks_like_a_path_are_no_file() -> None:
    assert read(f"### Node.js\n{fence('npm start' + chr(10), 'bash')}").rung is Rung.NONE
    assert texts(read(f"run.sh\n{fence('npm start' + chr(10), 'bash')}")) == {"run.sh": "npm start\n"}


@pytest.mark.parametrize("info", CASES["infos"])
def test_the_fence_itself_may_name_the_file(info: str) -> None:
    reading = read(fence(PAGE, info) + fence("x\n", "js:app.js", "~~~~"))
    assert reading.rung is Rung.FENCE_INFO
    assert texts(reading) == {"index.html": PAGE, "app.js": "x\n"}


def test_sections_between_lines_of_equal_signs() -> None:
    reading = read(
        f"Two files.\n\n=== index.html ===\n{PAGE}\n=== css/a.css ===\n\na {{}}\nb {{}}\n\n=== END ===\nBye.\n"
    )
    assert reading.rung is Rung.SECTIONS
    assert texts(reading) == {"index.html": PAGE, "css/a.css": "a {}\nb {}\n"}


def test_a_single_page_in_a_fence_is_the_index() -> None:
    reading = read("Sure!\n" + fence(PAGE, "HTML") + "Then run:\n" + fence("ls\n", "bash"))
    assert (reading.rung, texts(reading)) == (Rung.HTML_FENCE, {"index.html": PAGE})
    assert texts(read(fence(PAGE))) == {"index.html": PAGE}


@pytest.mark.parametrize(
    "text",
    [fence(PAGE, "html") * 2, fence(PAGE, "html") + fence("a {}\n", "css"), fence("x\n", "python"), fence("x\n")],
    ids=["two pages", "a page and its styles", "no page", "neither"],
)
def test_files_without_names_are_not_guessed(text: str) -> None:
    assert read(text).rung is Rung.NONE


def test_a_page_without_any_fence_is_the_index() -> None:
    reading = read("Here you are.\n" + PAGE + "Enjoy.\n" + fence("ls\n", "bash"))
    assert (reading.rung, texts(reading)) == (Rung.BARE_HTML, {"index.html": PAGE})
    assert texts(read(PAGE.replace("<!doctype html>\n", ""))) == {"index.html": PAGE.replace("<!doctype html>\n", "")}
    assert flaws(read(PAGE * 2)) == {"index.html": "several pages follow each other without names"}


def test_json_with_files_is_read() -> None:
    reading = read(recorded("json.md"))
    assert reading.rung is Rung.JSON
    assert texts(reading) == {
        "index.html": "<!doctype html>\n<html>\n<title>JSON</title>\n</html>\n",
        "data/a.txt": "café 🌊\n",
    }
    as_list = json.dumps({"files": [{"path": "a.txt", "content": "x"}, {"name": "b.txt", "text": "y"}]})
    assert texts(read(as_list)) == {"a.txt": "x", "b.txt": "y"}


def test_json_is_not_mended() -> None:
    text = json.dumps({"files": {"a.txt": "x", "b.txt": "y"}})
    for broken in (text[:-1], text[:-2] + ",}}", text.replace('"x"', "'x'"), text + " and {more}"):
        assert read(broken).rung is Rung.NONE
    assert read('{"files": ' + "[" * 100_000).rung is Rung.NONE
    assert read('{"files": ' + "[" * 100_000 + "]" * 100_000 + "}").rung is Rung.NONE


def test_json_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ReplyRejected, match="occurs twice"):
        read('{"files": {"a.txt": "x", "a.txt": "y"}}')
    with pytest.raises(ReplyRejected, match="no path"):
        read('{"files": ["a.txt"]}')
    assert flaws(read('{"files": {"a.json": {"b": 1}}}')) == {"a.json": "its content is not text"}
    assert flaws(read(r'{"files": {"a.txt": "\ud83c"}}')) == {"a.txt": "it holds half of a Unicode character"}
    assert read('{"files": {}, "n": ' + "1" * 5_000 + "}").rung is Rung.NONE


@pytest.mark.parametrize("name", ["prose.md", "truncated.md"])
def test_nothing_is_found_in_prose(name: str) -> None:
    text = recorded(name).split("<file")[0]
    reading = read(text)
    assert reading.rung is Rung.NONE
    assert reading.parsed.is_empty
    assert reading.parsed.summary == text.strip()


def test_reasoning_is_not_searched_for_files() -> None:
    assert texts(read(f"<think>\n{fence('draft', 'html')}\n</think>\n{fence(PAGE, 'html')}")) == {"index.html": PAGE}
    assert texts(read(f"{fence('draft', 'html')}\n</think>\n{fence(PAGE, 'html')}")) == {"index.html": PAGE}


def test_reasoning_that_never_ends_is_searched_when_the_model_had_its_say() -> None:
    reply = f"<think>\nA page.\n{fence(PAGE, 'html')}"
    assert texts(read(reply)) == {"index.html": PAGE}
    assert texts(read('<thinking>Now.\n<file path="a.txt">\nx\n</file>\n')) == {"a.txt": "x\n"}
    assert read_reply(reply, truncated=True).rung is Rung.NONE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("index.html\n```html\n" + PAGE, "its code fence is not closed"),
        ("README.md\n" + fence("# A\n" + fence("make\n") + "end\n", "markdown"), "may have ended at a fence inside it"),
        ("index.html\n" + fence("<!doctype html>\n<html>\n", "html"), "its </html> is missing"),
        ("=== index.html ===\n<!doctype html>\n<html>\n", "it does not end with </html>"),
        ("=== a.css ===\n\n=== index.html ===\n" + PAGE, "it is empty"),
        ("a.js\n" + fence("-x\n+y\n", "diff"), "it is a diff and not a file"),
        ("<!doctype html>\n<html>\n<p>", "its </html> is missing"),
        (fence("<html>\n", "html"), "its </html> is missing"),
    ],
)
def test_a_file_whose_end_is_in_doubt_is_incomplete(text: str, reason: str) -> None:
    reading = read(text)
    assert set(texts(reading)) <= {"index.html"} - set(flaws(reading))
    assert reason in next(iter(flaws(reading).values()))


def test_a_longer_fence_may_hold_shorter_ones() -> None:
    inner = "# A\n" + fence("make\n") + "end\n"
    assert texts(read("README.md\n" + fence(inner, "markdown", "````"))) == {"README.md": inner}


LADDER = [
    recorded("named-fences.md"),
    recorded("json.md"),
    fence(PAGE, "html path=index.html"),
    f"=== a.html ===\n{PAGE}=== b.css ===\na {{}}\n",
    fence(PAGE, "html"),
    PAGE,
]


@pytest.mark.parametrize("text", LADDER, ids=["named", "json", "info", "sections", "html fence", "bare"])
def test_a_truncated_reply_never_gives_a_complete_file(text: str) -> None:
    assert texts(read(text))
    for end in range(len(text) + 1):
        assert not read_reply(text[:end], truncated=True).parsed.operations


@pytest.mark.parametrize("text", LADDER, ids=["named", "json", "info", "sections", "html fence", "bare"])
def test_a_page_cut_without_notice_is_never_complete_and_wrong(text: str) -> None:
    whole = texts(read(text))
    for end in range(len(text)):
        for path, content in texts(read(text[:end])).items():
            assert content == whole.get(path) or not path.endswith(".html")


def test_two_versions_of_a_file_reject_the_reply() -> None:
    with pytest.raises(ReplyRejected, match=r"more than one version of a\.css"):
        read("a.css\n" + fence("a\n", "css") + "a.css\n" + fence("b\n", "css"))
    assert texts(read(("a.css\n" + fence("a\n", "css")) * 2)) == {"a.css": "a\n"}


def test_the_limits_of_the_grammar_hold() -> None:
    with pytest.raises(ReplyRejected, match="no tags and is longer"):
        read("x" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ReplyRejected, match="more than 60 files"):
        read("".join(f"{number}.css\n{fence(f'{number}' + chr(10), 'css')}\n" for number in range(61)))


PIECE = st.sampled_from(CASES["pieces"])


@given(st.lists(PIECE | st.text(max_size=4), max_size=30).map("".join), st.booleans())
def test_any_text_is_read_or_refused(text: str, truncated: bool) -> None:
    try:
        reading = read_reply(text, truncated=truncated)
    except ReplyRejected:
        return
    assert (reading.rung is Rung.NONE) == reading.parsed.is_empty
    assert not (truncated and reading.rung is not Rung.TAGS and reading.parsed.operations)
