"""How the files that decide about build and run are looked at together, by the verifier."""

from typing import Any

import pytest

from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.static import StaticVerifier
from tests.builders import make_attachment, make_brief, make_files

SPACE = "https://octo-app.hf.space/"
PAGES = "https://octo.github.io/app/"
CARD = "---\nsdk: {}\n---\n# x\n"
DOCKERFILE = "FROM python:3.12\nRUN useradd -m -u 1000 user\nUSER user\nWORKDIR /home/user\nCOPY --chown=user . .\n{}\n"
START = 'CMD ["python", "app.py"]'


async def verified(files: dict[str, bytes | str], address: str = SPACE, **brief: Any) -> tuple[Finding, ...]:
    whole = make_files({"LICENSE": "x", "README.md": "# x", "index.html": "<!doctype html><title>x</title>", **files})
    return (await StaticVerifier().verify(whole, make_brief(**brief), address)).findings


async def found(
    files: dict[str, bytes | str], address: str = SPACE, **brief: Any
) -> list[tuple[str, str | None, int | None]]:
    """Rule, path and line of each finding."""
    return [(finding.rule, finding.path, finding.line) for finding in await verified(files, address, **brief)]


async def test_an_app_that_becomes_a_space_needs_a_card_and_no_other_app_does() -> None:
    assert await found({}) == [("space-card", "README.md", 1)]
    assert await found({"README.md": CARD.format("static")}) == []
    assert await found({}, PAGES) == []


async def test_a_space_without_its_entry_is_told_once() -> None:
    whole = make_files({"LICENSE": "x", "README.md": CARD.format("gradio")})
    findings = (await StaticVerifier().verify(whole, make_brief(), SPACE)).findings
    assert [(finding.rule, finding.line) for finding in findings] == [("space-card", 2)]


async def test_the_port_that_the_card_names_is_the_one_that_counts() -> None:
    files: dict[str, bytes | str] = {"Dockerfile": DOCKERFILE.format("EXPOSE 8501\nCMD ./start.sh"), "start.sh": ""}
    assert await found({**files, "README.md": CARD.format("docker")}) == [("server-port", "Dockerfile", 6)]
    assert await found({**files, "README.md": CARD.format("docker\napp_port: 8501")}) == []
    assert await found(files, PAGES) == []


async def test_a_server_in_another_file_is_told_where_it_is() -> None:
    code = "from flask import Flask\napp = Flask(__name__)\napp.run(port=5000)\n"
    files: dict[str, bytes | str] = {
        "README.md": CARD.format("docker"),
        "Dockerfile": DOCKERFILE.format(f"RUN pip install flask\n{START}"),
        "app.py": code,
    }
    assert await found(files) == [("server-host", "app.py", 3), ("server-port", "app.py", 3)]


@pytest.mark.parametrize(
    ("install", "is_told"),
    [
        ("RUN true", True),
        ("RUN pip install --no-cache-dir 'numpy==2.0' gunicorn", True),
        ("RUN pip install redis", False),
        ("RUN pip3 install --upgrade pip && pip install 'redis[hiredis]>=5'", False),
        ("RUN pip install -r more.txt", False),
        ("RUN pip install .", False),
        ("RUN poetry install", False),
        ("RUN apt-get install -y python3-redis", False),
    ],
)
async def test_what_a_docker_space_imports_must_be_installed(install: str, *, is_told: bool) -> None:
    files: dict[str, bytes | str] = {
        "README.md": CARD.format("docker"),
        "Dockerfile": DOCKERFILE.format(f"{install}\n{START}"),
        "app.py": "import os\nimport redis\n",
        "more.txt": "",
    }
    assert await found(files) == ([("requirements-missing", "app.py", 2)] if is_told else [])
    assert all(finding.severity is Severity.WARNING for finding in await verified(files))


async def test_what_a_gradio_space_imports_must_be_required() -> None:
    files: dict[str, bytes | str] = {
        "README.md": CARD.format("gradio\nsdk_version: 5.49.1"),
        "app.py": "import gradio, numpy, bs4\n",
    }
    assert await found(files) == [("requirements-missing", "app.py", 1)]
    assert await found({**files, "requirements.txt": "beautifulsoup4\n"}) == []
    assert await found({**files, "requirements.txt": "beautifulsoup4\ngradio==4.0\n"}) == [
        ("requirements-sdk", "requirements.txt", 2)
    ]


async def test_python_beside_a_page_needs_no_requirements() -> None:
    assert await found({"app.py": "import redis"}, PAGES) == []
    assert await found({"README.md": CARD.format("static"), "app.py": "import redis"}) == []


async def test_requirements_and_workflows_of_every_app_are_looked_at() -> None:
    files: dict[str, bytes | str] = {"sub/requirements.txt": "json\n", ".github/workflows/x.yml": "on: push\n"}
    assert await found(files, PAGES) == [
        ("requirements-standard-library", "sub/requirements.txt", 1),
        ("workflow", ".github/workflows/x.yml", 1),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Dockerfile", b"CMD x"),
        ("requirements.txt", b"json"),
        ("README.md", b"---\nsdk: x\n---\n"),
        (".github/workflows/x.yml", b"a: 1"),
    ],
)
async def test_what_came_with_the_brief_is_nobodys_to_repair(name: str, content: bytes) -> None:
    attachment = make_attachment(name=name, content=content)
    assert await found({name: content}, PAGES)
    assert await found({name: content}, PAGES, attachments=(attachment,)) == []


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.txt"])
@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (64 * 1024 + 1)], ids=["no text", "too long"])
async def test_what_cannot_be_read_is_told(name: str, content: bytes) -> None:
    for readme in ("# x", CARD.format("docker"), CARD.format("gradio")):
        files: dict[str, bytes | str] = {name: content, "README.md": readme, "app.py": ""}
        assert ("not-parsed", name, None) in await found(files, PAGES)


async def test_files_that_are_empty_are_looked_at_too() -> None:
    files: dict[str, bytes | str] = {"Dockerfile": "", "requirements.txt": "", "README.md": CARD.format("docker")}
    assert await found(files) == [("dockerfile-from", "Dockerfile", None)]
