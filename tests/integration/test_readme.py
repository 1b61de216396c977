"""README and reference pages keep their word: what is marked to run is run as it is written, on free ports."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.commands import app
from tests.fakes.model import ModelServer

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "pipeline/web/pages/reference"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [REPOSITORY / "README.md", *sorted(PAGES.glob("*.md")), *sorted((REPOSITORY / ".github").glob("*.md"))]
TEXTS = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
SECONDS = 180
MOST_LINES = 250
REPLY = (
    '<file path="index.html">\n<!doctype html>\n<html lang="en">\n<meta name="viewport" content="width=device-width">\n'
    "<title>By a model</title>\n<h1>By a model</h1>\n</file>\n"
)

# What stands in the output of a section's commands, how often, and how many apps they build.
SECTIONS = {
    "With a model": (r"^generator +model", 1, 1),
    "As a service": (r'"status":"succeeded"', 2, 1),
    "The callback": (r"^evaluator +told$", 1, 1),
    "Commands": (r"field-notes", 8, 2),
}


def marked_commands() -> dict[str, str]:
    """By the heading that they stand below."""
    found: dict[str, str] = {}
    for section in re.split(r"^##? ", TEXTS, flags=re.MULTILINE):
        for commands in re.findall(r"^<!-- run -->\n```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
            title = section.partition("\n")[0]
            found[title] = found.get(title, "") + commands
    return found


def free_ports(count: int) -> list[str]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def output_of(commands: str, folder: Path) -> str:
    """What bash prints; nobody is signed in anywhere, and the model's provider is on loopback."""
    service, evaluator = free_ports(2)
    commands = commands.replace(":8000", f":{service}").replace(":9000", f":{evaluator}")
    commands = commands.replace("--port 9000", f"--port {evaluator}")
    environment = {name: value for name, value in os.environ.items() if not re.search("TOKEN|LLM_|_KEY$", name)} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DEPLOY_TARGET": "local",
        "GH_CONFIG_DIR": str(folder / "gh"),
        "GENERATED_REPOS_DIR": str(folder),
        "PORT": service,
        "no_proxy": "127.0.0.1",
    }
    with ModelServer([REPLY]) as model:
        script = f"set -euo pipefail\n{commands.replace('https://openrouter.ai/api/v1', model.base_url)}"
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = shell.communicate(timeout=SECONDS)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
                shell.communicate()
    assert shell.returncode == 0, f"{output}\n{errors}"
    return output


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's requests are sent with curl")
@pytest.mark.parametrize("title", SECTIONS)
def test_the_commands_that_are_marked_to_run_do_what_they_say(title: str, tmp_path: Path) -> None:
    pattern, count, apps = SECTIONS[title]
    output = output_of(marked_commands()[title], tmp_path)
    assert len(re.findall(pattern, output, re.MULTILINE)) >= count, output
    assert len(list(tmp_path.glob("*/index.html"))) == apps


def test_no_section_with_marked_commands_is_left_out() -> None:
    assert marked_commands().keys() == SECTIONS.keys()


def test_the_readme_is_short_and_has_a_picture() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    (picture,) = re.findall(r"!\[.+?\]\((.+?)\)", README)
    assert (REPOSITORY / picture).stat().st_size < 60_000


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_linked_is_there(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", document.read_text(encoding="utf-8")):
        assert target == "../docs" or (document.parent / target).exists(), target


def test_the_readme_leads_to_every_page() -> None:
    pages = {str(page.relative_to(REPOSITORY)) for page in DOCUMENTS[1:]}
    assert pages <= set(re.findall(r"\]\(([^)]+)\)", README))


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"pipeline (run|open|serve|doctor|evaluate|(?:jobs|spaces) [a-z-]+)", TEXTS)))
)
def test_every_command_that_is_told_of_is_there(command: str) -> None:
    assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0


def test_every_folder_that_is_told_of_is_there() -> None:
    tree = TEXTS[TEXTS.index("The folders are the stages") : TEXTS.index("what models are told\n")]
    named = set(re.findall(r"^  ([a-z_]+)/", tree, re.MULTILINE))
    assert named == {path.parent.name for path in REPOSITORY.glob("pipeline/*/__init__.py")}


def test_every_make_target_that_is_told_of_is_there() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"^make ([a-z-]+)", TEXTS, re.MULTILINE)) | set(re.findall(r"`make ([a-z-]+)", TEXTS)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
