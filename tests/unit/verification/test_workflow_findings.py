"""What is found in workflow files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.verdict import Severity
from pipeline.verification.files.workflows import is_workflow, workflow_findings
from tests.builders import make_files

PATH = ".github/workflows/a.yml"
HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"


def found(text: str, files: dict[str, bytes | str] | None = None) -> list[tuple[int | None, str]]:
    """Line and message; warnings begin with a question mark."""
    return [
        (finding.line, "?" * (finding.severity is Severity.WARNING) + finding.message)
        for finding in workflow_findings(PATH, text, make_files({"index.html": "", "src/a.py": "", **(files or {})}))
    ]


def lines(text: str) -> list[int | None]:
    return [line for line, _ in found(text)]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("- a", 1, "mapping"),
        ("jobs:\n  a: {runs-on: x, steps: [{run: x}]}", 1, "when to run"),
        ("on:\njobs:\n  a: {runs-on: x, steps: [{run: x}]}", 1, "when to run"),
        ("on: push", 1, "no jobs"),
        ("on: push\njobs: []", 2, "no jobs"),
        ("on: push\njobs:\n  a b: {runs-on: x, steps: [{run: x}]}", 3, "job id"),
        ("on: push\njobs:\n  a:\n    steps: [{run: x}]", 4, "runs-on"),
        ("on: push\njobs:\n  a:\n    runs-on: x", 4, "no steps"),
        ("on: push\njobs:\n  a: {runs-on: x, needs: b, steps: [{run: x}]}", 3, "no job of this file"),
        (f"on: push\n{HEAD}      - run: x", 2, "twice"),
        (f"{HEAD}      - name: x", 6, "uses or run"),
        (f"{HEAD}      - uses: a/b@v1\n        run: x", 6, "uses or run"),
        (f"{HEAD}      - x", 6, "uses or run"),
        (f"{HEAD}      - run: ''", 6, "no command"),
        (f"{HEAD}      - uses: actions/checkout", 6, "version"),
        (f"{HEAD}      - uses: checkout@v4", 6, "version"),
        (f"{HEAD}      - uses: actions/checkout@${{{{ x }}}}", 6, "version"),
        (f"{HEAD}      - uses: ./gone", 6, "not in the app"),
        ("on: push\njobs:\n  a:\n    uses: owner/repo/.github/workflows/x.yml", 4, "version"),
    ],
)
def test_what_actions_refuses_is_told_with_its_line(text: str, line: int, word: str) -> None:
    ((seen, message),) = found(text)
    assert (seen, word in message) == (line, True)


@pytest.mark.parametrize("key", ["on", "'on'", '"on"'])
def test_the_key_on_is_read_as_it_is_written(key: str) -> None:
    assert found(HEAD.replace("on:", f"{key}:", 1) + "      - run: x") == []


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        ("", "pages: write and id-token: write"),
        ("permissions: {contents: read}\n", "pages: write and id-token: write"),
        ("permissions: {pages: write}\n", "id-token: write"),
        ("permissions: {pages: read, id-token: write}\n", "pages: write"),
        ("permissions: read-all\n", "pages: write and id-token: write"),
        ("permissions: {pages: write, id-token: write}\n", None),
        ("permissions: write-all\n", None),
    ],
)
def test_deploying_pages_needs_its_permissions(permissions: str, missing: str | None) -> None:
    findings = found(f"{permissions}{HEAD}      - uses: actions/deploy-pages@v4")
    assert len(findings) == (missing is not None)
    assert all(f"needs {missing} under" in message for _, message in findings)


def test_permissions_of_the_job_replace_those_of_the_workflow() -> None:
    job = HEAD.replace("    steps", "    permissions: {pages: write}\n    steps")
    assert len(found(f"permissions: write-all\n{job}      - uses: actions/deploy-pages@v4")) == 1


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- uses: actions/upload-pages-artifact@v3", [7]),
        ("- uses: actions/upload-pages-artifact@v3\n        with:\n          path: public", [9]),
        ("- uses: actions/upload-pages-artifact@v3\n        with: {path: src}", []),
        ("- uses: actions/upload-pages-artifact@v3\n        with: {path: '${{ env.X }}'}", []),
        ("- run: make\n      - uses: actions/upload-pages-artifact@v3", []),
        ("- run: x\n        working-directory: gone", [8]),
        ("- run: x\n        working-directory: src", []),
        ("- run: npm ci", [7]),
        ("- run: |\n          echo x\n          python src/gone.py", [9]),
        ("- run: |\n          curl x -o gone.py\n          python gone.py", []),
        ("- run: python a.py && bash gone.sh", [7]),
        ("- run: pip install -r requirements.txt", [7]),
        ("- uses: a/b@v1\n      - run: python gone.py", []),
    ],
)
def test_paths_that_the_app_lacks_are_told(steps: str, expected: list[int]) -> None:
    assert lines(f"{HEAD}      - uses: actions/checkout@v4\n      {steps}") == expected


def test_after_checking_out_something_else_nothing_is_said_about_paths() -> None:
    text = f"{HEAD}      - uses: actions/checkout@v4\n        with: {{repository: a/b}}\n      - run: npm ci"
    assert found(text) == []


def test_npm_ci_is_right_with_a_lock_file() -> None:
    assert found(f"{HEAD}      - run: npm ci", {"package-lock.json": "{}"}) == []


def test_workflows_are_known_by_their_path() -> None:
    assert all(map(is_workflow, [PATH, ".github/workflows/b.yaml"]))
    assert not any(map(is_workflow, [".github/workflows/x/a.yml", "a.yml", ".github/dependabot.yml"]))


PIECES = [
    "on: push\n",
    "jobs:\n",
    "  a:\n",
    "    steps:\n",
    "      - ",
    "uses: ",
    "run: |\n",
    "[",
    "{",
    "&a ",
    "*a",
    "<<: ",
    "? ",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=9)))
def test_no_workflow_is_too_strange_to_be_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    for line, message in found(text):
        assert line is not None
        assert 1 <= line <= text.count("\n") + 2
        assert message


@pytest.mark.parametrize("piece", ["- ", "a: &a [*a]\n", "  a: {}\n", "      - run: python a\n", "? ", "&a ", "[", "x"])
@pytest.mark.parametrize("start", ["", "on: push\njobs:\n", HEAD])
def test_long_workflows_end(start: str, piece: str) -> None:
    assert len(found(start + piece * (100_000 // len(piece)))) < 100
