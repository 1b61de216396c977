"""Checks in prose: decided where the files decide them, left open everywhere else."""

import pytest

from pipeline.domain.brief import Check
from pipeline.domain.verdict import Outcome, Verdict
from pipeline.verification.static import StaticVerifier
from tests.builders import make_attachment, make_brief, make_files
from tests.cases import cases
from tests.prose_tables import content_of

CASES = cases("prose-checks")
LIST = (
    "Publish:\n\n- index.html: a page\n- `data.csv`: figures\n- **story.txt** (300 words)\n- LICENSE: MIT\n- style it"
)
PAGE = (
    "<!doctype html><title>The Best</title><form id=search></form><a href=./data.csv>x</a><a href='story.txt#x'>y</a>"
)
APP: dict[str, bytes | str] = {
    "index.html": PAGE,
    "LICENSE": content_of("@mit"),
    "README.md": "# A\n\nWhat it is.\n\n## Setup\n\nx\n\n## Usage\n\nx\n\n## How it works\n\nx\n\n## License\n\nMIT\n",
    "data.csv": make_attachment().content,
    "story.txt": "one two three",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "good.json": '{"a": 1}',
    "bad.json": "{a}",
}
FAIL, OPEN = Outcome.FAIL, Outcome.NOT_VERIFIABLE
LINKS = "index.html links to all required assets"


async def verdict(text: str, changes: dict[str, bytes | str | None] | None = None, brief: str = LIST) -> Verdict:
    files = {path: content for path, content in {**APP, **(changes or {})}.items() if content is not None}
    request = make_brief(text=brief, checks=(Check.from_text(text),), attachments=(make_attachment(),))
    (only,) = (await StaticVerifier().verify(make_files(files), request, "https://o.github.io/r/")).verdicts
    assert only.method == "static"
    assert only.evidence
    return only


def changed(text: str) -> bytes | str | None:
    return {"@none": None, "@longer": make_attachment().content + b"\n"}.get(text, content_of(text))


@pytest.mark.parametrize(
    ("text", "files", "outcome"),
    [
        (text, row.get("files", {}), outcome)
        for row in CASES["when"]
        for outcome in Outcome
        for told in row.get(outcome.value, ())
        for text in CASES.get(told.removeprefix("@"), (told,))
    ],
)
async def test_what_comes_out(text: str, files: dict[str, str], outcome: Outcome) -> None:
    seen = await verdict(text, {path: changed(content) for path, content in files.items()})
    assert seen.outcome is outcome
    assert content_of("@token") not in seen.evidence


@pytest.mark.parametrize("text", CASES["attachment"])
async def test_what_is_no_attachment_is_compared_with_none(text: str) -> None:
    assert (await verdict(text.replace("data", "story").replace("csv", "txt"))).outcome is OPEN


@pytest.mark.parametrize(
    ("text", "files", "evidence"),
    [
        ("README.md is professional", {"README.md": "# A\n\nWords.\n\n## Usage\n\nx\n\n## License\n"},
         "README.md has no setup, no code explanation, no license; its headings: A, Usage, License"),
        ("Each required file exists on GitHub", {"story.txt": None}, "not in the app: story.txt"),
        ("pelican.svg is rated by an LLM", {}, "there is no pelican.svg"),
    ],
)  # fmt: skip
async def test_evidence_says_what_was_there(text: str, files: dict[str, bytes | str | None], evidence: str) -> None:
    failed = await verdict(text, files)
    assert (failed.outcome, failed.evidence) == (FAIL, evidence)


@pytest.mark.parametrize("text", ["Each required file exists on GitHub", LINKS])
async def test_files_of_a_list_cannot_be_judged_without_one(text: str) -> None:
    assert (await verdict(text, brief="Make a page.")).outcome is OPEN
    assert (await verdict(LINKS, {"index.html": b"\xff"})).outcome is OPEN


@pytest.mark.parametrize("card", ["sdk: docker", "sdk: gradio", None])
@pytest.mark.parametrize("text", ['The title is "The Best"', "#gone exists", "index.html links to none.csv"])
async def test_where_a_program_serves_the_page_it_is_asked_there(text: str, card: str | None) -> None:
    files = {"README.md": f"---\n{card}\n---\n", "index.html": PAGE} if card else {"app.py": ""}
    check = Check.from_text(text)
    read = await StaticVerifier().verify(make_files(files), make_brief(checks=(check,)), "https://o-r.hf.space/")
    assert (read.verdicts[0].outcome, check in read.questions) == (OPEN, True)
