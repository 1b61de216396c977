"""The settings of commands that print results of their own."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.settings import Settings


def read_quietly(*hidden: str) -> "Settings":
    """The environment; the log says nothing but warnings, and no secret, nor what is ``hidden``.

    Raises:
        Misconfigured: a variable has a value that it cannot have.
    """
    from pipeline.logs import configure_logging
    from pipeline.settings import Settings

    settings = Settings.from_environment()
    configure_logging((*settings.secrets(), *hidden), level=logging.WARNING)
    return settings
