"""The service or a command is stopped while its browser looks at an app: nothing unchecked is ever published."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.service import COMMAND, Service, commits, make_request
from tests.acceptance.test_crashes import busy_machine
from tests.fakes.forkserver import PATIENCE
from tests.integration.browser_processes import SLOW_CHECK, Processes, all_ended, open_page
from tests.integration.browser_rig import needs_browser
from tests.integration.test_command_line import Prompt

pytestmark = needs_browser

CHECKS = [f"js: {SLOW_CHECK}", "js: document.body !== null", "Repo has MIT license"]


class Terminal:
    """A command in the foreground of a terminal of its own.

    Attributes:
        output: what the terminal shows, once the command has ended.
    """

    def __init__(self, prompt: Prompt, *arguments: str) -> None:
        self._screen, inside = os.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "pipeline", *arguments],
            cwd=prompt.folder,
            env=prompt.environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
        )
        os.close(inside)
        self.pid = self._process.pid
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # nobody holds its other end any more
            while piece := os.read(self._screen, 4096):
                self.output += piece.decode(errors="replace")

    def press_ctrl_c(self) -> int:
        """Wait for the end; return the exit code."""
        os.write(self._screen, b"\x03")
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        os.close(self._screen)


@contextmanager
def terminal(prompt: Prompt, *arguments: str) -> Iterator[Terminal]:
    opened = Terminal(prompt, *arguments)
    try:
        yield opened
    finally:
        opened.kill()


@pytest.fixture(params=["quiet", "busy"])
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is held on a quiet machine is held on a busy one."""
    with busy_machine(4 if request.param == "busy" else 0):
        yield


def published(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def verdicts(job: dict[str, Any]) -> list[str]:
    return [check["verdict"] for check in job["checks"]]


@pytest.mark.usefixtures("machine")
def test_ctrl_c_in_a_terminal_leaves_the_job_to_the_next_run(tmp_path: Path) -> None:
    prompt = Prompt(tmp_path)
    source, apps = prompt.brief(checks=CHECKS), tmp_path / "generated_repos"
    with terminal(prompt, "run", source) as running:
        looking = open_page(running.pid)
        assert running.press_ctrl_c() == 130, running.output
    assert "is on record" in running.output
    assert "Traceback" not in running.output
    assert all_ended(looking.all)
    assert published(apps) == []
    (job,) = json.loads(prompt.run("jobs", "list", "--json").stdout)["jobs"]
    assert job["status"] == "running"

    resumed = json.loads(prompt.run("run", source, "--json").stdout)
    assert resumed["job_id"] == job["job_id"]
    assert verdicts(resumed) == ["pass"] * len(CHECKS)
    (app,) = published(apps)
    assert commits(app) == [resumed["commit_sha"]]


class GroupService(Service):
    """A service that leads a process group of its own."""

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *COMMAND],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def stop_group(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)


def stopped(service: GroupService, _: Processes) -> None:
    service.stop_group()
    assert service.wait() == 0


def rob(looking: Processes) -> None:
    for pid in looking.all:
        with suppress(ProcessLookupError):  # a child ends by itself when its parent has gone
            os.kill(pid, signal.SIGKILL)


def stopped_and_robbed(service: GroupService, looking: Processes) -> None:
    """As by an orchestrator that ends all there is."""
    service.stop_group()
    seen = {looking.session}
    rob(looking)
    rob(open_page(service.process.pid, seen))
    assert service.wait() == 0


def killed(service: GroupService, looking: Processes) -> None:
    service.kill()
    assert all_ended(looking.all)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(("end", "drain_seconds"), [(stopped, "0"), (stopped_and_robbed, "20"), (killed, "20")])
def test_a_service_leaves_the_job_to_the_next_start(
    end: Callable[[GroupService, Processes], None], drain_seconds: str, tmp_path: Path
) -> None:
    request = make_request(checks=CHECKS)
    with GroupService(tmp_path, DRAIN_SECONDS=drain_seconds) as service:
        job_id = service.post(request, prefer="respond-async").json()["job_id"]
        end(service, open_page(service.process.pid))
    assert published(tmp_path) == []
    with Service(tmp_path) as service:
        job = service.finished(job_id)
    assert verdicts(job) == ["pass"] * len(CHECKS)
    (app,) = published(tmp_path)
    assert commits(app) == [job["commit_sha"]]
