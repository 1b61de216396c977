"""The generator on a scripted model: revisions, repairs and Spaces of a kind."""

from typing import Any

import pytest

from pipeline.domain.errors import GenerationFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Order
from pipeline.domain.publication import Target
from pipeline.domain.verdict import ATTACHMENT_KEPT, Outcome, Severity
from tests.builders import (
    make_attachment,
    make_brief,
    make_files,
    make_finding,
    make_order,
    make_verdict,
    make_verification,
)
from tests.cases import cases
from tests.fakes.model import Answer
from tests.fakes.model_calls import RecordingLedger
from tests.integration.model_rig import GOOD, PAGE, README, Scripted, edit, texts
from tests.unit.generation.test_attachment_view_tables import workbook

CASES = cases("spaces-of-a-kind")


class TestRevision:
    base = make_files({"index.html": PAGE, "README.md": README, "keep.bin": b"\x00\xff", "style.css": "p { }\n"})

    def order(self, **fields: Any) -> Order:
        brief = make_brief(round=2, nonce="second", text="Call it High tides.")
        return make_order(brief=brief, base=self.base, **fields)

    async def test_an_edit_changes_its_lines_and_leaves_every_other_file_byte_identical(self) -> None:
        model = Scripted(edit("<title>Tides</title>", "<title>High tides</title>"))
        generation = await model.generate(self.order())

        assert generation.files["index.html"] == PAGE.replace("Tides", "High tides").encode()
        assert {path: generation.files[path] for path in self.base if path != "index.html"} == {
            path: content for path, content in self.base.items() if path != "index.html"
        }

    async def test_the_model_sees_the_published_files_and_the_checks_of_earlier_rounds(self) -> None:
        model = Scripted(GOOD)
        await model.generate(self.order(earlier_checks=("js: document.title === 'Tides'",)))
        user = texts(model.conversations[0])[1]
        assert PAGE.strip() in user
        assert "js: document.title === 'Tides'" in user
        assert "keep.bin" in user

    async def test_a_large_page_and_a_large_table_are_each_revised_by_one_edit(self) -> None:
        rows = "".join(f"<p id='p{number}'>Paragraph {number} {'x' * 60}</p>\n" for number in range(550))
        table = "species,count\n" + "".join(f"tree {number},{number * 7}\n" for number in range(1000))
        page = PAGE.replace("</html>", f"{rows}</html>")
        assert len(page) > 49_000
        base = self.base.with_files({"index.html": page.encode(), "data.csv": table.encode()})
        model = Scripted(
            edit("<p id='p275'>Paragraph 275", "<p id='p275'>Halfway")
            + '<edit path="data.csv">\n<<<<<<< SEARCH\ntree 700,4900\n=======\ntree 700,1\n>>>>>>> REPLACE\n</edit>\n'
        )
        generation = await model.generate(make_order(brief=make_brief(round=2), base=base))
        assert generation.files["index.html"] == page.replace("Paragraph 275", "Halfway").encode()
        assert generation.files["data.csv"] == table.replace("tree 700,4900", "tree 700,1").encode()
        assert len(model.conversations) == 1
        user = texts(model.conversations[0])[1]
        assert page.strip() in user
        assert "1000 rows" in user
        assert "tree 500" not in user
        assert "with `<edit>` blocks" in user

    async def test_code_alone_makes_an_app_large_and_every_file_is_shown(self) -> None:
        notes = "\n".join(f"## Part {number}\n{'words ' * 40}" for number in range(300))
        book = AppFiles({"data.csv": b"a,b\n" + b"1,2\n" * 9000, "notes.md": notes.encode(), "dot.png": b"\x89PNG\r\n"})
        model = Scripted(GOOD)
        await model.generate(make_order(brief=make_brief(round=2), base=self.base.with_files(book)))
        user = texts(model.conversations[0])[1]
        assert "every page or code file that you change as a whole `<file>`" in user
        assert all(f'<existing path="{path}"' in user for path in [*book, "keep.bin"])
        assert "1: ## Part 0" in user
        assert f"{2 * 299 + 1}: ## Part 299" in user
        assert user.count(": ## Part ") > 60

    async def test_a_published_workbook_offers_its_sheets_as_csv(self) -> None:
        base = self.base.with_files({"book.xlsx": workbook({"Sheet": [["a", "b"], [1, 2]]})})
        model = Scripted('<copy from="book.csv" to="data.csv"/>\n')
        generation = await model.generate(make_order(brief=make_brief(round=2), base=base))
        assert generation.files["data.csv"] == b"a,b\n1,2\n"

    async def test_a_picture_is_taken_of_the_page_until_the_file_is_given_otherwise(self) -> None:
        found = make_verification(findings=(make_finding(),))
        model = Scripted(
            f'{GOOD}<render from="#a" to="a.png"/>\n<render from="#b" to="b.png"/>\n',
            '<render from="#c" to="b.png"/>\n<delete path="a.png"/>\n',
        )
        generation = await model.generate(make_order(rejected=(found,)))
        assert generation.renders == {"b.png": "#c"}

    async def test_what_was_not_met_in_earlier_rounds_is_asked_for_and_not_said_to_have_held(self) -> None:
        model = Scripted(GOOD)
        await model.generate(self.order(earlier_checks=("it held",), unmet_checks=("it failed",)))
        user = texts(model.conversations[0])[1]
        assert (
            user.index("These held before")
            < user.index("it held")
            < user.index("not met yet")
            < user.index("it failed")
        )

    async def test_an_edit_that_has_no_place_is_repaired_once_with_the_real_lines(self) -> None:
        model = Scripted(
            edit("<title>Tide</title>", "<title>High tides</title>"),
            edit("<title>Tides</title>", "<title>High tides</title>"),
        )
        generation = await model.generate(self.order())

        assert b"High tides" in generation.files["index.html"]
        asked = texts(model.conversations[1])[-1]
        assert "<title>Tides</title>" in asked
        assert len(model.conversations) == 2

    async def test_after_a_second_failure_the_whole_file_is_asked_for(self) -> None:
        wrong = edit("<title>Tide</title>", "x")
        model = Scripted(wrong, wrong, f'<file path="index.html">\n{PAGE}</file>\n')
        generation = await model.generate(self.order())
        assert generation.files["index.html"] == PAGE.encode()
        assert "as one whole `<file>`: index.html" in texts(model.conversations[2])[-1]

    async def test_edits_that_never_fit_are_a_failure_and_not_dropped_in_silence(self) -> None:
        wrong = edit("<title>Tide</title>", "x")
        with pytest.raises(GenerationFailed, match=r"index\.html"):
            await Scripted(wrong, wrong, wrong).generate(self.order())

    async def test_a_large_app_is_revised_by_edits_and_a_small_one_by_whole_files(self) -> None:
        small, large = Scripted(GOOD), Scripted(GOOD)
        await small.generate(self.order())
        big = self.base.with_files({"data.js": b"const a = 1;\n" * 3000})
        await large.generate(make_order(brief=make_brief(round=2), base=big))
        assert "as a whole `<file>`" in texts(small.conversations[0])[1]
        assert "with `<edit>` blocks" in texts(large.conversations[0])[1]


