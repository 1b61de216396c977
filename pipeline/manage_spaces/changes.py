"""Setting what differs in a Space: checked as a whole, and in an order that restarts its app as little as can be."""

import difflib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from pipeline.domain.errors import HubError, InvalidInput, NotFound
from pipeline.domain.space import STATIC, SettingKind, Space, SpaceRuntime, SpaceSetting, SpaceSettings
from pipeline.domain.space_rules import misfits, settings_problems
from pipeline.ports import Progress, SpaceHost

RESTARTS = "the app was running: it starts anew now, and may not be there for its visitors until it runs again"
SLEEP_IS_FIXED = "on cpu-basic a Space sleeps after 48 hours without visitors; only paid hardware obeys the sleep time"
"""Source: huggingface_hub's documentation of ``set_space_sleep_time``."""

SLEEP = "sleep time"

_FIXED_SLEEP_HARDWARE = "cpu-basic"
_NEAR_NAMES = 3

T = TypeVar("T")

Key = tuple[SettingKind, str]
"""Of a secret or a variable."""

Present = Mapping[SettingKind, Mapping[str, SpaceSetting]]
"""What a Space has already, by name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a request to change a Space."""

    space_id: str
    restarts: bool  # the app starts anew because of it
    warning: str | None = None  # what it means for visitors, and what will not be as it was asked for
    changed: tuple[str, ...] = ()  # what was done, in order: variable COLOUR
    unchanged: tuple[str, ...] = ()  # what was so before
    runtime: SpaceRuntime | None = None  # as the last change left it
    commit_sha: str | None = None  # None when no files were sent


class Step(NamedTuple):
    """One request to the Hub, named after what it changes, and whether the Hub restarts the app for it.

    Source: the Hub's documentation of secrets, variables and hardware.
    """

    name: str
    make: Callable[[], Awaitable[SpaceRuntime | None]]
    restarts: bool = True


@dataclass(slots=True)
class Differences:
    """What has to be done for a Space to be as wanted."""

    space: Space  # as it was read
    steps: list[Step] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)  # is so already, or is to be kept

    @property
    def names(self) -> tuple[str, ...]:
        """Of the steps, without values."""
        return tuple(step.name for step in self.steps)

    @property
    def restarts(self) -> bool:
        """Whether they start its app anew."""
        return any(step.restarts for step in self.steps) and self.space.sdk != STATIC

    def warnings(self, runtime: SpaceRuntime | None = None) -> list[str]:
        """What they mean for visitors, and what will not be as asked for, as far as ``runtime``, after them, tells."""
        warnings = [RESTARTS] if self.restarts and is_running(self.space.runtime) else []
        runtime = runtime or self.space.runtime
        is_fixed = runtime is not None and runtime.requested_hardware == _FIXED_SLEEP_HARDWARE
        is_asked = any(SLEEP in name for name in (*self.names, *self.unchanged))
        return [*warnings, SLEEP_IS_FIXED] if is_fixed and is_asked else warnings

    def compare_all(
        self, host: SpaceHost, settings: SpaceSettings, present: Present | None = None, *, keep_secrets: bool = False
    ) -> None:
        """Add a step for whatever differs from ``settings``. What the Space has beyond them stays."""
        space_id = self.space.id
        for kind in SettingKind:
            for key, value in settings.named(kind).items():
                name, description = f"{kind.singular} {key}", settings.descriptions.get(key)
                old = (present or {}).get(kind, {}).get(key)
                is_same = old and old.value == value and description in {None, old.description}
                if is_same or (old and keep_secrets and kind is SettingKind.SECRETS):
                    self.unchanged.append(name)
                else:
                    self.steps.append(Step(name, partial(host.set_setting, space_id, kind, key, value, description)))
        if settings.volumes is not None:
            self.steps.append(Step("volumes", partial(host.set_volumes, space_id, settings.volumes)))
        runtime = self.space.runtime or SpaceRuntime(stage="")
        hardware, sleep = settings.hardware, settings.sleep_seconds
        if hardware is not None and sleep is not None and hardware != runtime.requested_hardware:
            # One request for both, so that new hardware never runs without the sleep time that limits its cost.
            self.steps.append(Step(f"hardware and {SLEEP}", partial(host.set_hardware, space_id, hardware, sleep)))
        else:
            self._compare("hardware", hardware, runtime.requested_hardware, partial(host.set_hardware, space_id))
            set_sleep_time = partial(host.set_sleep_time, space_id)
            self._compare(SLEEP, sleep, runtime.sleep_seconds, set_sleep_time, restarts=False)
        dev_mode = runtime.is_dev_mode if self.space.runtime else None
        self._compare("dev mode", settings.is_dev_mode, dev_mode, lambda on: host.set_dev_mode(space_id, enabled=on))
        set_visibility = partial(host.set_visibility, space_id)
        self._compare("visibility", settings.visibility, self.space.visibility, set_visibility, restarts=False)

    def _compare(
        self,
        name: str,
        wanted: T | None,
        current: T | None,
        change: Callable[[T], Awaitable[SpaceRuntime | None]],
        *,
        restarts: bool = True,
    ) -> None:
        if wanted is not None and wanted == current:
            self.unchanged.append(name)
        elif wanted is not None:
            self.steps.append(Step(name, partial(change, wanted), restarts))

    async def make(self, progress: Progress) -> SpaceRuntime | None:
        """Make them in order, and tell ``progress`` the name of each that was made. Raises HubError."""
        runtime = None
        for step in self.steps:
            runtime = await step.make() or runtime
            progress(step.name)
        return runtime


