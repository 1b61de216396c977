"""What is found in Dockerfiles, requirements and workflow files, and that nothing is said about sound ones."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.files import AppFiles, path_problem
from pipeline.domain.verdict import Severity
from pipeline.generation.reply.ladder import read_reply
from pipeline.generation.reply.operations import FileWrite
from pipeline.verification.static import StaticVerifier
from tests.builders import make_attachment, make_brief, make_files
from tests.cases import cases

CASES = cases("build-files")
WORKFLOW = ".github/workflows/a.yml"
DOCKER_SPACE = "---\nsdk: docker\n---\n"
APP: dict[str, bytes | str] = dict.fromkeys(["LICENSE", "README.md", "app.py", "requirements.txt", "data/a.csv"], "")


def found(path: str, text: bytes | str, files: dict[str, bytes | str] | None = None) -> list[tuple[str, int | None]]:
    """Rule and line; warnings are marked by a question mark."""
    whole = make_files({**APP, **(files or {}), path: text})
    findings = asyncio.run(StaticVerifier().verify(whole, make_brief(), "https://octo.github.io/app/")).findings
    return [(finding.rule + "?" * (finding.severity is Severity.WARNING), finding.line) for finding in findings]


def in_space(command: str, card: str = DOCKER_SPACE, **files: str) -> list[str]:
    """Rules that a docker Space breaks by how it starts."""
    return [rule for rule, _ in found("Dockerfile", f"FROM python:3.12\n{command}\n", {"README.md": card, **files})]


@pytest.mark.parametrize(
    ("text", "line"), [("", None), ("# nothing\n", None), ("WORKDIR /x\nFROM a\n", 1), ("```dockerfile\nFROM a\n", 1)]
)
def test_a_dockerfile_that_does_not_begin_with_from_is_told(text: str, line: int | None) -> None:
    assert found("Dockerfile", text) == [("dockerfile-from", line)]


@pytest.mark.parametrize(("instruction", "rules"), CASES["sources"])
def test_sources_that_the_app_lacks_are_told(instruction: str, rules: list[str]) -> None:
    assert found("Dockerfile", f"FROM a\n{instruction}\n") == [(rule, 2) for rule in rules]


def test_a_dockerfile_may_have_another_escape_character_and_other_line_breaks() -> None:
    text = "# escape=`\n\nFROM a\nRUN one `\n  COPY gone /x\nCOPY gone /x\n"
    assert (
        found("Dockerfile", text)
        == found("Dockerfile", "\ufeff" + text.replace("\n", "\r\n"))
        == [("dockerfile-copy", 6)]
    )


@pytest.mark.parametrize(("command", "rules"), CASES["listening"])
def test_where_a_docker_space_listens_is_read_from_its_command(command: str, rules: list[str]) -> None:
    assert in_space(command) == rules
    assert in_space(command, card="# x") == []


def test_the_port_that_the_card_names_is_the_one_that_counts() -> None:
    assert in_space("EXPOSE 8501", card="---\nsdk: docker\napp_port: 8501\n---\napp_port: 1\n") == []
    assert in_space("CMD gunicorn app:app", **{"gunicorn.conf.py": ""}) == []


INDEX = "index" + "-url"  # where pip looks for packages


@pytest.mark.parametrize(
    "line", [*CASES["pip-takes"], f"--{INDEX} https://x.example.com", f"--extra-{INDEX}=https://x.example.com"]
)
def test_lines_that_pip_understands_are_right(line: str) -> None:
    assert found("requirements.txt", f"{line}\n") == []


@pytest.mark.parametrize("line", CASES["pip-refuses"])
def test_lines_that_pip_does_not_understand_are_told(line: str) -> None:
    for path in ("requirements.txt", "sub/requirements-dev.txt", "pre-requirements.txt"):
        assert found(path, f"# ok\n\n{line}\nnumpy\n") == [("requirements-syntax", 3)]
    assert found("notes.txt", line) == found("my-requirements.txt", line) == []


HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
DEPLOYS = f"{HEAD}      - uses: actions/deploy-pages@v4"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        *CASES["workflows"],
        *((f"{above}{DEPLOYS}", lines) for above, lines in CASES["deploying"]),
        (f"permissions: write-all\n{DEPLOYS}\n    permissions: {{pages: write}}", [7]),
    ],
)
def test_what_actions_refuses_is_told_with_its_line(text: str, lines: list[int]) -> None:
    assert found(WORKFLOW, text) == [("workflow", line) for line in lines]
    assert found("x/a.yml", text) == []


@pytest.mark.parametrize(
    ("path", "content"), [("Dockerfile", b"CMD x"), ("requirements.txt", b"import"), (WORKFLOW, b"a: 1")]
)
async def test_what_came_with_the_brief_is_nobodys_to_repair(path: str, content: bytes) -> None:
    brief = make_brief(attachments=(make_attachment(name=path, content=content),))
    assert (await StaticVerifier().verify(make_files({**APP, path: content}), brief, "https://x.y/")).findings == ()


@pytest.mark.parametrize("path", ["Dockerfile", "requirements.txt"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (64 * 1024 + 1)], ids=["no text", "too long"])
def test_what_cannot_be_read_is_told(path: str, content: bytes) -> None:
    assert found(path, content) == [("not-parsed?", None)]


PIECES = CASES["pieces"]


@given(
    st.sampled_from(["Dockerfile", "requirements.txt", WORKFLOW]),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=9)),
)
def test_no_file_is_too_strange_to_be_read(path: str, pieces: list[str]) -> None:
    text = "".join(pieces)
    for _, line in found(path, text, {"README.md": DOCKER_SPACE}):
        assert line is None or 1 <= line <= len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@pytest.mark.parametrize("path", ["Dockerfile", "requirements.txt", WORKFLOW])
@pytest.mark.parametrize("start", ["", "FROM a\nCMD ", "FROM a\nCOPY ", HEAD])
@pytest.mark.parametrize(
    "piece", ["A", "\\\n", "*?[ ", "RUN <<X\n", "'", "CMD -b ", "#\n", "COPY a b\n", "- ", "a: &a [*a]\n", "["]
)
def test_long_repetitions_end(path: str, start: str, piece: str) -> None:
    assert len(found(path, start + piece * (64 * 1000 // len(piece)), {"README.md": DOCKER_SPACE})) < 100


ADDRESS = "https://octo-app.hf.space/"
REPLIES = Path(__file__).parents[2] / "data" / "replies"
READABLE_REPLIES = sorted(path for path in REPLIES.glob("*.md") if path.stem != "twice")  # that one is refused whole

PAGES_ADDRESS = "https://octo.github.io/x/"
PAGE = {"README.md": "# x", "index.html": "<title>x</title>"}
CARD = "---\ntitle: Sales\nemoji: 📊\ncolorFrom: blue\ncolorTo: pink\nsdk: {}\n---\n\n# Sales\n"
SOUND = cases("sound-build-files")
DOCKER_SPACES = dict(SOUND["docker-spaces"])
WORKFLOWS = dict(SOUND["workflows"])


async def told(files: dict[str, str], address: str = ADDRESS) -> list[str]:
    """Every finding in words."""
    whole: AppFiles = make_files({"LICENSE": "x", "README.md": CARD.format("docker"), **files})
    findings = (await StaticVerifier().verify(whole, make_brief(), address)).findings
    return [f"{finding.path}:{finding.line} {finding.message}" for finding in findings]


@pytest.mark.parametrize("name", DOCKER_SPACES)
async def test_nothing_is_said_about_a_docker_space_that_is_right(name: str) -> None:
    assert await told(DOCKER_SPACES[name]) == []


@pytest.mark.parametrize("name", WORKFLOWS)
async def test_nothing_is_said_about_a_workflow_that_is_right(name: str) -> None:
    assert await told(PAGE | {".github/workflows/x.yml": WORKFLOWS[name]}, PAGES_ADDRESS) == []


async def test_a_dockerfile_beside_a_page_may_use_other_ports_and_users() -> None:
    dockerfile = "FROM python:3.12\nRUN useradd -u 1001 web\nUSER web\nEXPOSE 80\nCMD python -m http.server 80\n"
    assert await told(PAGE | {"Dockerfile": dockerfile}, PAGES_ADDRESS) == []


@pytest.mark.parametrize("path", READABLE_REPLIES, ids=lambda path: path.stem)
def test_nothing_is_said_about_build_and_run_in_the_apps_of_models(path: Path) -> None:
    operations = read_reply(path.read_text(encoding="utf-8"), truncated=False).parsed.operations
    files = {
        write.path: write.text for write in operations if isinstance(write, FileWrite) and not path_problem(write.path)
    }
    rules = ("dockerfile", "requirements", "workflow", "server")
    whole = make_files({"LICENSE": "x", "README.md": "# x", **files})
    findings = asyncio.run(StaticVerifier().verify(whole, make_brief(), PAGES_ADDRESS)).findings
    assert [finding for finding in findings if finding.rule.startswith(rules)] == []
