import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles, compare
from pipeline.domain.generation import Generation, Order
from pipeline.domain.publication import SpaceSdk
from pipeline.generation.scaffold import ScaffoldGenerator
from pipeline.generation.scaffold.page import MARK
from pipeline.generation.scaffold.record import RECORD_PATH, read_record
from tests.builders import make_attachment, make_brief, make_files, make_order, make_verification

SALES = make_attachment(content=b"region,sales\nnorth,40.5\nsouth,1.5\n")
BRIEF = make_brief(
    text='Sum the sales of data.csv in #total-sales. The title is "Sales". Load Bootstrap. Add about.html, story.txt.',
    checks=(Check.from_script("document.querySelector('#total-sales').dataset.region !== undefined"),),
    attachments=(SALES,),
)
SECOND = make_brief(
    round=2, nonce="cd34", text="Add a #region-filter select for the region.", checks=(), attachments=()
)


async def generate(brief: Brief = BRIEF, base: AppFiles | None = None, **fields: Any) -> Generation:
    return await ScaffoldGenerator().generate(make_order(brief=brief, base=base, **fields), lambda _: None)


def page_of(files: AppFiles, path: str = "index.html") -> LexborHTMLParser:
    return LexborHTMLParser(files.text(path) or "")


def is_insertion(old: bytes, new: bytes) -> bool:
    """``new`` is ``old`` with one block put in."""
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    return new.endswith(old[same:]) and len(new) > len(old)


def ids_of(files: AppFiles) -> set[str]:
    """But for those that the builder numbers itself."""
    ids = {node.attributes["id"] or "" for node in page_of(files).css("[id]")}
    return {name for name in ids if not name.startswith("part-")}


async def test_round_1_gives_a_page_the_attachments_and_the_files_asked_for() -> None:
    generation = await generate()
    assert set(generation.files) == {"README.md", "about.html", "data.csv", "index.html", "scaffold.json", "story.txt"}
    assert generation.files["data.csv"] == SALES.content
    assert (generation.made.generator, generation.made.model, generation.made.calls) == ("scaffold", None, ())


async def test_page_readme_summary_and_notes_say_that_no_model_was_asked() -> None:
    generation = await generate()
    said = [page_of(generation.files).css("footer")[0].text(), generation.files.text("README.md") or ""]
    for text in [*said, generation.made.summary, *generation.made.notes[:1]]:
        assert "without a language model" in text.replace("**", "").lower()


async def test_the_first_script_is_our_own_code_and_libraries_come_after_it() -> None:
    page = page_of((await generate()).files)
    first, *others = page.css("script")
    assert "src" not in first.attributes
    assert "fetch(" in first.text()
    assert [(script.attributes["src"] or "")[:30] for script in others] == ["https://cdn.jsdelivr.net/npm/b"]


async def test_every_address_that_is_not_a_library_is_relative() -> None:
    files = (await generate()).files
    for path in ("index.html", "about.html"):
        for node in page_of(files, path).css("[href], [src]"):
            address = node.attributes.get("href") or node.attributes.get("src") or ""
            assert not address.startswith("/")
            assert address.startswith(("https://cdn.", "data:,")) or address.partition("?")[0] in files


async def test_named_elements_stand_in_the_page_before_any_script_runs() -> None:
    brief = replace(
        BRIEF,
        text="A select #region-filter, a table #by-region, a form #login, a button #go, #total-sales.",
        checks=(Check.from_script("document.querySelector('#go').getAttribute('aria-live') === 'polite'"),),
    )
    page = page_of((await generate(brief)).files)
    tags = {name: page.css(f"#{name}")[0].tag for name in ("region-filter", "by-region", "login", "go")}
    assert tags == {"region-filter": "select", "by-region": "table", "login": "form", "go": "button"}
    assert page.css("#total-sales")[0].attributes["data-region"] == "all"
    assert page.css("#go")[0].attributes["aria-live"] == "polite"


async def test_the_same_order_gives_the_same_bytes() -> None:
    assert (await generate()).files == (await generate()).files