async def change_space(
    host: SpaceHost,
    space_id: str,
    settings: SpaceSettings,
    progress: Progress = lambda _: None,
    *,
    delete: Sequence[Key] = (),
) -> Changed:
    """Set what differs: first what is deleted, then secrets, variables, volumes, the machine, and who sees it.

    What is so already is left alone, because most changes restart the app. ``progress`` is told the name of each
    change that was made.

    Raises:
        InvalidInput: a rule is broken; nothing was changed.
        NotFound: a secret or variable to be deleted is not there; nothing was changed.
        HubError: with what was changed before, and what was not.
    """
    InvalidInput.check(settings_problems(settings))
    differences = await find_differences(host, await host.info(space_id), settings, delete=delete)
    done: list[str] = []

    def note(name: str) -> None:
        done.append(name)
        progress(name)

    try:
        runtime = await differences.make(note)
    except HubError as error:
        if len(differences.steps) > 1:
            left = ", ".join(differences.names[len(done) :])
            error.args = (f"{error}; changed before that: {', '.join(done) or 'nothing'}; not changed: {left}",)
        raise
    return Changed(
        space_id=differences.space.id,
        restarts=differences.restarts,
        warning="; ".join(differences.warnings(runtime)) or None,
        changed=differences.names,
        unchanged=tuple(differences.unchanged),
        runtime=runtime,
    )


async def find_differences(
    host: SpaceHost, space: Space, settings: SpaceSettings, *, delete: Sequence[Key] = (), keep_secrets: bool = False
) -> Differences:
    """Look at what ``space``, as it was just read, has. Reads only.

    With ``keep_secrets`` those that are there stay as they are, because their values cannot be compared.

    Raises:
        InvalidInput: a Space of that kind, with what it has, cannot be set like that.
        NotFound: something to be deleted is not there.
        HubError: the Hub does not tell.
    """
    present: Present = {}
    if settings.secrets or settings.variables or delete:  # both kinds: no name may be of both
        present = {kind: by_key(await host.settings(space.id, kind)) for kind in SettingKind}
    kept = {kind: there.keys() - {key for of, key in delete if of is kind} for kind, there in present.items()}
    InvalidInput.check(misfits(settings, space.sdk, kept))
    differences = Differences(space)
    for kind, key in delete:
        find_setting(kind, key, present[kind])
        differences.steps.append(Step(f"{kind.singular} {key}", partial(host.delete_setting, space.id, kind, key)))
    differences.compare_all(host, settings, present, keep_secrets=keep_secrets)
    return differences


def is_running(runtime: SpaceRuntime | None) -> bool:
    """Whether visitors are served the app, also while another version of it is being built."""
    return runtime is not None and runtime.stage.startswith("RUNNING")


def find_setting(kind: SettingKind, key: str, settings: Mapping[str, SpaceSetting]) -> SpaceSetting:
    """The secret or variable of that name among those of a Space. Raises NotFound, with names that may be meant."""
    if key in settings:
        return settings[key]
    near = ", ".join(difflib.get_close_matches(key, settings, _NEAR_NAMES))
    raise NotFound(f"the Space has no {kind.singular} of that name{f'; there is {near}' if near else ''}")


def by_key(settings: Sequence[SpaceSetting]) -> dict[str, SpaceSetting]:
    """Settings by their names."""
    return {setting.key: setting for setting in settings}