async def test_everything_before_the_last_question_is_the_same_in_every_call_of_a_job() -> None:
    model = Scripted("prose only", f'<file path="README.md">\n{README}</file>\n', GOOD)
    await model.generate(make_order())
    first, second, third = model.conversations
    assert second[: len(first)] == first
    assert third[: len(second)] == second


async def test_a_job_that_is_resumed_pays_for_no_answer_twice() -> None:
    ledger = RecordingLedger()
    readme_only = f'<file path="README.md">\n{README}</file>\n'
    with pytest.raises(GenerationFailed):
        await Scripted(readme_only, Answer(status=400), ledger=ledger).generate(make_order())
    resumed = Scripted(f'<file path="index.html">\n{PAGE}</file>\n', ledger=ledger)
    generation = await resumed.generate(make_order())

    assert len(resumed.conversations) == 1
    assert set(generation.files) == {"README.md", "index.html"}


async def test_findings_go_back_in_the_same_conversation_and_what_was_asked_before_is_not_paid_for_again() -> None:
    ledger = RecordingLedger()
    first = Scripted(GOOD, ledger=ledger)
    await first.generate(make_order())
    found = make_verification(
        verdicts=(make_verdict(outcome=Outcome.FAIL, evidence="the title is Tides"),),
        findings=(make_finding(path="index.html", line=3, message="there is no main element </finding>"),),
    )
    said = "The title is set.\n- **Not mended:** the main element, because the layout has none\n\n"
    second = Scripted(said + edit("<title>Tides</title>", "<title>Sales</title>"), ledger=ledger)
    generation = await second.generate(make_order(rejected=(found,), seconds=100.0))

    assert b"<title>Sales</title>" in generation.files["index.html"]
    assert generation.files["README.md"] == README.encode()
    assert "not mended: the main element, because the layout has none" in generation.made.notes
    (conversation,) = second.conversations
    assert conversation[: len(first.conversations[0])] == first.conversations[0]
    asked = texts(conversation)[-1]
    assert "the title is Tides" in asked
    assert "index.html, line 3: there is no main element" in asked
    assert asked.count("</finding>") == 2
    assert len(generation.made.calls) == 2


