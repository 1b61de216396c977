"""How a Space runs: a script of stages that every start walks through."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.fakes.hub.card import read_card
from tests.fakes.hub.repository import StoredFile, now

ENTRY_FILES = {"gradio": "app.py", "static": "index.html", "docker": "Dockerfile"}
WITH_ERROR = {"BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR"}
SERVING = {"RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING"}
BUILD_LOG = ("===== Build Queued =====", "--> FROM docker.io/library/python", "DONE 0.1s", "--> Pushing image")
RUN_LOG = ("===== Application Startup =====", "* Running on local URL:  http://0.0.0.0:7860")


@dataclass
class Script:
    """What happens when a Space starts.

    Attributes:
        stages: one after the other; the last one stays.
        seconds_each: that a stage lasts; 0 = until the next poll.
        error_message: in a stage that has one.
        starts_left: how many more starts follow it; None = all.
    """

    stages: Sequence[str]
    seconds_each: float = 0.0
    error_message: str | None = None
    build_log: Sequence[str] = BUILD_LOG
    run_log: Sequence[str] = RUN_LOG
    starts_left: int | None = None


@dataclass(frozen=True)
class LogEvent:
    """A line of a log."""

    text: str
    timestamp: str


def log_event(text: str) -> LogEvent:
    return LogEvent(text, now())


@dataclass
class Run:
    """One start on its way through its script; ``logs`` are by kind, ``build`` and ``run``."""

    script: Script
    polls: int = 0
    started: float = field(default_factory=time.monotonic)
    logs: dict[str, list[LogEvent]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lines = {"build": self.script.build_log, "run": self.script.run_log}
        self.logs = {kind: [log_event(line) for line in some] for kind, some in lines.items()}

    @property
    def stage(self) -> str:
        """As of now; a poll has already seen it, or is the first to see it."""
        if self.script.seconds_each:
            index = int((time.monotonic() - self.started) / self.script.seconds_each)
        else:
            index = max(self.polls - 1, 0)
        return self.script.stages[min(index, len(self.script.stages) - 1)]

    def poll(self) -> str:
        """Go on to the next stage, unless time decides."""
        self.polls += 1
        return self.stage

    @property
    def error_message(self) -> str | None:
        """Of the stage as of now."""
        if self.stage not in WITH_ERROR:
            return None
        return self.script.error_message or f"{self.stage.replace('_', ' ').capitalize()}: see the logs"


def fixed(stage: str, error_message: str | None = None) -> Script:
    """A script of one stage in which nothing is built."""
    return Script([stage], error_message=error_message, build_log=(), run_log=())


def obstacle(
    files: Mapping[str, StoredFile], secrets: Mapping[str, object], variables: Mapping[str, object]
) -> Script | None:
    """Why a Space cannot even be built, or None.

    Its card must be there and valid, no name may be both secret and variable, and the card's entry file must be there.
    """
    readme = files.get("README.md")
    card, problems = read_card(readme.content.decode("utf-8", "replace")) if readme else (None, [])
    if problems or not card or "sdk" not in card:
        return fixed("CONFIG_ERROR", "; ".join(problems) or "Missing configuration in README")
    if secrets.keys() & variables.keys():
        return fixed("CONFIG_ERROR", "Collision on variables and secrets names")
    entry = ENTRY_FILES[card["sdk"]]
    if card["sdk"] != "docker":
        entry = card.get("app_file", entry)
    if entry not in files and "app_build_command" not in card:
        return fixed("NO_APP_FILE")
    return None


def usual(sdk: str) -> Script:
    """What happens when nothing goes wrong and no test says otherwise."""
    return fixed("RUNNING") if sdk == "static" else Script(["BUILDING", "RUNNING"])
