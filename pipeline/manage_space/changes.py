"""Changes to a Space: checked together, made in an order that restarts its app as little as can be, and told.

Nothing here needs HTTP: ``pipeline spaces`` makes its changes in the same way.
"""

import difflib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pipeline.domain.errors import FieldProblem, HubError, InvalidInput, NotFound
from pipeline.domain.space import RESTING, Space, SpaceRuntime, SpaceSetting
from pipeline.manage_space.wishes import NewSetting, SpaceChanges, change_problems
from pipeline.ports import Progress, SpaceHost

NEAR_NAMES = 3

RESTARTS = "the app was running: it starts anew now, and may not be there for its visitors until it runs again"
STOPS = "the app was running: its visitors do not find it until the Space is restarted"

SLEEP_IS_FIXED = "on cpu-basic a Space sleeps after 48 hours without visitors; only paid hardware obeys the sleep time"
"""Source: huggingface_hub's documentation of ``set_space_sleep_time``."""

_FIXED_SLEEP_HARDWARE = "cpu-basic"


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of a request to change a Space.

    Attributes:
        space_id: as the Hub spells it.
        restarts: whether its app starts anew because of it.
        warning: what it means for visitors, when the app was running, and what will not be as it was asked for.
        changed: what was done, in order: ``variable COLOUR``.
        unchanged: what was so before.
        runtime: as the last change left it; None when the Hub did not say.
    """

    space_id: str
    restarts: bool
    warning: str | None = None
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    runtime: SpaceRuntime | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One request to the Hub.

    Attributes:
        name: of what it changes.
        make: the request.
        restarts: whether the Hub restarts the app for it.
    """

    name: str
    make: Callable[[], Awaitable[SpaceRuntime | None]]
    restarts: bool = True


@dataclass(frozen=True, slots=True)
class _Present:
    """Settings of the Space before the change, by name."""

    secrets: Mapping[str, SpaceSetting]
    variables: Mapping[str, SpaceSetting]


async def change_space(
    host: SpaceHost, space_id: str, changes: SpaceChanges, progress: Progress = lambda _: None
) -> Changed:
    """Make ``changes``: first what is deleted, then secrets, variables, volumes, and the machine at the end.

    What is so already is left alone, because most changes restart the app.

    Args:
        host: the Hub.
        space_id: ``owner/name``.
        changes: at least one.
        progress: is told the name of each change that was made.

    Raises:
        InvalidInput: a rule is broken; nothing was changed.
        NotFound: a secret or variable to be deleted is not there; nothing was changed.
        HubError: with what was changed before, and what was not.
    """
    if problems := [*change_problems(changes)]:
        raise InvalidInput(*problems)
    space = await host.info(space_id)
    present = await _present(host, space_id, changes)
    if problems := [*_conflicts(space, changes, present)]:
        raise InvalidInput(*problems)
    _find_all("secret", changes.secrets_to_delete, present.secrets)
    _find_all("variable", changes.variables_to_delete, present.variables)
    steps, unchanged = _steps(host, space, changes, present)
    runtime = await _make_all(steps, progress)
    restarts = any(step.restarts for step in steps) and space.sdk != "static"
    return Changed(
        space_id=space.id,
        restarts=restarts,
        warning="; ".join(_warnings(space, changes, runtime, restarts=restarts)) or None,
        changed=tuple(step.name for step in steps),
        unchanged=unchanged,
        runtime=runtime,
    )


async def pause_space(host: SpaceHost, space_id: str) -> Changed:
    """Stop the app until its owner restarts it. Raises HubError."""
    space = await host.info(space_id)
    runtime = await host.pause(space_id)
    warning = STOPS if is_running(space.runtime) else None
    return Changed(space.id, restarts=False, warning=warning, changed=("pause",), runtime=runtime)


async def restart_space(host: SpaceHost, space_id: str, *, factory_reboot: bool = False) -> Changed:
    """Start the app anew; with ``factory_reboot`` build it anew as well. Raises HubError."""
    space = await host.info(space_id)
    runtime = await host.restart(space_id, factory_reboot=factory_reboot)
    warning = RESTARTS if is_running(space.runtime) else None
    return Changed(space.id, restarts=True, warning=warning, changed=("restart",), runtime=runtime)


async def wake_space(host: SpaceHost, space_id: str) -> Changed:
    """Restart the app if it rests, which ends sleeping, stopped and paused alike. Raises HubError."""
    runtime = await host.runtime(space_id)
    if runtime.stage not in RESTING:
        return Changed(space_id, restarts=False, unchanged=("wake",), runtime=runtime)
    return Changed(space_id, restarts=True, changed=("wake",), runtime=await host.restart(space_id))


def is_running(runtime: SpaceRuntime | None) -> bool:
    """Whether visitors are served the app, also while another version of it is being built."""
    return runtime is not None and runtime.stage.startswith("RUNNING")


