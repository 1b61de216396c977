import json
import logging
from collections.abc import Iterator

import pytest

from pipeline.logs import configure_logging


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    loggers = [logging.getLogger(), logging.getLogger("dbos")]
    before = [(logger.handlers, logger.level) for logger in loggers]
    yield
    for logger, (handlers, level) in zip(loggers, before, strict=True):
        logger.handlers = handlers
        logger.setLevel(level)


def test_a_record_is_one_line_of_json_with_its_action_and_context(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(())
    logging.getLogger("pipeline.test").info("a job\nended", extra={"action": "job.ended", "job_id": "j1"})
    captured = capsys.readouterr()
    record = json.loads(captured.err)

    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert (record["event"], record["action"], record["job_id"]) == ("a job\nended", "job.ended", "j1")
    assert record["level"] == "info"
    assert record["timestamp"].endswith("Z")


def test_secrets_are_masked_in_messages_arguments_context_and_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(("s3cret-value",))
    log = logging.getLogger("pipeline.test")
    try:
        int("the key s3cret-value was refused")
    except ValueError:
        log.exception("failed with %s", "s3cret-value", extra={"context": {"header": ["Bearer s3cret-value"]}})
    written = capsys.readouterr().err

    assert "s3cret-value" not in written
    assert written.count("[secret]") >= 3
    assert "ValueError" in written


def test_libraries_that_log_addresses_and_bodies_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(())
    for name in ("httpx", "httpcore", "openai", "urllib3"):
        logging.getLogger(name).info("https://example.com/?token=1")
    assert capsys.readouterr().err == ""
