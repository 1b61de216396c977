"""Logs on standard error, in which no configured secret is ever seen: text on a terminal, JSON lines elsewhere."""

import logging
import sys
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, TextIO

import structlog

QUIET = (
    *("alembic", "asyncio", "git", "github", "httpcore", "httpcore2", "httpx"),
    *("httpx2", "huggingface_hub", "mcp", "openai", "urllib3"),
)
"""Libraries that log addresses, bodies or chatter below a warning."""

MASK = "[secret]"

Secrets = tuple[str, ...] | Callable[[], tuple[str, ...]]


def is_text(form: str = "auto") -> bool:
    """Whether LOG_FORMAT means text: ``text``, or ``auto`` where a person reads."""
    return form == "text" or (form == "auto" and sys.stderr.isatty())


def configure_logging(
    secrets: Secrets, *, level: int | str = logging.INFO, form: str = "auto", silent: Sequence[str] = ()
) -> None:
    """Send every log record of this process to standard error, as one line each.

    Args:
        secrets: values that are masked wherever they appear in a record; or what tells them as they are then.
        level: least severity of our own records.
        form: LOG_FORMAT.
        silent: loggers of ours that say nothing below an error.
    """
    text = is_text(form)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if text else "iso", utc=not text),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            Redactor(secrets),
            *(_for_people() if text else [structlog.processors.JSONRenderer(ensure_ascii=True)]),
        ],
    )
    handler = _StandardError()
    handler.setFormatter(formatter)
    handler.setLevel(level.upper() if isinstance(level, str) else level)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(min(handler.level, logging.INFO))  # what is not written is counted all the same
    engine = logging.getLogger("dbos")  # brings a console handler of its own unless it finds one
    engine.handlers = [handler]
    engine.propagate = False
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in silent:
        logging.getLogger(name).setLevel(logging.ERROR)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at the time: a progress bar takes its place for a while."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # the attribute of StreamHandler
        return sys.stderr


def _for_people() -> list[structlog.typing.Processor]:
    """Lines to read, in which whatever could steer a terminal is shown as an escape."""

    def readable(_logger: Any, _name: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        kept = {name: value for name, value in record.items() if value is not None and name not in {"action", "logger"}}
        return {name: _printable(value, name) if isinstance(value, str) else value for name, value in kept.items()}

    return [
        readable,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
            pad_event_to=0,
            sort_keys=False,
        ),
    ]


def _printable(text: str, name: str) -> str:
    lines = "\n" if name == "exception" else ""
    return "".join(char if char.isprintable() or char in lines else repr(char)[1:-1] for char in text)


class Redactor:
    """Replaces secrets in every string of a record, at any depth."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets if callable(secrets) else lambda: secrets
        self._secrets()  # what is wrong with them is to be told now

    def __call__(self, _logger: Any, _name: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Structlog's processor interface."""
        return {key: self.redact(value) for key, value in record.items()}

    def redact(self, value: Any) -> Any:
        """``value`` without secrets."""
        if isinstance(value, str):
            for secret in sorted(self._secrets(), key=len, reverse=True):
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, dict):
            return {key: self.redact(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact(item) for item in value]
        return value if isinstance(value, int | float | bool | None) else self.redact(str(value))