async def test_the_title_is_the_briefs_else_the_documents_else_the_tasks() -> None:
    assert page_of((await generate()).files).css("title")[0].text() == "Sales"
    quiz = Attachment("quiz.json", "", b'{"title":"Rivers","questions":[{"q":"?","options":["a"],"answer":0}]}')
    brief = make_brief(text="A quiz. Set the page title to the quiz title.", attachments=(quiz,))
    assert page_of((await generate(brief)).files).css("title")[0].text() == "Rivers"
    brief = make_brief(task="river-quiz-4db9c", text="A page.")
    assert page_of((await generate(brief)).files).css("title")[0].text() == "River quiz"


async def test_every_file_is_linked_from_the_home_page() -> None:
    generation = await generate(replace(BRIEF, text=BRIEF.text + " Also LICENSE, a b/c.md and x.json."))
    addresses = {node.attributes["href"] for node in page_of(generation.files).css("a[href]")}
    assert {"about.html", "story.txt", "data.csv", "b/c.md", "x.json", "LICENSE"} <= addresses


async def test_housekeeping_files_and_workflows_are_left_to_others_unless_asked_for() -> None:
    files = (await generate()).files
    assert not {"LICENSE", ".gitignore", ".nojekyll"} & set(files)
    assert not any(path.startswith(".github") for path in files)


async def test_a_revision_adds_and_keeps_what_was_there() -> None:
    first = (await generate()).files
    second = (await generate(SECOND, first, earlier_checks=tuple(check.text for check in BRIEF.checks))).files
    assert ids_of(first) <= ids_of(second)
    assert page_of(second).css("#region-filter")[0].tag == "select"
    assert page_of(second).css("title")[0].text() == "Sales"
    changes = compare(first, second)
    assert changes.changed == ("README.md", "index.html", RECORD_PATH)
    assert (changes.added, changes.removed) == ((), ())


async def test_a_revision_without_a_record_of_checks_still_keeps_what_they_named() -> None:
    first = (await generate()).files
    second = (await generate(SECOND, first)).files
    assert "data-region" in page_of(second).css("#total-sales")[0].attributes


async def test_checks_of_earlier_rounds_go_on_holding_even_when_no_record_has_them() -> None:
    first = (await generate()).files
    check = "js: document.querySelector('#hint').tagName === 'DIALOG'"
    second = (await generate(SECOND, first, earlier_checks=(check,))).files
    assert page_of(second).css("#hint")[0].tag == "dialog"


async def test_three_rounds_add_up() -> None:
    first = (await generate()).files
    second = (await generate(SECOND, first)).files
    rates = Attachment("rates.json", "", b'{"EUR": 1, "USD": 1.1}')
    third_brief = make_brief(
        round=3, nonce="ef", text="A select #currency-picker with rates.json.", attachments=(rates,)
    )
    third = (await generate(third_brief, second)).files
    assert {"total-sales", "region-filter", "currency-picker"} <= ids_of(third)
    assert third["data.csv"] == SALES.content
    record = read_record(third)
    assert record is not None
    assert [request.brief for request in record.requests] == [BRIEF.text, SECOND.text, third_brief.text]


async def test_text_that_others_put_around_our_readme_stays() -> None:
    first = (await generate()).files
    readme = f"---\nsdk: static\n---\n\n{first.text('README.md')}\n## License\n\nOurs.\n"
    second = (await generate(SECOND, first.with_files({"README.md": readme.encode()}))).files
    text = second.text("README.md") or ""
    assert text.startswith("---\nsdk: static\n---\n\n<!--")
    assert text.endswith("\n## License\n\nOurs.\n")
    assert text.count("# Sales\n") == 1
    assert SECOND.text in text


async def test_a_page_that_somebody_has_changed_is_only_added_to() -> None:
    first = (await generate()).files
    edited = (first.text("index.html") or "").replace("<h1>Sales</h1>", "<h1>My sales</h1>").encode()
    second = (await generate(SECOND, first.with_files({"index.html": edited}))).files
    assert is_insertion(edited, second["index.html"])
    assert page_of(second).css("#region-filter")[0].tag == "select"


async def test_a_file_of_ours_that_somebody_has_changed_stays_theirs() -> None:
    first = (await generate()).files.with_files({"story.txt": b"Once upon a time", "about.html": b"mine"})
    second = (await generate(SECOND, first)).files
    assert (second["story.txt"], second["about.html"]) == (b"Once upon a time", b"mine")


