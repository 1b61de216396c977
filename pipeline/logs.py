"""Logs as JSON lines on standard error, in which no configured secret is ever seen."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

QUIET = (
    *("alembic", "asyncio", "git", "github", "httpcore", "httpcore2", "httpx"),
    *("httpx2", "huggingface_hub", "mcp", "openai", "urllib3"),
)
"""Libraries that log addresses, bodies or chatter below a warning."""

MASK = "[secret]"


def configure_logging(secrets: tuple[str, ...], *, level: int = logging.INFO) -> None:
    """Send every log record of this process to standard error as one line of JSON.

    Args:
        secrets: values that are masked wherever they appear in a record.
        level: least severity of our own records.
    """
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            Redactor(secrets),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    engine = logging.getLogger("dbos")  # brings a console handler of its own unless it finds one
    engine.handlers = [handler]
    engine.propagate = False
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class Redactor:
    """Replaces secrets in every string of a record, at any depth."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, _logger: Any, _name: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Structlog's processor interface."""
        return {key: self.redact(value) for key, value in record.items()}

    def redact(self, value: Any) -> Any:
        """``value`` without secrets."""
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, dict):
            return {key: self.redact(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact(item) for item in value]
        return value if isinstance(value, int | float | bool | None) else self.redact(str(value))
