import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from pipeline.domain.errors import Misconfigured
from pipeline.logs import configure_logging, is_text
from pipeline.settings import JobSettings, Settings


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    loggers = [logging.getLogger(), logging.getLogger("dbos")]
    before = [(logger.handlers, logger.level) for logger in loggers]
    yield
    for logger, (handlers, level) in zip(loggers, before, strict=True):
        logger.handlers = handlers
        logger.setLevel(level)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "stream", "expected"),
    [
        ("auto", Terminal(), True),
        ("auto", io.StringIO(), False),
        ("text", io.StringIO(), True),
        ("json", Terminal(), False),
    ],
)
def test_text_is_for_terminals_unless_the_form_is_named(
    form: str, stream: io.StringIO, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert is_text(form) is expected


def test_text_is_one_line_with_its_fields_and_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(("s3cret-value",), form="text")
    context = {"action": "x.y", "job_id": "j1", "ms": 1.5, "model": None, "error": "no s3cret-value here"}
    logging.getLogger("pipeline.test").info("a stage ended", extra=context)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "a stage ended" in line
    assert "job_id=j1 ms=1.5" in line
    assert "[secret]" in line
    assert not [word for word in ("s3cret-value", "x.y", "model", "pipeline.test", "\x1b") if word in line]


def test_text_shows_escapes_for_what_could_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging((), form="text")
    logging.getLogger("pipeline.test").info("job %s", "a\x1b[2J\nb", extra={"task": "t\x9b2J"})
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert r"a\x1b[2J\nb" in line
    assert r"t\x9b2J" in line


def test_a_traceback_keeps_its_lines_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging((), form="text")
    try:
        int("x")
    except ValueError:
        logging.getLogger("pipeline.test").exception("failed")
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith("Traceback")
    assert lines[-1].startswith("ValueError")


def test_lines_go_to_what_is_standard_error_at_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logging(())
    monkeypatch.setattr(sys, "stderr", screen := io.StringIO())
    logging.getLogger("pipeline.test").info("beside a progress bar")
    assert json.loads(screen.getvalue())["event"] == "beside a progress bar"


@pytest.mark.parametrize("level", ["warning", logging.WARNING])
def test_what_is_below_the_level_is_not_said(level: str | int, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging((), level=level)
    logging.getLogger("pipeline.test").info("quiet")
    assert capsys.readouterr().err == ""


def test_level_and_form_are_settings_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings.from_environment().log_level, Settings.from_environment().log_format) == (None, "auto")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("LOG_FORMAT", "Json")
    assert (Settings.from_environment().log_level, Settings.from_environment().log_format) == ("debug", "json")


@pytest.mark.parametrize("name", ["LOG_LEVEL", "LOG_FORMAT"])
def test_a_level_or_form_that_there_is_not_names_its_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "loud")
    with pytest.raises(Misconfigured, match=name):
        JobSettings.from_environment()


def test_the_settings_of_jobs_have_no_model_browser_or_token() -> None:
    read = set(JobSettings.model_fields)
    assert not {name for name in read if name.startswith(("llm", "github", "hf", "chromium", "aipipe", "openrouter"))}
    assert read < set(Settings.model_fields)
