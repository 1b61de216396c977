"""What the generator does with answers that came in pieces, in part, or from a model that is of no use."""

import socket
import threading
from collections.abc import Sequence

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.errors import GenerationFailed
from pipeline.domain.generation import Generation
from pipeline.generation.generator import ModelGenerator
from pipeline.generation.model.budget import Caps
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.generation.prompts import Prompts
from tests.builders import make_attachment, make_brief, make_files, make_order
from tests.fakes.model import Answer, Entry, ModelServer
from tests.integration.model_rig import GOOD, PAGE, PROMPTS, README, Scripted, chain_of, edit, texts

ROWS = "".join(f"<li>{'x' * 40} {number}</li>\n" for number in range(60))
LONG = GOOD.replace("<p id", f"<ul>\n{ROWS}</ul>\n<p id")


def pieces_of(text: str, count: int) -> list[str]:
    size = len(text) // count + 1
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("cut", ["length", None])
async def test_an_answer_in_pieces_is_put_together_byte_by_byte(count: int, cut: str | None) -> None:
    *first, last = pieces_of(LONG, count)
    model = Scripted(*(Answer(piece, finish=cut) for piece in first), last)
    generation = await model.generate(make_order())
    assert generation.files["index.html"] == PAGE.replace("<p id", f"<ul>\n{ROWS}</ul>\n<p id").encode()
    assert generation.files["README.md"] == README.encode()
    assert len(model.conversations) == count
    assert any(f"put together from {count} pieces" in note for note in generation.made.notes)


@pytest.mark.parametrize(
    "form", ["{}", "```html\n{}```\n", "Here is the rest of it:\n\n```\n{}```\n", "<li>last line</li>\n<li>half a{}"]
)
async def test_what_a_model_puts_before_the_rest_is_taken_off(form: str) -> None:
    begun = GOOD[: GOOD.index("<p id")] + "<li>last line</li>\n<li>half a"
    rest = " line</li>\n" + GOOD[GOOD.index("<p id") :]
    generation = await Scripted(Answer(begun, finish="length"), form.format(rest)).generate(make_order())
    page = PAGE.replace("<p id", "<li>last line</li>\n<li>half a line</li>\n<p id")
    assert generation.files["index.html"] == page.encode()


async def test_a_model_that_answers_from_the_beginning_again_is_understood() -> None:
    readme, page = GOOD.split("</file>\n")[1], GOOD.split("</file>\n")[0]
    model = Scripted(Answer(f"{page}</file>\n{readme}", finish="length"), GOOD)
    generation = await model.generate(make_order())
    assert dict(generation.files) == {"index.html": PAGE.encode(), "README.md": README.encode()}
    assert len(model.conversations) == 2


async def test_a_stream_that_broke_before_any_file_does_not_spend_the_reminder_of_the_format() -> None:
    model = Scripted(Answer("A page with", fault="drop"), " the total.", GOOD)
    generation = await model.generate(make_order())
    assert "index.html" in generation.files
    assert [call.prompt.split("@")[0] for call in generation.made.calls] == ["generate", "continue", "format"]


async def test_a_repair_may_come_in_pieces_as_well() -> None:
    base = make_files({"index.html": PAGE})
    first, last = pieces_of(edit("<title>Tides</title>", "<title>High tides</title>"), 2)
    order = make_order(brief=make_brief(round=2), base=base)
    generation = await Scripted(edit("nowhere", "x"), Answer(first, finish="length"), last).generate(order)
    assert b"High tides" in generation.files["index.html"]


async def test_edits_that_fit_stand_and_only_the_others_are_asked_for_again() -> None:
    base = make_files({"index.html": PAGE})
    block = "<<<<<<< SEARCH\n{}\n=======\n{}\n>>>>>>> REPLACE\n"
    title, total = (
        block.format("<title>Tides</title>", "<title>High</title>"),
        block.format('<p id="sum">', '<p id="t">'),
    )
    mended = block.format('<p id="total">7</p>', '<p id="t">8</p>')
    model = Scripted(
        f'<edit path="index.html">\n{title}{total}</edit>\n', f'<edit path="index.html">\n{title}{mended}</edit>\n'
    )
    generation = await model.generate(make_order(brief=make_brief(round=2), base=base))
    page = PAGE.replace("Tides", "High").replace('id="total">7', 'id="t">8')
    assert generation.files["index.html"] == page.encode()
    asked = texts(model.conversations[1])[-1]
    assert "block 2 could not be placed; in place already: block 1" in asked
    assert "Block 1" not in asked


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('<copy from="photo.png" to="photo.png"/>\n', '<copy from="tides.csv" to="copy.csv"/>\n'),
        ('<file path="js/app.js">\nlet half =\n', ""),
        ('<edit path="old.css">\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n</edit>\n', ""),
    ],
)
async def test_what_the_newest_answer_gave_up_is_no_problem_any_more(first: str, second: str) -> None:
    model = Scripted(GOOD + first, GOOD + second)
    brief = make_brief(attachments=(make_attachment(name="tides.csv"),))
    generation = await model.generate(make_order(brief=brief))
    assert len(model.conversations) == 2
    assert generation.files["index.html"] == PAGE.encode()


async def test_a_file_that_the_page_names_is_asked_for_until_it_is_there() -> None:
    page = GOOD.replace("<p id", '<script src="js/app.js"></script>\n<p id')
    script = '<file path="js/app.js">\nlet whole = 1;\n</file>\n'
    model = Scripted(page + '<file path="js/app.js">\nlet half =\n', page, script)
    generation = await model.generate(make_order())
    assert generation.files["js/app.js"] == b"let whole = 1;\n"