async def test_a_page_by_another_hand_is_only_added_to() -> None:
    base = make_files().with_files({"data.csv": SALES.content, "app.js": b"1;"})
    brief = replace(SECOND, text='Add #region-filter for data.csv, notes.md and a "title". #total stays.')
    second = (await generate(brief, base)).files
    assert is_insertion(base["index.html"], second["index.html"])
    assert compare(base, second).changed == ("README.md", "index.html")
    assert compare(base, second).added == ("notes.md",)
    page = page_of(second)
    assert page.css(".scaffold-added #region-filter")[0].tag == "select"
    assert len(page.css("#total")) == 1
    assert (second.text("README.md") or "").startswith(base.text("README.md") or "")
    assert RECORD_PATH not in second


async def test_a_page_by_another_hand_is_left_alone_when_nothing_can_be_added() -> None:
    base = make_files()
    second = (await generate(replace(SECOND, text="Make the background prettier."), base)).files
    assert second["index.html"] == base["index.html"]


async def test_a_second_addition_leaves_the_first_in_place() -> None:
    base = make_files().with_files({"data.csv": SALES.content})
    second = (await generate(SECOND, base)).files
    third = (await generate(make_brief(round=3, text="Add #average-sales.", attachments=()), second)).files
    assert {"total", "region-filter", "average-sales"} <= ids_of(third)
    assert is_insertion(second["index.html"], third["index.html"])


async def test_sections_added_in_two_rounds_share_no_ids() -> None:
    notes = replace(SALES, name="notes.md", media_type="", content=b"# Notes")
    more = replace(notes, name="more.md")
    second = (await generate(replace(SECOND, text="Show it.", attachments=(notes,)), make_files())).files
    third = (await generate(make_brief(round=3, text="And this.", attachments=(more,)), second)).files
    ids = [node.attributes["id"] for node in page_of(third).css("[id]")]
    assert len(ids) == len(set(ids)) > 2


async def test_an_app_without_a_home_page_gets_one_and_keeps_its_files() -> None:
    base = AppFiles({"app.py": b"import gradio", "style.css": b"theirs"})
    files = (
        await generate(replace(SECOND, text="Add index.html and style.css.", space_type=SpaceSdk.GRADIO), base)
    ).files
    assert (files["app.py"], files["style.css"]) == (b"import gradio", b"theirs")
    assert page_of(files).css("h1")


async def test_the_same_round_again_changes_nothing() -> None:
    second = (await generate(SECOND, (await generate()).files)).files
    assert (await generate(SECOND, second)).files == second


async def test_an_attached_home_page_is_built_on() -> None:
    page = Attachment("index.html", "text/html", b"<body><h1>Mine</h1></body>")
    brief = make_brief(text="Update index.html: add a button #go.", attachments=(page,))
    files = (await generate(brief)).files
    assert b"<h1>Mine</h1>" in files["index.html"]
    assert page_of(files).css("#go")[0].tag == "button"


@pytest.mark.parametrize("name", ["readme.md", "Scaffold.json", "ABOUT.html", "index.html.txt", "story.txt/x.txt"])
async def test_attachments_win_over_files_of_ours_that_collide_with_them(name: str) -> None:
    brief = replace(BRIEF, attachments=(SALES, Attachment(name, "", b"theirs")))
    files = (await generate(brief)).files
    assert files[name] == b"theirs"
    second = (await generate(SECOND, files)).files
    assert second[name] == b"theirs"


async def test_a_new_attachment_replaces_the_earlier_one_of_its_name() -> None:
    first = (await generate()).files
    newer = replace(SALES, content=b"region,sales\neast,9\n")
    second = (await generate(replace(SECOND, attachments=(newer,)), first)).files
    assert second["data.csv"] == newer.content


async def test_names_in_other_unicode_forms_are_one_file() -> None:
    decomposed = replace(SALES, name="Zu\u0308rich.csv")
    files = (await generate(replace(BRIEF, attachments=(decomposed,)))).files
    assert "Z\u00fcrich.csv" in files
    assert '"Z\\u00fcrich.csv"' in (files.text("index.html") or "")


