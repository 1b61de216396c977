"""Fakes that are programs: a scripted server of models, and the server that forks commands, which all end with it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.model.openai_model import OpenAIModel
from tests.acceptance.service import Service
from tests.fakes import forkserver
from tests.fakes import model as fake
from tests.fakes.model import ModelServer
from tests.integration.model_rig import AMPLE, BRIEF, CONVERSATION, JOB, KEY, STUCK_SECONDS, TEXT


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The fake as a process: its base URL and its journal."""
    script, journal = tmp_path / "script.json", tmp_path / "calls.jsonl"
    script.write_text(
        json.dumps([{"text": TEXT, "contains": "sales"}, {"status": 429, "headers": {"Retry-After": "9"}}])
    )
    command = [sys.executable, "-m", fake.__name__, "--script", str(script), "--journal", str(journal), "--strict"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), journal
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(STUCK_SECONDS) == 0


async def test_the_scripted_server_runs_as_a_program_and_keeps_a_journal_without_the_key(
    program: tuple[str, Path],
) -> None:
    base_url, journal = program
    model = OpenAIModel(base_url, "test/model", SecretStr(KEY))
    assert (await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)).text == TEXT
    with pytest.raises(ModelFailure, match="come back in 9 s"):
        await model.ask(JOB, CONVERSATION, AMPLE, lambda _text: None)
    calls = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [call["status"] for call in calls] == [200, 429]
    assert calls[0]["body"]["messages"][1]["content"] == BRIEF
    assert KEY not in journal.read_text()


def test_the_scripted_server_lists_its_models() -> None:
    with (
        ModelServer(models=["a", "b"]) as server,
        urllib.request.urlopen(f"{server.base_url}/models", timeout=STUCK_SECONDS) as answer,  # noqa: S310 - loopback
    ):
        assert [model["id"] for model in json.load(answer)["data"]] == ["a", "b"]


def test_the_scripted_server_is_as_strict_as_openai_when_told_to() -> None:
    with ModelServer([TEXT], strict=True) as server:
        for extra, status in ({"models": ["a"]}, 400), ({}, 200):
            body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **extra}
            answer = httpx.post(f"{server.base_url}/chat/completions", json=body, trust_env=False)
            assert answer.status_code == status


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"model": "m", "messages": []}', b'{"model": "m", "messages": [{"role": "x"}]}']
)
def test_the_scripted_server_refuses_what_is_no_chat_request(body: bytes) -> None:
    with ModelServer([TEXT]) as server:
        request = urllib.request.Request(f"{server.base_url}/chat/completions", body)  # noqa: S310 - loopback
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(request, timeout=STUCK_SECONDS)  # noqa: S310 - loopback


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
