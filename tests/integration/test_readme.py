"""The README keeps its word: its commands are run as they are written, on free ports."""

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
from pipeline.settings import Settings

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SECONDS = 180
UNTOLD = {
    "FAILPOINT",  # for tests
    "SPACE_HOST",  # set by Spaces
}


def free_ports(count: int) -> list[str]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def marked_commands() -> str:
    return "".join(re.findall(r"^<!-- run -->\n```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's requests are sent with curl")
def test_the_commands_that_are_marked_to_run_do_what_they_say(tmp_path: Path) -> None:
    service, evaluator = free_ports(2)
    commands = marked_commands().replace(":8000", f":{service}").replace(":9000", f":{evaluator}")
    script = f"set -euo pipefail\n{commands.replace('--port 9000', f'--port {evaluator}')}"
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DEPLOY_TARGET": "local",  # whoever is signed in to GitHub here
        "GENERATED_REPOS_DIR": str(tmp_path),
        "PORT": service,
        "no_proxy": "127.0.0.1",
    }
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
    assert output.count('"status":"succeeded"') == 2
    assert re.search(r"^evaluator +told$", output, re.MULTILINE)
    assert len(list(tmp_path.glob("*/index.html"))) == 4


def test_every_setting_is_in_the_table() -> None:
    table = README[README.index("## Settings") : README.index("## Run it elsewhere")]
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", table))
    assert {name.upper() for name in Settings.model_fields} - told == UNTOLD
    assert told <= {name.upper() for name in Settings.model_fields} | {"OPENAI_BASE_URL", "OPENAI_API_KEY"}


@pytest.mark.parametrize("command", sorted(set(re.findall(r"pipeline (run|serve|(?:jobs|spaces) [a-z-]+)", README))))
def test_every_command_that_is_told_of_is_there(command: str) -> None:
    assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0


def test_every_path_that_is_told_of_is_there() -> None:
    tree = README[README.index("The folders are the stages") : README.index("`cli → web")]
    named = re.findall(r"^  ([a-z_]+(?:/|\.py))", tree, re.MULTILINE)
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(named) > 10
    for path in [*(f"pipeline/{name}" for name in named), *linked]:
        assert (REPOSITORY / path).exists(), path


def test_every_make_target_that_is_told_of_is_there() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)`?$", README, re.MULTILINE)) | set(
        re.findall(r"`make ([a-z]+)`", README)
    ):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
