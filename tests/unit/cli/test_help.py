"""Every command explains itself, with examples that can be typed."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.command_line import pipeline

GROUPS = ("", "jobs", "spaces")


def commands() -> Iterator[str]:
    for group in GROUPS:
        shown = pipeline(*group.split(), "-h").stdout
        names = [line.split()[1] for line in shown.splitlines() if line.startswith("│ ") and line[2].islower()]
        yield group
        yield from (f"{group} {name}".strip() for name in names if name not in GROUPS)


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    return {command: pipeline(*command.split(), "-h").stdout for command in commands()}


def examples_of(shown: str) -> list[str]:
    """The lines below ``Example:``, without those that stand for others."""
    _, _, typed = shown.partition("Example")
    return [line.strip() for line in typed.splitlines()[1:] if line.strip() and "COMMAND" not in line]


def test_every_help_fits_80_columns_and_ends_with_examples(helps: dict[str, str]) -> None:
    assert {"run", "open", "serve", "jobs watch", "spaces list", "spaces create"} <= set(helps)
    for command, shown in helps.items():
        assert max(map(len, shown.splitlines())) <= 80, command
        assert all(f"pipeline {command}".strip() in example for example in examples_of(shown)), command
        assert examples_of(shown), command


def test_examples_are_no_usage_errors(helps: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("pipeline.logs.configure_logging", lambda *_, **__: None)  # the session's own
    for example in {example for shown in helps.values() for example in examples_of(shown)}:
        if example.startswith("pipeline "):  # with a variable before it, it would go on
            assert "Usage:" not in pipeline(*shlex.split(example)[1:]).stderr, example


@pytest.mark.parametrize(
    ("words", "offered"), [("jobs s", "show"), ("spaces li", "list"), ("run --str", "--strict"), ("op", "open")]
)
def test_words_are_completed(words: str, offered: str, tmp_path: Path) -> None:
    asked = {"_PIPELINE_COMPLETE": "complete_bash", "COMP_WORDS": f"pipeline {words}"}
    asked["COMP_CWORD"] = str(len(words.split()))
    ended = subprocess.run(
        [sys.executable, "-c", "from pipeline.cli.commands import app; app(prog_name='pipeline')"],
        env=os.environ | asked | {"PYTHONPATH": str(Path.cwd())},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.split() == [offered]
