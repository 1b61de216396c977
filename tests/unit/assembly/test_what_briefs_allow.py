"""What may become of a file: attachments that the brief wants changed, workflows that it asks for."""

import pytest

from pipeline.assembly import assemble, may_replace, wants_workflows
from pipeline.domain.brief import Check
from pipeline.domain.publication import Target
from tests.builders import make_brief, make_files, make_generation
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
