"""Hugging Face Spaces. Stages, hardware and visibility stay in the Hub's own words: new ones pass through."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from pipeline.domain.files import AppFiles
from pipeline.domain.front_matter import split_front_matter
from pipeline.domain.publication import SpaceSdk

BUILDING = frozenset({"BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING"})
"""Stages that pass by themselves. In those that begin with RUNNING the version before is still served."""

BROKEN = frozenset({"BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR", "NO_APP_FILE"})
"""Stages that only another commit or another setting ends."""

RESTING = frozenset({"SLEEPING", "PAUSED", "STOPPED"})
"""Stages without a running app and without a fault. A visit wakes SLEEPING and STOPPED; PAUSED ends by a restart."""

DEFAULT_APP_PORT = 7860

GRACE_SECONDS = 20.0
"""After a change the Hub may go on telling the stage from before for as long as this."""

STATIC = "static"

MAX_SPACE_ID = 96
SPACE_PART = r"(?![A-Za-z0-9_.-]*(?:--|\.\.))[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?<!\.git)"
"""The owner's name, or the Space's own. The rule is that of huggingface_hub's ``validate_repo_id``."""

_SPACE_ID = re.compile(f"{SPACE_PART}/{SPACE_PART}")
SETTING_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SDK = re.compile(r"^sdk: ?['\"]?(\w+)", re.MULTILINE)
_APP_PORT = re.compile(r"^app_port:\s*['\"]?(\d{1,5})\b", re.MULTILINE)


def space_id_problem(space_id: str) -> str | None:
    """What is wrong with ``owner/name``, or None."""
    if len(space_id) > MAX_SPACE_ID:
        return f"must have at most {MAX_SPACE_ID} characters"
    if _SPACE_ID.fullmatch(space_id):
        return None
    if "--" in space_id or ".." in space_id:
        return "must not hold '--' or '..'"
    if any(part.endswith(("-", ".", ".git")) for part in space_id.split("/")):
        return "must not end with '-', '.' or '.git'"
    return "must be owner/name, each of letters, digits, '-', '_' and '.', beginning with a letter or digit"


def setting_key_problem(key: str) -> str | None:
    """What is wrong with the name of a secret or variable, or None. The rule is that of the Hub's OpenAPI."""
    return None if SETTING_KEY.fullmatch(key) else "must begin with a letter and hold only letters, digits and '_'"


def sdk_of(files: AppFiles) -> str | None:
    """``gradio``, ``docker`` or ``static``, as the card at the head of README.md says; None without a card."""
    card, _ = split_front_matter(files.text("README.md") or "")
    found = _SDK.search(card or "")
    return found[1] if found else None


def app_port_of(files: AppFiles) -> int:
    """Where the Hub looks for a docker Space: the card's ``app_port``, else its own default."""
    card, _ = split_front_matter(files.text("README.md") or "")
    found = _APP_PORT.search(card or "")
    return int(found[1]) if found else DEFAULT_APP_PORT


@dataclass(frozen=True, slots=True)
class Volume:
    """Storage of the Hub that a Space sees as a folder."""

    type: str  # bucket, model, dataset or space
    source: str  # owner/name
    mount_path: str  # a folder, beginning with a slash
    revision: str | None = None  # of a repository; None = its main branch
    read_only: bool | None = None  # None = the Hub's default for the type
    path: str | None = None  # within the source; None = all of it


class SettingKind(StrEnum):
    """The two kinds of settings that have a name; no name is of both in one Space."""

    SECRETS = "secrets"
    VARIABLES = "variables"

    @property
    def singular(self) -> str:
        """One of them."""
        return self.removesuffix("s")


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """How a Space is to be set. What is None or not named stays as it is, or is the Hub's choice for a new Space."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # the Hub never gives them back
    variables: Mapping[str, str] = field(default_factory=dict)  # everybody who may see the Space can read them
    descriptions: Mapping[str, str] = field(default_factory=dict)  # of both, by name
    hardware: str | None = None
    sleep_seconds: int | None = None  # without visitors until it sleeps; -1 = never
    volumes: tuple[Volume, ...] | None = None  # all that is to be mounted
    visibility: str | None = None  # public, private or protected
    is_dev_mode: bool | None = None  # whether files can be changed while it runs; not for new Spaces

    @classmethod
    def of(cls, kind: SettingKind, values: Mapping[str, str], descriptions: Mapping[str, str] | None = None) -> Self:
        """Secrets alone, or variables."""
        secrets, variables = (values, {}) if kind is SettingKind.SECRETS else ({}, values)
        return cls(secrets, variables, descriptions or {})

    def named(self, kind: SettingKind) -> Mapping[str, str]:
        """The secrets or the variables."""
        return self.secrets if kind is SettingKind.SECRETS else self.variables


@dataclass(frozen=True, slots=True)
class SpaceRuntime:
    """How a Space is doing."""

    stage: str
    hardware: str | None = None  # that it runs on; None when it does not run, and for static Spaces
    requested_hardware: str | None = None
    sleep_seconds: int | None = None  # without visitors until it sleeps
    error_message: str | None = None  # in a broken stage
    domains: tuple[str, ...] = ()
    is_dev_mode: bool = False
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class Space:
    """What the Hub says of a Space."""

    id: str  # as the Hub spells it
    url: str  # of its page
    sdk: str | None = None  # gradio, docker or static; None when the card does not say
    visibility: str = "public"
    commit_sha: str | None = None  # head of its main branch
    host: str | None = None  # address of the running app, without a slash at the end
    runtime: SpaceRuntime | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpaceSetting:
    """A variable, or a secret without its value."""

    key: str
    value: str | None = None
    description: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look of many at a Space on its way."""

    runtime: SpaceRuntime  # its stage is spelled as the known ones are
    is_new: bool
    is_current: bool  # it is not the stage from before the change, which the Hub may go on telling for a while
    waited: float  # seconds since the first look
    in_stage: float  # seconds since the stage was first seen


@dataclass(frozen=True, slots=True)
class LogLine:
    """One piece of a Space's build or run log."""

    text: str
    at: datetime | None = None  # None when the Hub does not say


@dataclass(frozen=True, slots=True)
class AppTemplate:
    """An app for a Space, as its author made it."""

    files: AppFiles
    kind: SpaceSdk  # streamlit becomes docker on the Hub
    parameters: Mapping[str, object] | None = None  # JSON values for PARAMS; None = it was not made for any


@dataclass(frozen=True, slots=True)
class NewSpace:
    """What ``/create-space`` is asked for."""

    app: AppTemplate
    name: str | None = None  # name or owner/name; None = a new one of our making, under the token's owner
    settings: SpaceSettings = field(default_factory=SpaceSettings)


@dataclass(frozen=True, slots=True)
class CreatedSpace:
    """What ``/create-space`` answers."""

    id: str
    url: str
    commit_sha: str
    host: str | None = None  # None when the Hub does not give it yet
    notes: tuple[str, ...] = ()
