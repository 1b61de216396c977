"""Ctrl-C ends commands soon, whatever is under way, and they say so with their exit code."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.faults import Fault, Hang
from tests.fakes.forkserver import Forked
from tests.fakes.github import FakeGitHub
from tests.integration.browser_rig import needs_browser
from tests.integration.test_command_line import SECONDS, SECRET, Prompt

AGES = 3600
HANGING = """
import asyncio, ctypes, signal, sys, time
from pipeline.cli.exits import exit_codes, run_async
from pipeline.cli.interrupts import end_soon_after

def hang_in_a_library():
    library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(256)
    while True:
        library.pthread_mutex_lock(mutex)  # the second time for ever, whatever signals come

async def hang():
    print("hanging", file=sys.stderr, flush=True)
    {hang}

end_soon_after(signal.SIGINT)
with exit_codes():
    run_async(hang())
"""


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    return Prompt(tmp_path)


def interrupted(process: "Forked | subprocess.Popen[str]", after: str) -> str:
    """Press Ctrl-C once ``process`` has said ``after`` on standard error; all that it says there until it has ended."""
    assert process.stderr
    said = ""
    while after not in said:
        line = process.stderr.readline()
        assert line, f"it ended before it said {after!r}:\n{said}"
        said += line
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    return said


@contextmanager
def typed(*command: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """``command`` in an interpreter of its own, while the block runs."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_while_the_service_is_imported_and_started(prompt: Prompt) -> None:
    with typed("-m", "pipeline", "run", prompt.brief(), folder=prompt.folder) as running:
        interrupted(running, after="Target: local")


@needs_browser
def test_while_the_browser_looks_at_a_page(prompt: Prompt) -> None:
    endless = f"js: await new Promise(answer => setTimeout(answer, {AGES * 1000}))"
    with prompt.start("run", prompt.brief(checks=[endless])) as running:
        assert "is on record" in interrupted(running, after="assemble")


@pytest.mark.parametrize(("kind", "after"), [("api", "  commit "), ("git", "repository octocat/")])
def test_while_a_host_or_git_keeps_us_waiting(kind: str, after: str, prompt: Prompt, tmp_path: Path) -> None:
    with FakeGitHub(tmp_path / "github") as github:
        github.add_fault(Fault(kind=kind, answer=Hang(SECONDS), times=None))
        settings = {"GITHUB_TOKEN": github.token, "GITHUB_API_URL": github.api_url, "CHROMIUM": "none"}
        with prompt.start("run", prompt.brief(), "--target", "github-pages", **settings) as running:
            assert "is on record" in interrupted(running, after=after)


@pytest.mark.parametrize(
    "hang",
    [
        pytest.param(f"await asyncio.to_thread(time.sleep, {AGES})", id="thread"),
        pytest.param("hang_in_a_library()", id="main thread"),
        pytest.param("signal.signal(signal.SIGINT, lambda *_: None); hang_in_a_library()", id="lost interrupt"),
    ],
)
def test_while_something_never_ends(hang: str, tmp_path: Path) -> None:
    with typed("-c", HANGING.format(hang=hang), folder=tmp_path) as running:
        assert "Interrupted." in interrupted(running, after="hanging")


def test_of_a_service_that_ends_in_order(prompt: Prompt) -> None:
    with prompt.start("serve", "--port", "0", DEPLOY_SECRET=SECRET) as service:
        assert "Listening" in service.stdout.readline()
        service.send_signal(signal.SIGINT)
        assert "Traceback" not in service.communicate(timeout=SECONDS)[1]
        assert service.returncode == 130