async def test_a_page_that_lost_its_rest_is_asked_for_again() -> None:
    base = make_files({"index.html": PAGE.replace("<p id", f"<ul>\n{ROWS}</ul>\n<p id")})
    lazy = f'<file path="index.html">\n{PAGE.replace("<p id", "<!-- as before -->{}<p id").format(chr(10))}</file>\n'
    model = Scripted(lazy, edit("<title>Tides</title>", "<title>High</title>"))
    generation = await model.generate(make_order(brief=make_brief(round=2), base=base))
    assert ROWS in (generation.files.text("index.html") or "")
    assert "<title>High" in (generation.files.text("index.html") or "")
    assert "<!-- as before -->" in texts(model.conversations[1])[-1]


async def test_a_page_that_is_meant_to_shrink_may_after_one_question() -> None:
    base = make_files({"index.html": PAGE.replace("<p id", f"<ul>\n{ROWS}</ul>\n<p id")})
    model = Scripted(GOOD, GOOD)
    generation = await model.generate(make_order(brief=make_brief(round=2), base=base))
    assert generation.files["index.html"] == PAGE.encode()
    assert len(model.conversations) == 2


async def two_models(script: Sequence[Entry], **options: object) -> tuple[Generation, ModelServer]:
    with ModelServer([*script, Answer(GOOD, model="second")], then="error", **options) as server:  # type: ignore[arg-type]
        generator = ModelGenerator(chain_of(server, "first", "second"), Prompts(PROMPTS), SystemClock())
        return await generator.generate(make_order(), lambda _note: None), server


HALF = '<file path="index.html">\n<!doctype html>\n<p>half'
CALLS = '"delta": {"tool_calls": [{"function": {"name": "look"}}]}'
TOOL = f'data: {{"choices": [{{{CALLS}, "finish_reason": "tool_calls"}}]}}\n\n'


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([Answer(status=500)] * 2, "HTTP 500"),
        ([Answer(status=529)] * 2, "HTTP 529"),
        ([Answer(status=429)] * 2, "HTTP 429"),
        ([Answer(status=403)], "HTTP 403"),
        ([Answer(status=400, body='[{"error": {"message": "no such field"}}]')], "no such field"),
        ([Answer(fault="error_body")] * 2, "HTTP 502"),
        ([Answer(finish="error")] * 2, "empty"),
        ([Answer(status=429, headers={"Retry-After": "60"})], "HTTP 429"),
        ([Answer(status=401)], "HTTP 401"),
        ([Answer(status=402)], "HTTP 402"),
        ([Answer(status=404)], "HTTP 404"),
        ([Answer(HALF, finish="length")] * 2, "cut off twice"),
        ([Answer(HALF, fault="drop")] * 4, "cut off 4 times: index.html is not whole"),
        (["What do you mean?"] * 2, "it holds no file"),
        ([Answer(refusal="No.")], "refused"),
        ([Answer("")] * 2, "empty"),
        ([Answer(raw=TOOL)] * 2, "the tool look, which was not offered"),
        ([Answer(reasoning="hm", finish="length")] * 2, "output limit"),
        ([Answer(reasoning="Let me think.")] * 2, "reasoning"),
        ([Answer(fault="html")], "web page"),
        ([f'<file path="README.md">\n{README}</file>\n'] * 3, "index.html is missing"),
    ],
)
async def test_when_the_first_model_is_of_no_use_the_second_makes_the_app(answers: list[Entry], words: str) -> None:
    generation, server = await two_models(answers)
    assert generation.files["index.html"] == PAGE.encode()
    assert generation.made.model == "second"
    assert [call.model for call in server.calls] == ["first"] * len(answers) + ["second"]
    assert any(note.startswith("first") and words in note for note in generation.made.notes)


def hang_up_on(door: socket.socket) -> None:
    for _ in range(2):
        door.accept()[0].close()


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_when_the_first_provider_is_away_the_second_makes_the_app(hangs_up: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door, ModelServer([GOOD]) as server:
        address = f"http://127.0.0.1:{door.getsockname()[1]}/v1"
        if hangs_up:
            threading.Thread(target=hang_up_on, args=(door,), daemon=True).start()
        else:
            door.close()
        chain = chain_of(server, "second", before=[OpenAIModel(address, "first", None)], caps=Caps(1, 900_000))
        generation = await ModelGenerator(chain, Prompts(PROMPTS), SystemClock()).generate(make_order(), print)
    assert generation.made.model == "second"
    assert len(server.calls) == 1
    assert any("first at 127.0.0.1" in note for note in generation.made.notes)


async def test_when_no_model_is_of_use_the_failure_says_of_each_why() -> None:
    prose = [Answer("What?", model=name) for name in ("first", "first", "second", "second")]
    with pytest.raises(GenerationFailed) as raised:
        await two_models(prose)
    first, second = str(raised.value).splitlines()
    assert first.startswith("first: no app could be read")
    assert second.startswith("second: no app could be read")


async def test_the_second_model_starts_from_the_brief_and_not_from_the_first_ones_answers() -> None:
    _, server = await two_models(["What do you mean?"] * 2)
    assert server.calls[-1].body["messages"] == server.calls[0].body["messages"]
