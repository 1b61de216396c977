"""The scripted server of a model, as a program."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.model.openai_model import OpenAIModel
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
