"""What may become of a file: attachments that the brief wants changed, workflows that it asks for."""

import pytest

from pipeline.assembly import assemble, attachment_findings, may_replace, wants_workflows
from pipeline.domain.brief import Check
from pipeline.domain.publication import Target
from tests.builders import make_attachment, make_brief, make_files, make_generation
from tests.cases import cases

CASES = cases("may-replace")


@pytest.mark.parametrize("brief", CASES["changed"])
def test_a_file_named_as_the_object_of_a_verb_of_change_may_be_replaced(brief: str) -> None:
    assert may_replace("execute.py", brief)


@pytest.mark.parametrize("brief", CASES["used"])
def test_a_file_that_is_only_used_may_not_be_replaced(brief: str) -> None:
    assert not may_replace("execute.py", brief)


def test_a_file_in_a_folder_may_be_named_with_or_without_the_folder() -> None:
    assert may_replace("src/execute.py", "Fix src/execute.py")
    assert may_replace("src/execute.py", "Fix execute.py")


WORKFLOW = ".github/workflows/ci.yml"
PAGE = {
    "index.html": "<title>x</title>",
    ".GitHub/CODEOWNERS": "* @x",
    WORKFLOW.replace(".github", ".GitHub"): "on: push",
}


@pytest.mark.parametrize("text", CASES["workflows"])
def test_a_brief_asks_for_workflows_in_its_text_or_in_a_check(text: str) -> None:
    assert wants_workflows(make_brief(text=text))
    assert wants_workflows(make_brief(checks=(Check.from_text(text),)))


@pytest.mark.parametrize(
    "text", ["A page about circuits", "The city's actions", "No workflows please", "Decide (ci)", "no GitHub Actions"]
)
def test_an_ordinary_brief_does_not_ask_for_workflows(text: str) -> None:
    assert not wants_workflows(make_brief(text=text, checks=()))


def test_workflow_files_nobody_asked_for_are_dropped_and_nothing_else() -> None:
    generation = make_generation(files=make_files(PAGE))
    app = assemble(generation, make_brief(), Target.GITHUB_PAGES, year=2026)
    assert [path for path in app if path.lower().startswith(".github")] == []
    assert app["index.html"] == generation.files["index.html"]


def test_workflow_files_that_were_asked_for_stay() -> None:
    files = make_files({"index.html": "x", WORKFLOW: "on: push"})
    brief = make_brief(text="Deploy with GitHub Actions")
    assert WORKFLOW in assemble(make_generation(files=files), brief, Target.GITHUB_PAGES, year=2026)


def test_a_revision_keeps_published_workflow_files_but_takes_no_new_form_of_them() -> None:
    base = make_files({"index.html": "x", WORKFLOW: "on: push", ".github/workflows/b.yml": "on: push"})
    revised = base.with_files({".github/workflows/b.yml": b"on: schedule"})
    app = assemble(make_generation(files=revised), make_brief(round=2), Target.GITHUB_PAGES, year=2026, base=base)
    assert app[WORKFLOW] == b"on: push"
    assert ".github/workflows/b.yml" not in app


SENT = {"index.html": b"<p>old</p>", "style.css": b"p {}", "data.csv": b"a,b\n1,2\n"}
ATTACHED = tuple(make_attachment(name=name, content=content) for name, content in SENT.items())
WRITTEN = {"index.html": "<p>new</p>", "style.css": "p { color: red }", "data.csv": "a,b\n3,4\n"}


@pytest.mark.parametrize("brief", CASES["pages"])
def test_the_app_starts_from_attached_code_and_keeps_attached_data(brief: str) -> None:
    order = make_brief(text=brief, attachments=ATTACHED)
    app = assemble(make_generation(files=make_files(WRITTEN)), order, Target.GITHUB_PAGES, year=2026)
    assert app["index.html"] == b"<p>new</p>"
    assert app["style.css"] == b"p { color: red }"
    assert app["data.csv"] == SENT["data.csv"]
    told = attachment_findings(make_files(WRITTEN), order)
    assert [(finding.rule, finding.message.split(":")[0]) for finding in told] == [
        ("attachment-changed", "index.html"),
        ("attachment-changed", "style.css"),
        ("attachment-kept", "data.csv"),
    ]


@pytest.mark.parametrize("name", ["input.md", "photo.JPG", "logo.svg", "feed.xml", "quiz.json", "notes.txt", "html"])
def test_data_and_media_stay_as_they_were_sent(name: str) -> None:
    order = make_brief(text="Make a page of it.", attachments=(make_attachment(name=name, content=b"sent"),))
    files = make_files({"index.html": "x", name: "written"})
    assert assemble(make_generation(files=files), order, Target.GITHUB_PAGES, year=2026)[name] == b"sent"


def test_what_the_generator_did_not_touch_is_no_change() -> None:
    order = make_brief(round=2, attachments=ATTACHED)
    base = make_files({"index.html": "<p>published</p>", "style.css": "p {}"})
    assert not attachment_findings(base, order, base)
    app = assemble(make_generation(files=base), order, Target.GITHUB_PAGES, year=2026, base=base)
    assert app["index.html"] == SENT["index.html"]
