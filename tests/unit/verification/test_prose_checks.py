"""Checks in prose: decided where the files decide them, left open everywhere else."""

import pytest

from pipeline.assembly.licence import mit_licence
from pipeline.domain.brief import Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome, Verdict
from pipeline.verification.static import StaticVerifier
from tests.builders import make_attachment, make_brief, make_files
from tests.cases import cases

CASES = cases("prose-checks")
Changes = dict[str, bytes | str | None]
README = "# A\n\nWhat it is.\n\n## Setup\n\nx\n\n## Usage\n\nx\n\n## How it works\n\nx\n\n## License\n\nMIT\n"
LIST = (
    "Publish:\n\n- index.html: a page\n- `data.csv`: figures\n- **story.txt** (300 words)\n- LICENSE: MIT\n- style it"
)
PAGE = (
    "<!doctype html><title>The Best</title><form id=search></form><a href=./data.csv>x</a><a href='story.txt#x'>y</a>"
)
APP: dict[str, bytes | str] = {
    "index.html": PAGE,
    "LICENSE": mit_licence(2026, "The authors"),
    "README.md": README,
    "data.csv": make_attachment().content,
    "story.txt": "one two three",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "good.json": '{"a": 1}',
    "bad.json": "{a}",
}
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.NOT_VERIFIABLE


async def verdict(text: str, changes: Changes | None = None, brief: str = LIST) -> Verdict:
    files = {path: content for path, content in {**APP, **(changes or {})}.items() if content is not None}
    app: AppFiles = make_files(files)
    request = make_brief(text=brief, checks=(Check.from_text(text),), attachments=(make_attachment(),))
    (only,) = (await StaticVerifier().verify(app, request, "https://o.github.io/r/")).verdicts
    assert only.method == "static"
    assert only.evidence
    return only


def outcomes(table: str) -> list[tuple[str, Outcome]]:
    return [(text, Outcome(outcome)) for text, outcome in CASES[table]]


@pytest.mark.parametrize("text", CASES["licence"])
@pytest.mark.parametrize(
    ("licence", "outcome"), [(APP["LICENSE"], PASS), ("MIT", FAIL), ("Apache License", FAIL), (None, FAIL)]
)
async def test_the_licence(text: str, licence: bytes | str | None, outcome: Outcome) -> None:
    assert (await verdict(text, {"LICENSE": licence})).outcome is outcome


@pytest.mark.parametrize("text", ["Repo has MIT license and the page is pretty", "MIT license or Apache"])
async def test_a_sentence_that_says_more_than_the_licence_is_never_passed(text: str) -> None:
    assert (await verdict(text)).outcome is OPEN


async def test_a_sentence_that_says_more_than_the_licence_fails_without_one() -> None:
    assert (await verdict("Repo has MIT license and the page is pretty", {"LICENSE": "x"})).outcome is FAIL
    assert (await verdict("MIT license or Apache", {"LICENSE": "x"})).outcome is OPEN


@pytest.mark.parametrize("text", CASES["professional"])
async def test_a_professional_readme_has_all_parts(text: str) -> None:
    assert (await verdict(text)).outcome is PASS
    lacking = await verdict(text, {"README.md": "# A\n\nWords.\n\n## Usage\n\nx\n\n## License\n"})
    assert lacking.outcome is FAIL
    assert lacking.evidence.startswith("README.md has no setup, no code explanation, no license; its headings: A")
    assert (await verdict(text, {"README.md": None})).outcome is FAIL


@pytest.mark.parametrize(
    ("text", "readme", "outcome"),
    [
        ("README.md has a usage section", README, PASS),
        ("README contains a summary, setup, usage, code explanation and license.", README, PASS),
        ("README.md has setup instructions and usage", README.replace("## Setup", "## Colours"), FAIL),
        ("README.md has a usage section and a screenshot", README, OPEN),
        ("README.md has a usage section and a screenshot", "# A", FAIL),
        ("README.md is funny", README, OPEN),
        ("README.md has a setup section", "---\ntitle: How to install\n---\nSome words.\n", FAIL),
        ("README.md has a setup section", README.replace("## Setup", "## Setup\n\n### Locally"), PASS),
        ("README.md has a setup section", README.replace("## Setup\n\nx", "## Setup"), FAIL),
    ],
)
async def test_named_parts_of_the_readme(text: str, readme: str, outcome: Outcome) -> None:
    assert (await verdict(text, {"README.md": readme})).outcome is outcome


@pytest.mark.parametrize(("text", "outcome"), outcomes("files"))
async def test_which_files_are_there(text: str, outcome: Outcome) -> None:
    assert (await verdict(text)).outcome is outcome


async def test_the_files_that_the_brief_lists_must_all_be_there() -> None:
    missing = await verdict("Each required file exists on GitHub", {"story.txt": None})
    assert (missing.outcome, missing.evidence) == (FAIL, "not in the app: story.txt")
    assert (await verdict("Each required file exists on GitHub", brief="Make a page.")).outcome is OPEN


@pytest.mark.parametrize("text", CASES["attachment"])
async def test_an_attachment_must_be_there_byte_for_byte(text: str) -> None:
    assert (await verdict(text)).outcome is PASS
    assert (await verdict(text, {"data.csv": make_attachment().content + b"\n"})).outcome is FAIL
    assert (await verdict(text, {"data.csv": None})).outcome is FAIL
    assert (await verdict(text.replace("data", "story").replace("csv", "txt"))).outcome is OPEN


