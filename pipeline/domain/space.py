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
_SPACE_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_SETTING_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SDK = re.compile(r"^sdk: ?['\"]?(\w+)", re.MULTILINE)
_APP_PORT = re.compile(r"^app_port:\s*['\"]?(\d{1,5})\b", re.MULTILINE)


def space_id_problem(space_id: str) -> str | None:
    """What is wrong with ``owner/name``, or None. The rule is huggingface_hub's ``validate_repo_id``."""
    if len(space_id) > MAX_SPACE_ID:
        return f"must have at most {MAX_SPACE_ID} characters"
    if not _SPACE_ID.fullmatch(space_id):
        return "must be owner/name, each of letters, digits, '-', '_' and '.', beginning with a letter or digit"
    if "--" in space_id or ".." in space_id:
        return "must not hold '--' or '..'"
    if any(part.endswith(("-", ".", ".git")) for part in space_id.split("/")):
        return "must not end with '-', '.' or '.git'"
    return None


def setting_key_problem(key: str) -> str | None:
    """What is wrong with the name of a secret or variable, or None. The rule is that of the Hub's OpenAPI."""
    return None if _SETTING_KEY.fullmatch(key) else "must begin with a letter and hold only letters, digits and '_'"


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
    """Storage of the Hub that a Space sees as a folder.

    Attributes:
        type: ``bucket``, ``model``, ``dataset`` or ``space``.
        source: ``owner/name``.
        mount_path: folder, beginning with a slash.
        revision: of a repository; None = its main branch.
        read_only: None = the Hub's default for the type.
        path: folder within the source; None = all of it.
    """

    type: str
    source: str
    mount_path: str
    revision: str | None = None
    read_only: bool | None = None
    path: str | None = None


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
    """How a Space is to be set. What is None or not named stays as it is, or is the Hub's choice for a new Space.

    Attributes:
        secrets: values that the Hub never gives back.
        variables: values that everybody who may see the Space can read.
        descriptions: of secrets and variables, by name.
        hardware: in the Hub's words.
        sleep_seconds: without visitors until it sleeps; -1 = never.
        volumes: all that is to be mounted.
        visibility: ``public``, ``private`` or ``protected``.
        is_dev_mode: whether its files can be changed while it runs; not for new Spaces.
    """

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    hardware: str | None = None
    sleep_seconds: int | None = None
    volumes: tuple[Volume, ...] | None = None
    visibility: str | None = None
    is_dev_mode: bool | None = None

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
    """How a Space is doing.

    Attributes:
        stage: in the Hub's own word.
        hardware: it runs on; None when it does not run, and for static Spaces.
        requested_hardware: what it is to run on.
        sleep_seconds: without visitors until it sleeps; None when the Hub does not say.
        error_message: the Hub's, in a broken stage.
        domains: hosts that answer for it.
        is_dev_mode: whether its files can be changed while it runs.
        volumes: what is mounted.
    """

    stage: str
    hardware: str | None = None
    requested_hardware: str | None = None
    sleep_seconds: int | None = None
    error_message: str | None = None
    domains: tuple[str, ...] = ()
    is_dev_mode: bool = False
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class Space:
    """What the Hub says of a Space.

    Attributes:
        id: ``owner/name``, as the Hub spells it.
        url: of its page.
        sdk: ``gradio``, ``docker`` or ``static``; None when the card does not say.
        visibility: ``public``, ``private`` or ``protected``.
        commit_sha: head of its main branch.
        host: address of the running app without a slash at the end; None when the Hub does not give it.
        runtime: as of now; None when the Hub does not give it.
        modified_at: when it last changed.
    """

    id: str
    url: str
    sdk: str | None = None
    visibility: str = "public"
    commit_sha: str | None = None
    host: str | None = None
    runtime: SpaceRuntime | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpaceSetting:
    """A variable, or a secret without its value.

    Attributes:
        key: its name.
        value: of a variable; None for a secret, whose value the Hub never gives back.
        description: what it is for.
        updated_at: None when the Hub does not say.
    """

    key: str
    value: str | None = None
    description: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One look of many at a Space on its way.

    Attributes:
        runtime: how it is doing; its stage is spelled as the known ones are.
        is_new: the stage is another one than at the look before.
        is_current: the stage is not that from before the change, which the Hub may go on telling for a while.
        waited: seconds since the first look.
        in_stage: seconds since the stage was first seen.
    """

    runtime: SpaceRuntime
    is_new: bool
    is_current: bool
    waited: float
    in_stage: float


@dataclass(frozen=True, slots=True)
class LogLine:
    """One piece of a Space's build or run log.

    Attributes:
        text: without the newline.
        at: None when the Hub does not say.
    """

    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppTemplate:
    """An app for a Space, as its author made it.

    Attributes:
        files: the author's own.
        kind: of Space; ``streamlit`` becomes ``docker`` on the Hub.
        parameters: JSON values that the app finds as ``PARAMS``; None = it was not made for any.
    """

    files: AppFiles
    kind: SpaceSdk
    parameters: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class NewSpace:
    """What ``/create-space`` is asked for.

    Attributes:
        app: that it is to hold.
        name: ``name`` or ``owner/name``; None = a new one of our making, under the token's owner.
        settings: that it has from the beginning.
    """

    app: AppTemplate
    name: str | None = None
    settings: SpaceSettings = field(default_factory=SpaceSettings)


@dataclass(frozen=True, slots=True)
class CreatedSpace:
    """What ``/create-space`` answers.

    Attributes:
        id: ``owner/name``, as the Hub spells it.
        url: of its page.
        commit_sha: the one commit.
        host: address of the app without a slash at the end; None when the Hub does not give it yet.
        notes: what the caller should know.
    """

    id: str
    url: str
    commit_sha: str
    host: str | None = None
    notes: tuple[str, ...] = ()
