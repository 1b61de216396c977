"""Many Spaces from one template: what is asked for, how a Space differs from it, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pipeline.domain.files import AppFiles
from pipeline.domain.job import JobStatus
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import Space, SpaceRuntime, SpaceSetting

T = TypeVar("T")

STATIC = "static"


@dataclass(frozen=True, slots=True)
class AppTemplate:
    """Files that every Space is to hold.

    Attributes:
        files: as their author made them.
        kind: of Space; ``streamlit`` becomes ``docker`` on the Hub.
        parameters: JSON values that the app finds as ``PARAMS``; None = it was not made for any.
    """

    files: AppFiles
    kind: SpaceSdk
    parameters: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class WantedSpace:
    """One Space as it should be. What is None or not named is left as it is, or to the template or the Hub.

    Attributes:
        name: ``name`` or ``owner/name``.
        secrets: values that the Hub never gives back.
        variables: values that everybody who may see the Space can read.
        hardware: in the Hub's words.
        sleep_seconds: without visitors until it sleeps; -1 = never.
        private: whether only its owner sees it.
    """

    name: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    hardware: str | None = None
    sleep_seconds: int | None = None
    private: bool | None = None

    @property
    def settings(self) -> tuple[str, ...]:
        """What it is created with, in words without values."""
        words = [f"secret {key}" for key in self.secrets] + [f"variable {key}" for key in self.variables]
        words += [] if self.hardware is None else [f"hardware {self.hardware}"]
        words += [] if self.sleep_seconds is None else [f"sleep time {self.sleep_seconds} s"]
        return (*words, *_seen_by(private=self.private))


@dataclass(frozen=True, slots=True)
class ProvisionOrder:
    """What is asked for.

    Attributes:
        template: ``owner/name`` of a Space to copy, or files.
        spaces: in the caller's order.
        replace_secrets: whether secrets that a Space has already are set again: their values cannot be compared.
    """

    template: str | AppTemplate
    spaces: tuple[WantedSpace, ...]
    replace_secrets: bool = False


class SpaceAction(StrEnum):
    """What a Space needs, or what was done to it."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"


class SpaceStatus(StrEnum):
    """How far one Space of a provision is."""

    PLANNED = "planned"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Nothing more happens to it."""
        return self in {SpaceStatus.SUCCEEDED, SpaceStatus.FAILED, SpaceStatus.PLANNED}


@dataclass(frozen=True, slots=True)
class SpaceOutcome:
    """What became of one Space, or will.

    Attributes:
        name: as it was asked for.
        status: how far it is.
        action: None while that is not known.
        id: ``owner/name``; None while the owner is not known.
        url: of its page; None while there is none.
        changes: what was done, or would be, in words without values.
        warning: what the caller should know.
        error: why it failed, and what had been done by then.
    """

    name: str
    status: SpaceStatus = SpaceStatus.WAITING
    action: SpaceAction | None = None
    id: str | None = None
    url: str | None = None
    changes: tuple[str, ...] = ()
    warning: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Provision:
    """The durable record of an order, without the order.

    Attributes:
        id: cannot be guessed.
        status: where it stands; succeeded when every Space did.
        received_at: when it was accepted.
        spaces: one outcome per Space, in the order's order.
        finished_at: None while it goes on.
        error: what kept it from its work altogether, or None.
    """

    id: str
    status: JobStatus
    received_at: datetime
    spaces: tuple[SpaceOutcome, ...]
    finished_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WokenSpace:
    """What was done about one Space that was to be woken.

    Attributes:
        id: ``owner/name``.
        was: its stage, in the Hub's word; None when the Hub did not say.
        was_restarted: whether it was resting, and has been restarted.
        stage: after that, or None.
        note: why nothing had to be done, or None.
        error: why nothing could be done, or None.
    """

    id: str
    was: str | None = None
    was_restarted: bool = False
    stage: str | None = None
    note: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Differences:
    """What has to be set for an existing Space to be as wanted.

    Attributes:
        secrets: to be set.
        variables: to be set.
        hardware: to be asked for, or None.
        sleep_seconds: to be set, or None.
        private: to be set, or None.
        left_secrets: how many secrets are there already and were not touched.
    """

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    hardware: str | None = None
    sleep_seconds: int | None = None
    private: bool | None = None
    left_secrets: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """Each of them, without values, in the order in which they are made."""
        words = list(_seen_by(private=self.private))
        words += [] if self.sleep_seconds is None else [f"sleep time {self.sleep_seconds} s"]
        words += [f"secret {key}" for key in self.secrets] + [f"variable {key}" for key in self.variables]
        return (*words, *([] if self.hardware is None else [f"hardware {self.hardware}"]))

    @property
    def restarts(self) -> bool:
        """Whether the Hub starts the Space anew. Source: the Hub's documentation on secrets, variables, hardware."""
        return bool(self.secrets or self.variables or self.hardware)


def differences(
    wanted: WantedSpace,
    space: Space,
    variables: tuple[SpaceSetting, ...],
    secrets: tuple[SpaceSetting, ...],
    *,
    replace_secrets: bool,
) -> Differences:
    """How ``space`` differs from ``wanted``. What it has beyond that stays."""
    runtime = space.runtime or SpaceRuntime(stage="")
    values = {variable.key: variable.value for variable in variables}
    known = {secret.key for secret in secrets}
    missing = {key: value for key, value in wanted.secrets.items() if replace_secrets or key not in known}
    is_private = space.visibility == "private"
    return Differences(
        secrets=missing,
        variables={key: value for key, value in wanted.variables.items() if values.get(key) != value},
        hardware=_unless_same(wanted.hardware, runtime.requested_hardware),
        sleep_seconds=_unless_same(wanted.sleep_seconds, runtime.sleep_seconds),
        private=_unless_same(wanted.private, is_private),
        left_secrets=len(wanted.secrets) - len(missing),
    )


def misfit(
    wanted: WantedSpace,
    sdk: str | None,
    variables: tuple[SpaceSetting, ...] = (),
    secrets: tuple[SpaceSetting, ...] = (),
) -> str | None:
    """Why a Space of that kind, with these settings already, cannot become as wanted; None when it can."""
    if sdk == STATIC and wanted.secrets:
        return "a static Space shows its secrets to every visitor: take the secrets out, or use another kind of Space"
    if sdk == STATIC and (wanted.hardware is not None or wanted.sleep_seconds is not None):
        return "a static Space runs no program: hardware and sleep_time have no meaning for it"
    if wanted.secrets.keys() & {setting.key for setting in variables}:
        return (
            "a secret has the name of a variable that the Space has: the Hub starts no such Space; delete one of them"
        )
    if wanted.variables.keys() & {setting.key for setting in secrets}:
        return (
            "a variable has the name of a secret that the Space has: the Hub starts no such Space; delete one of them"
        )
    return None


def _unless_same(wanted: T | None, current: T | None) -> T | None:
    return None if wanted == current else wanted


def _seen_by(*, private: bool | None) -> tuple[str, ...]:
    return () if private is None else ("private" if private else "public",)