async def test_a_damaged_record_makes_the_page_somebody_elses() -> None:
    first = (await generate()).files.with_files({RECORD_PATH: b'{"requests": 3}'})
    second = (await generate(SECOND, first)).files
    assert is_insertion(first["index.html"], second["index.html"])
    assert second[RECORD_PATH] == first[RECORD_PATH]


async def test_what_needs_judgement_is_named_as_not_done() -> None:
    brief = make_brief(
        text="Create a captcha solver for sample.png.", attachments=(Attachment("sample.png", "", b"x"),)
    )
    generation = await generate(brief)
    assert any("captcha solver" in note for note in generation.made.notes)
    assert "Not solved" in page_of(generation.files).css("main")[0].text()


async def test_a_text_that_a_check_wants_in_the_code_is_not_put_there_for_show() -> None:
    check = Check.from_script('document.querySelector("script").textContent.includes("WebSocket(")')
    generation = await generate(replace(BRIEF, checks=(check,)))
    assert "WebSocket(" not in page_of(generation.files).css("script")[0].text()
    assert any("WebSocket(" in note for note in generation.made.notes)


async def test_the_answer_that_a_check_expects_is_not_copied_into_the_page() -> None:
    check = Check.from_script("document.querySelector('#answer').textContent === 'H4TRW'")
    generation = await generate(make_brief(text="Say it in #answer.", checks=(check,)))
    assert "H4TRW" not in (generation.files.text("index.html") or "")


async def test_a_space_that_runs_a_program_gets_one_that_serves_the_page() -> None:
    generation = await generate(replace(BRIEF, space_type=SpaceSdk.GRADIO))
    compile(generation.files["app.py"], "app.py", "exec")
    assert any("gradio" in note for note in generation.made.notes)


async def test_a_rejected_candidate_comes_back_with_a_word_about_it() -> None:
    generation = await generate(rejected=(make_verification(),))
    assert generation.files == (await generate()).files
    assert any("repair" in note for note in generation.made.notes)


async def test_progress_is_told() -> None:
    told: list[str] = []
    await ScaffoldGenerator().generate(Order("job", BRIEF, make_order().target), told.append)
    assert len(told) == 2


async def test_our_pages_carry_the_mark() -> None:
    assert page_of((await generate()).files).css("meta[name=generator]")[0].attributes["content"] == MARK


HOSTILE = st.text(
    alphabet=st.sampled_from("</>\"'`&{}#.=- \n\u2028\ud800\x01abscript!onclick[]():;$%?title id"), max_size=120
)
NAMES = st.sampled_from(["a.csv", "b.json", "c.md", "d.svg", "e.txt", "f g.csv", "h'&.json", "README.md", "i.xlsx"])


@given(
    text=HOSTILE,
    checks=st.lists(HOSTILE, max_size=3),
    files=st.dictionaries(
        NAMES, st.binary(max_size=60) | HOSTILE.map(lambda t: t.encode("utf-8", "replace")), max_size=3
    ),
)
async def test_no_brief_can_fail_the_generator_or_break_out_of_its_place(
    text: str, checks: list[str], files: dict[str, bytes]
) -> None:
    brief = make_brief(
        text=f"Show #a {text} in #b, <b id=c>.",
        checks=tuple(Check.from_text(f"js: document.querySelector('{check}')") for check in checks),
        attachments=tuple(Attachment(name, "", content) for name, content in files.items()),
    )
    first = (await generate(brief)).files
    second = (await generate(replace(brief, round=2, text=f"{text} #d"), first)).files
    third = (await generate(replace(brief, round=2), make_files())).files
    for result in (first, second, third):
        page = page_of(result)
        assert [script for script in page.css("script") if "src" not in script.attributes] == page.css("script")[:1]
        assert not page.css("[onclick], [onerror], [onload], [style]")
        assert len(page.css("title, footer")) <= 2
        assert all(result[name] == content for name, content in files.items())
    assert {"a", "b"} <= ids_of(first) <= ids_of(second)
    json.loads(second.get(RECORD_PATH, b"{}"))
