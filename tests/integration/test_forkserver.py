"""Commands that tests fork are processes like those that are typed, and none outlives the tests."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.service import Service
from tests.fakes import forkserver

SETTINGS = {"DEPLOY_SECRET": "a-secret-for-this-test-alone", "DEPLOY_TARGET": "local", "PYTHONUNBUFFERED": "1"}
SERVE = ["serve", "--port", "0"]


def test_a_command_knows_nothing_of_the_environment_but_what_it_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEPLOY_SECRET", SETTINGS["DEPLOY_SECRET"])
    ended = forkserver.run(SERVE, {}, tmp_path)
    assert ended.returncode == 3
    assert "DEPLOY_SECRET" in ended.stderr


def test_the_signal_that_ended_a_command_is_seen(tmp_path: Path) -> None:
    with forkserver.start(SERVE, SETTINGS, tmp_path) as process:
        assert "Listening" in process.stdout.readline()
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(forkserver.PATIENCE) == process.poll() == -signal.SIGKILL


def test_a_command_that_does_not_end_in_time_is_killed_and_its_output_told(tmp_path: Path) -> None:
    process = forkserver.start(SERVE, SETTINGS, tmp_path)
    assert "Listening" in process.stdout.readline()
    with pytest.raises(TimeoutError, match=r"(?s)had not ended after.*no model is configured"):
        process.communicate(0.01)
    assert process.returncode == -signal.SIGKILL


def test_a_service_that_does_not_start_is_an_error_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="FAILPOINT must be"):
        Service(tmp_path, FAILPOINT="nonsense").__enter__()


def test_commands_end_with_the_process_of_the_tests_also_when_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import pathlib, time
from tests.fakes import forkserver
process = forkserver.start({SERVE}, {SETTINGS}, pathlib.Path({str(tmp_path)!r}))
process.stdout.readline()
print(process.pid, flush=True)
time.sleep({forkserver.PATIENCE})
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=forkserver.REPOSITORY, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout
        pid = int(tests.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        tests.kill()
    ends = time.monotonic() + forkserver.PATIENCE
    while Path(f"/proc/{pid}").exists() and time.monotonic() < ends:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