def find_setting(kind: str, key: str, settings: Mapping[str, SpaceSetting]) -> SpaceSetting:
    """The secret or variable of that name. Raises NotFound, with the names that may have been meant.

    Args:
        kind: ``secret`` or ``variable``.
        key: its name.
        settings: of the Space, by name.
    """
    if key in settings:
        return settings[key]
    near = ", ".join(difflib.get_close_matches(key, settings, NEAR_NAMES))
    raise NotFound(f"the Space has no {kind} of that name{f'; there is {near}' if near else ''}")


def by_key(settings: Sequence[SpaceSetting]) -> dict[str, SpaceSetting]:
    """Settings by their names."""
    return {setting.key: setting for setting in settings}


async def _present(host: SpaceHost, space_id: str, changes: SpaceChanges) -> _Present:
    """Both kinds when either changes: no name may be of both."""
    if not (changes.secrets or changes.variables or changes.secrets_to_delete or changes.variables_to_delete):
        return _Present({}, {})
    return _Present(by_key(await host.secrets(space_id)), by_key(await host.variables(space_id)))


def _conflicts(space: Space, changes: SpaceChanges, present: _Present) -> Iterator[FieldProblem]:
    if changes.secrets and space.sdk == "static":
        yield FieldProblem("secrets", "are shown to every visitor of a static Space: it can have none")
    secrets = {*present.secrets} - {*changes.secrets_to_delete} | {*changes.secrets}
    variables = {*present.variables} - {*changes.variables_to_delete} | {*changes.variables}
    for kind, other, named in (
        ("secrets", "variables", changes.secrets),
        ("variables", "secrets", changes.variables),
    ):
        if both := sorted(secrets & variables & {*named}):
            names = ", ".join(both)
            yield FieldProblem(kind, f"{names}: is of {other} too, and the Hub starts no such Space: delete that first")


def _find_all(kind: str, keys: Sequence[str], present: Mapping[str, SpaceSetting]) -> None:
    for key in keys:
        find_setting(kind, key, present)


def _steps(
    host: SpaceHost, space: Space, changes: SpaceChanges, present: _Present
) -> tuple[list[_Step], tuple[str, ...]]:
    """What has to be asked, in order, and the names of what is so already."""
    wanted = changes.variables.items()
    same = [key for key, new in wanted if key in present.variables and _is_same(present.variables[key], new)]
    unchanged = [f"variable {key}" for key in same]
    steps = [
        *(_Step(f"secret {key}", partial(host.delete_secret, space.id, key)) for key in changes.secrets_to_delete),
        *(
            _Step(f"variable {key}", partial(host.delete_variable, space.id, key))
            for key in changes.variables_to_delete
        ),
        *(
            _Step(f"secret {key}", partial(host.set_secret, space.id, key, new.value, new.description))
            for key, new in changes.secrets.items()
        ),
        *(
            _Step(f"variable {key}", partial(host.set_variable, space.id, key, new.value, new.description))
            for key, new in wanted
            if key not in same
        ),
        *_machine_steps(host, space.id, changes),
    ]
    if changes.visibility is not None and changes.visibility == space.visibility:
        unchanged.append("visibility")
    elif changes.visibility is not None:
        steps.append(_Step("visibility", partial(host.set_visibility, space.id, changes.visibility), restarts=False))
    return steps, tuple(unchanged)


def _machine_steps(host: SpaceHost, space_id: str, changes: SpaceChanges) -> Iterator[_Step]:
    if changes.volumes:
        yield _Step("volumes", partial(host.set_volumes, space_id, changes.volumes))
    elif changes.volumes is not None:
        yield _Step("volumes", partial(host.delete_volumes, space_id))
    if changes.hardware is not None:
        # One request for both, so that new hardware never runs without the sleep time that limits its cost.
        name = "hardware" if changes.sleep_seconds is None else "hardware and sleep time"
        yield _Step(name, partial(host.set_hardware, space_id, changes.hardware, changes.sleep_seconds))
    elif changes.sleep_seconds is not None:
        sleep = partial(host.set_sleep_time, space_id, changes.sleep_seconds)
        yield _Step("sleep time", sleep, restarts=False)
    if changes.is_dev_mode is not None:
        yield _Step("dev mode", partial(host.set_dev_mode, space_id, enabled=changes.is_dev_mode))


def _warnings(space: Space, changes: SpaceChanges, after: SpaceRuntime | None, *, restarts: bool) -> Iterator[str]:
    if restarts and is_running(space.runtime):
        yield RESTARTS
    if changes.sleep_seconds is not None and after and after.requested_hardware == _FIXED_SLEEP_HARDWARE:
        yield SLEEP_IS_FIXED


def _is_same(old: SpaceSetting, new: NewSetting) -> bool:
    return old.value == new.value and new.description in {None, old.description}


async def _make_all(steps: Sequence[_Step], progress: Progress) -> SpaceRuntime | None:
    runtime = None
    for number, step in enumerate(steps):
        try:
            runtime = await step.make() or runtime
        except HubError as error:
            if len(steps) > 1:
                done, left = ([some.name for some in part] for part in (steps[:number], steps[number:]))
                told = f"; changed before that: {', '.join(done) or 'nothing'}; not changed: {', '.join(left)}"
                error.args = (f"{error}{told}",)
            raise
        progress(step.name)
    return runtime