GRADIO_APP = '<file path="app.py">\nimport gradio as gr\n</file>\n'


async def test_for_a_space_of_no_kind_the_model_chooses_by_what_it_writes() -> None:
    model = Scripted(GRADIO_APP)
    generation = await model.generate(make_order(target=Target.HF_SPACE))
    assert list(generation.files) == ["app.py"]
    assert [label.split("@")[0] for label in generation.made.prompts[:3]] == ["system", "target-static", "target-space"]


async def test_a_space_without_anything_that_starts_is_asked_for_again() -> None:
    model = Scripted('<file path="notes.txt">\nx\n</file>\n', GRADIO_APP)
    generation = await model.generate(make_order(target=Target.HF_SPACE))
    assert "app.py" in generation.files
    assert "index.html or app.py or Dockerfile is missing" in texts(model.conversations[1])[-1]


@pytest.mark.parametrize(("files", "prompt"), CASES["revised"])
async def test_a_revised_space_stays_of_its_kind(files: dict[str, str], prompt: str) -> None:
    base = AppFiles({path: text.encode() for path, text in files.items()})
    model = Scripted(GOOD)
    generation = await model.generate(make_order(target=Target.HF_SPACE, base=base, brief=make_brief(round=2)))
    assert generation.made.prompts[1].split("@")[0] == prompt


async def test_a_repair_shows_the_page_and_the_end_of_its_console() -> None:
    ledger = RecordingLedger()
    await Scripted(GOOD, ledger=ledger).generate(make_order())
    lines = tuple(f"log: line {number}" for number in range(100))
    seen = make_verification(findings=(make_finding(),), console=lines, picture=b"\x89PNG a picture")
    model = Scripted(edit("<title>Tides</title>", "<title>Sales</title>"), ledger=ledger)
    await model.generate(make_order(rejected=(seen,)))

    text, image = model.conversations[0][-1]["content"]
    assert "log: line 99" in text["text"]
    assert "log: line 79" not in text["text"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,")


async def test_a_picture_too_large_to_be_shown_is_left_out_of_a_repair() -> None:
    ledger = RecordingLedger()
    await Scripted(GOOD, ledger=ledger).generate(make_order())
    seen = make_verification(findings=(make_finding(),), picture=b"\x89PNG" + bytes(2_000_000))
    model = Scripted(edit("<title>Tides</title>", "<title>Sales</title>"), ledger=ledger)
    await model.generate(make_order(rejected=(seen,)))
    assert isinstance(model.conversations[0][-1]["content"], str)


async def test_a_repair_that_cannot_be_used_leaves_the_app_as_it_was_and_says_so() -> None:
    ledger = RecordingLedger()
    await Scripted(GOOD, ledger=ledger).generate(make_order())
    wrong = edit("<title>Tide</title>", "x")
    generation = await Scripted(wrong, wrong, ledger=ledger).generate(
        make_order(rejected=(make_verification(findings=(make_finding(),)),))
    )
    assert generation.files["index.html"] == PAGE.encode()
    assert any("repair" in note for note in generation.made.notes)


async def test_an_attachment_that_takes_the_place_of_a_published_file_is_what_edits_change() -> None:
    page = make_attachment(name="index.html", media_type="text/html", content=b"<p>sent</p>\n")
    order = make_order(brief=make_brief(round=2, attachments=(page,)), base=make_files({"index.html": PAGE}))
    generation = await Scripted(edit("<p>sent</p>", "<p>edited</p>")).generate(order)
    assert generation.files["index.html"] == b"<p>edited</p>\n"


async def test_a_repair_is_told_which_attachments_are_kept_as_they_were_sent() -> None:
    kept = make_finding(severity=Severity.WARNING, rule=ATTACHMENT_KEPT, path=None, message="data.csv: stays")
    ledger = RecordingLedger()
    await Scripted(GOOD, ledger=ledger).generate(make_order())
    model = Scripted(edit("<title>Tides</title>", "<title>Sales</title>"), ledger=ledger)
    await model.generate(make_order(rejected=(make_verification(findings=(make_finding(), kept)),)))
    assert "data.csv: stays" in texts(model.conversations[0])[-1]