LINKS = "index.html links to all required assets"


@pytest.mark.parametrize(("body", "outcome"), outcomes("links"))
async def test_a_page_links_to_all_files_that_the_brief_lists(body: str, outcome: Outcome) -> None:
    assert (await verdict(LINKS, {"index.html": body})).outcome is outcome


async def test_links_cannot_be_judged_without_a_list_and_fail_without_a_page() -> None:
    assert (await verdict(LINKS, brief="Make a page.")).outcome is OPEN
    assert (await verdict(LINKS, {"index.html": None})).outcome is FAIL
    assert (await verdict(LINKS, {"index.html": b"\xff"})).outcome is OPEN
    assert (await verdict("index.html links to data.csv and story.txt")).outcome is PASS
    assert (await verdict("index.html links to data.csv and good.json")).outcome is FAIL


@pytest.mark.parametrize(("text", "outcome"), outcomes("valid"))
async def test_valid_files(text: str, outcome: Outcome) -> None:
    assert (await verdict(text)).outcome is outcome


@pytest.mark.parametrize(
    "text", ['The page title is "The Best"', "<title> equals `The Best`.", "Page title is “The Best”"]
)
async def test_the_title(text: str) -> None:
    assert (await verdict(text)).outcome is PASS
    assert (await verdict(text, {"index.html": "<title>The best</title>"})).outcome is FAIL
    assert (await verdict(text, {"index.html": "<p>x</p>"})).outcome is FAIL
    assert (await verdict(text, {"index.html": "<title>x</title><script>x()</script>"})).outcome is OPEN
    setting = "<title>The Best</title><script>document.title = 1</script>"
    assert (await verdict(text, {"index.html": setting})).outcome is OPEN


@pytest.mark.parametrize(("text", "outcome"), outcomes("ids"))
async def test_ids(text: str, outcome: Outcome) -> None:
    assert (await verdict(text)).outcome is outcome


async def test_an_id_that_a_script_may_add_is_left_open() -> None:
    assert (await verdict("#total exists", {"index.html": "<script>x()</script>"})).outcome is OPEN


@pytest.mark.parametrize(
    ("text", "story", "outcome"),
    [
        ("story.txt contains exactly three words", "Curious, careful, candid\n", PASS),
        ("story.txt has 3 words.", "one two", FAIL),
        ("story.txt contains exactly three words", "# About\n\none two three", OPEN),
        ("story.txt contains exactly three words", "one - two three", OPEN),
        ("story.txt has 300-400 words", "word " * 350, PASS),
        ("story.txt has between 300 and 400 words", "word " * 439, FAIL),
        ("story.txt has at least 10 words", "word " * 11, PASS),
        ("story.txt has at most 10 words", "word " * 11, FAIL),
        ("story.txt has ten words", None, FAIL),
    ],
)
async def test_word_counts(text: str, story: str | None, outcome: Outcome) -> None:
    assert (await verdict(text, {"story.txt": story})).outcome is outcome


async def test_literal_texts_in_files() -> None:
    assert (await verdict('LICENSE contains "is hereby granted"')).outcome is PASS
    assert (await verdict('story.txt contains the text "four"')).outcome is FAIL
    assert (await verdict('index.html contains "Loaded"')).outcome is OPEN


@pytest.mark.parametrize("text", CASES["secrets"])
async def test_no_secrets(text: str) -> None:
    assert (await verdict(text)).outcome is PASS
    token = "hf_" + "".join(map(chr, range(ord("a"), ord("z") + 1))) + "ABCDEFGH"
    leaky = await verdict(text, {"story.txt": token})
    assert leaky.outcome is FAIL
    assert token not in leaky.evidence


@pytest.mark.parametrize("text", ["All links work", "There are no broken links."])
async def test_working_links(text: str) -> None:
    assert (await verdict(text)).outcome is PASS
    assert (await verdict(text, {"index.html": "<a href=gone>"})).outcome is FAIL
    assert (await verdict(text, {"index.html": "<a href='https://example.com'>"})).outcome is OPEN
    assert (await verdict("All local links work", {"index.html": "<a href='https://example.com'>"})).outcome is PASS
    assert (await verdict(text, {"index.html": "<script>x()</script>"})).outcome is OPEN


@pytest.mark.parametrize("text", [*CASES["open"], "README.md has " + "usage, " * 100 + "usage"])
async def test_everything_else_is_left_open(text: str) -> None:
    assert (await verdict(text)).outcome is OPEN


async def test_what_is_said_about_a_file_that_is_not_there_fails() -> None:
    missing = await verdict("pelican.svg is rated by an LLM")
    assert (missing.outcome, missing.evidence) == (FAIL, "there is no pelican.svg")
    assert (await verdict("result.json is generated and never committed")).outcome is OPEN


@pytest.mark.parametrize("card", ["sdk: docker", "sdk: gradio", None])
@pytest.mark.parametrize("text", ['The title is "The Best"', "#gone exists", "index.html links to none.csv"])
async def test_where_a_program_serves_the_page_it_is_asked_there(text: str, card: str | None) -> None:
    files = {"README.md": f"---\n{card}\n---\n", "index.html": PAGE} if card else {"app.py": ""}
    check = Check.from_text(text)
    read = await StaticVerifier().verify(make_files(files), make_brief(checks=(check,)), "https://o-r.hf.space/")
    assert (read.verdicts[0].outcome, check in read.questions) == (OPEN, True)
