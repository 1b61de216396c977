"""Ends the process at a chosen place, for tests of what a crash leaves behind."""

import os
from enum import StrEnum

from pipeline.domain.errors import Misconfigured
from pipeline.domain.job import Stage

KILLED = 137  # what a shell reports for a process that SIGKILL ended


class Moment(StrEnum):
    """Where in a stage."""

    BEFORE = "before"
    AFTER_EFFECT = "after_effect"
    AFTER_RECORD = "after_record"


class Failpoint:
    """Attributes: the stage and the moment of ``FAILPOINT=STAGE:MOMENT``; nothing without it.

    Raises:
        Misconfigured: not of that form.
    """

    def __init__(self, setting: str | None) -> None:
        self._place: tuple[Stage, Moment] | None = None
        if setting:
            try:
                stage, moment = setting.split(":")
                self._place = Stage(stage), Moment(moment)
            except ValueError as error:
                raise Misconfigured(
                    "FAILPOINT must be STAGE:before, STAGE:after_effect or STAGE:after_record"
                ) from error

    def pass_by(self, stage: Stage, moment: Moment) -> None:
        """End the process here, without any clean-up, if this is the place."""
        if self._place == (stage, moment):
            os._exit(KILLED)
