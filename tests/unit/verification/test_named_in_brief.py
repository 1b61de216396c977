"""What the brief names literally is looked for; files that CI makes are not missed."""

import pytest

from pipeline.domain.brief import Check
from pipeline.verification.addresses import ServedApp
from pipeline.verification.files.named_in_brief import unmet_names
from pipeline.verification.files.workflows import made_in_ci, workflows
from tests.builders import make_brief, make_files

PAGE = '<title>Sales Summary</title><p id="total"></p><button>Go &amp; see</button>'
WORKFLOW = """
on: [push, workflow_dispatch]
jobs:
  a: &job
    steps:
      - uses: actions/checkout@v4
      - run: |
          # > no.json
          python make.py > out/result.json
          cp out/result.json site/ ; echo x | tee log.txt
  b: {<<: *job}
"""


@pytest.mark.parametrize(
    ("text", "unmet"),
    [
        ("Show the sum in #total and the average in #mean.", ["mean"]),
        ('Give the element id="total" and id="count".', ["count"]),
        ("Use #fff on #333 as colours, see https://example.org/#part.", []),
        ("Save the rates as `rates.json`. Load https://example.org/x.json with marked.js.", ["rates.json"]),
        ("It may use style.css. Remove #mean.", []),
        ('Set the title to "Sales Summary" and add a button labelled "Go & see".', []),
        ('Add a heading "Best of all" and a "quick" search.', ["Best of all"]),
        ("Fetch data.csv and result.json.", []),
    ],
)
def test_what_the_brief_names_is_looked_for(text: str, unmet: list[str]) -> None:
    files = make_files({"index.html": PAGE, "data.csv": "a", ".github/workflows/ci.yml": WORKFLOW})
    found = list(unmet_names(files, make_brief(text=text, checks=())))
    assert [name for name in unmet if any(name in finding.message for finding in found)] == unmet
    assert len(found) == len(unmet), found


def test_what_a_check_is_about_is_told_once() -> None:
    brief = make_brief(text="Show it in #mean.", checks=(Check.from_text("#mean exists"),))
    assert list(unmet_names(make_files(), brief)) == []


def test_workflows_are_read_and_what_they_make_is_no_broken_link() -> None:
    files = make_files({"index.html": "x", ".github/workflows/ci.yml": WORKFLOW, "make.py": "open('more.csv', 'w')"})
    (workflow,) = workflows(files)
    assert workflow.events == ("push", "workflow_dispatch")
    assert workflow.actions[0] == "actions/checkout@v4"
    assert made_in_ci(files) == {"out/result.json", "result.json", "log.txt", "more.csv"}
    app = ServedApp(files, "https://octo.github.io/app/", made_in_ci(files))
    assert app.problem("result.json", "index.html") is None
    assert app.problem("no.json", "index.html")
