import json
from importlib import resources
from xml.parsers.expat import ParserCreate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser

from pipeline.generation.scaffold.insertion import insert, mentions_id
from pipeline.generation.scaffold.markup import file_address, node
from pipeline.generation.scaffold.named_files import Site, ask_of, is_placeholder, named_file
from pipeline.generation.scaffold.page import asset, script_json
from pipeline.generation.scaffold.prose import FileWish
from pipeline.generation.scaffold.template_json import TO_BE_WRITTEN, fill_template

SITE = Site("My <site>", stylesheet="css/a.css", site_scripts=("app.js",))


def made(name: str, context: str = "") -> str:
    return named_file(FileWish(name, context), SITE).decode()


def test_a_template_keeps_what_is_given_and_leaves_the_rest_open() -> None:
    text = (
        'Fill in `{people: 3, ok: true, city: "Delhi", case: {swerve: bool, why: str}, at: [float], rate: float (0-1)}`'
    )
    assert fill_template(text) == {
        "people": 3,
        "ok": True,
        "city": "Delhi",
        "case": {"swerve": None, "why": TO_BE_WRITTEN},
        "at": [None],
        "rate": None,
    }


@pytest.mark.parametrize(
    "text", ["no braces", "{", "{a}", "{a: }", "{: 1}", "{a: {b: 1}", "{{{{", "{a: 1", "{a:" * 3000]
)
def test_what_is_no_template_gives_none(text: str) -> None:
    assert fill_template(text) is None


@given(st.text(alphabet=st.sampled_from('{}[]:,"ab1 ()')))
def test_no_text_makes_the_template_reader_fail(text: str) -> None:
    json.dumps(fill_template(text))


def test_a_json_file_is_valid_and_holds_no_invented_answer() -> None:
    value = json.loads(made("forecast.json", "- forecast.json: Guess. Fill in {rate: float, reason: str}"))
    assert value == {"rate": None, "reason": TO_BE_WRITTEN}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_drawing_is_valid_xml_whatever_it_should_show(ask: str) -> None:
    drawing = made("a.svg", f"- a.svg: {ask}")
    ParserCreate().Parse(drawing, True)  # noqa: FBT003 - the parser takes it by position only
    assert "Placeholder" in drawing


def test_a_handful_of_words_is_given_exactly() -> None:
    assert len(made("about.md", "- about.md: Describe yourself in three words.").split()) == 3
    assert len(made("a.txt", "exactly 5 words").split()) == 5


def test_a_story_is_not_pretended_to_be_written() -> None:
    text = made("story.txt", "- story.txt: Write a 300-400 word story.")
    assert text.startswith(TO_BE_WRITTEN)
    assert "Write a 300-400 word story." in text


def test_pages_find_style_script_and_home_from_their_folder() -> None:
    page = LexborHTMLParser(made("docs/deep/guide.html", "- docs/deep/guide.html: A <guide>."))
    assert [link.attributes["href"] for link in page.css("link[rel=stylesheet]")] == ["../../css/a.css"]
    assert [script.attributes["src"] for script in page.css("script[src]")] == ["../../app.js"]
    assert page.css("a")[0].attributes["href"] == "../../index.html"
    assert page.css("blockquote")[0].text() == "A <guide>."
    assert page.css("title")[0].text() == "Guide \u2013 My <site>"


def test_the_first_stylesheet_and_script_are_used_and_others_are_small() -> None:
    assert made("css/a.css") == asset("page.css")
    assert made("app.js") == asset("js/site.js")
    assert made("b.css").startswith("/* b.css")
    assert made("b.js").startswith("// b.js")


def test_a_workflow_only_reads_files_and_needs_no_secrets() -> None:
    text = made(".github/workflows/ci.yml")
    assert "contents: read" in text
    assert "secrets" not in text


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.json", "a.svg", "a.html", "a.csv", "a.xml", "a.yml"])
def test_files_that_a_writer_has_to_fill_are_known_as_placeholders(name: str) -> None:
    assert is_placeholder(named_file(FileWish(name, f"- {name}: the thing"), SITE))


@pytest.mark.parametrize("name", ["css/a.css", "app.js"])
def test_working_files_are_no_placeholders(name: str) -> None:
    assert not is_placeholder(named_file(FileWish(name), SITE))


def test_what_is_asked_of_a_file_is_told_without_bullet_and_name() -> None:
    assert ask_of(FileWish("a.txt", "- a.txt: Write it.")) == "Write it."
    assert ask_of(FileWish("a.txt", "2) `a.txt` \u2013 Write it.")) == "Write it."


@given(st.recursive(st.text() | st.integers() | st.none(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)))
def test_json_in_a_script_is_plain_ascii_without_markup_and_keeps_its_value(value: object) -> None:
    text = script_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert "<" not in text


@given(st.text(), st.text())
def test_text_and_attributes_come_back_from_the_markup_as_they_went_in(text: str, value: str) -> None:
    text, value = (each.translate({0: None, 13: None}).encode("utf-8", "ignore").decode() for each in (text, value))
    page = LexborHTMLParser(f"<body>{node('p', {'id': 'x', 'data-v': value}, text)}</body>")
    element = page.css("#x")[0]
    assert element.text() == text
    assert (element.attributes["data-v"] or "") == value
    assert len(page.css("body *")) == 1


@pytest.mark.parametrize("name", ["onclick", "style", "x y", "a=b", "srcdoc", "formaction"])
def test_attributes_that_could_run_something_are_left_out(name: str) -> None:
    assert node("p", {name: "x"}, "") == Markup("<p></p>")


def test_addresses_are_relative_and_encoded() -> None:
    assert file_address("a b/c#1.csv") == "a%20b/c%231.csv"
    assert file_address("a.css", below="x/y/z.html") == "../../a.css"


def test_our_scripts_are_ascii_and_cannot_end_their_element() -> None:
    for script in resources.files("pipeline.generation.scaffold").joinpath("templates/js").iterdir():
        text = script.read_text("utf-8")
        assert text.isascii(), script.name
        assert "</script" not in text.lower(), script.name
        assert "<!--" not in text, script.name


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<main>a</main>\n<footer></footer></body>", b"<main>a[+]</main>\n<footer></footer></body>"),
        (b"<body>\n<p>a</p>\n  </BODY >", b"<body>\n<p>a</p>\n[+]  </BODY >"),
        (b"<p>a</p>", b"<p>a</p>\n[+]"),
        (b"<body><script>s='</body>'</script></body>", b"<body><script>s='</body>'</script>[+]</body>"),
        (b"<body><!-- </main> --></body>", b"<body><!-- </main> -->[+]</body>"),
        (b"<body><script>never closed </body>", b"<body><script>never closed </body>\n[+]"),
    ],
)
def test_an_addition_goes_before_the_end_of_the_page_itself(page: bytes, expected: bytes) -> None:
    assert insert(page, "[+]") == expected


@given(st.binary(max_size=200))
def test_an_addition_never_loses_a_byte(page: bytes) -> None:
    if page.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert insert(page, "+") is None
        return
    result = insert(page, "\u00fc")
    assert result is not None
    assert result.replace(b"&#252;", b"", 1).replace(b"\n", b"") == page.replace(b"\n", b"")


@pytest.mark.parametrize(
    "source", ['<p id="x-1">', "<p id=x-1>", "e.id = 'x-1'", 'html += "<p id=\\"x-1\\">"', "make({id: `x-1`})"]
)
def test_ids_that_another_hand_makes_are_seen(source: str) -> None:
    assert mentions_id("x-1", [source])
    assert not mentions_id("x", [source])
