"""Ctrl-C ends ``pipeline run`` soon, whatever is under way, and says so with its exit code."""

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
from tests.integration.test_command_line import SECONDS, Prompt

AGES = 3600
THREAD_THAT_NEVER_ENDS = f"""
import asyncio, sys, time
from pipeline.cli.exits import exit_codes, run_async

async def hang():
    print("hanging", file=sys.stderr, flush=True)
    await asyncio.to_thread(time.sleep, {AGES})

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


def test_while_a_thread_never_ends(tmp_path: Path) -> None:
    with typed("-c", THREAD_THAT_NEVER_ENDS, folder=tmp_path) as running:
        assert "Interrupted." in interrupted(running, after="hanging")
