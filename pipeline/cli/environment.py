"""The settings of commands that print results of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.settings import JobSettings, Settings


def read_quietly(*hidden: str) -> "Settings":
    """The environment; the log says nothing but warnings, and no secret, nor what is ``hidden``.

    Raises:
        Misconfigured: a variable has a value that it cannot have.
    """
    from pipeline.settings import Settings

    settings = Settings.from_environment()
    log_as_told(settings, *hidden)
    return settings


def read_for_jobs() -> "JobSettings":
    """The same of what ``pipeline jobs`` needs: what is wrong elsewhere is no matter."""
    from pipeline.settings import JobSettings

    settings = JobSettings.from_environment()
    log_as_told(settings)
    return settings


def log_as_told(settings: "JobSettings", *hidden: str, level: str = "warning", silent: Sequence[str] = ()) -> None:
    """Log by LOG_FORMAT and LOG_LEVEL, without secrets and ``hidden``.

    Where LOG_LEVEL is not set, it is ``level``, and what the ``silent`` loggers say the command tells by itself.
    """
    from pipeline.logs import configure_logging

    configure_logging(
        lambda: (*settings.secrets(), *hidden),
        level=settings.log_level or level,
        form=settings.log_format,
        silent=() if settings.log_level else silent,
    )
