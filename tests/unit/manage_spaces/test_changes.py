"""What an existing Space lacks of what is wanted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.space import SettingKind, Space, SpaceRuntime, SpaceSetting, SpaceSettings, Volume
from pipeline.manage_spaces.changes import Differences, find_differences
from pipeline.ports import SpaceHost

VALUE = "a-value-nobody-may-see"


class MemoryHost:
    """One Space that is changed as asked."""

    def __init__(self, space: Space, present: dict[SettingKind, dict[str, str]] | None = None) -> None:
        self.space = space
        self.present = present or {kind: {} for kind in SettingKind}

    async def settings(self, _: str, kind: SettingKind) -> tuple[SpaceSetting, ...]:
        is_shown = kind is SettingKind.VARIABLES
        return tuple(SpaceSetting(key, value if is_shown else None) for key, value in self.present[kind].items())

    async def set_setting(self, _: str, kind: SettingKind, key: str, value: str, __: str | None = None) -> None:
        self.present[kind][key] = value

    async def set_volumes(self, _: str, volumes: Sequence[Volume]) -> None:
        self._run(volumes=tuple(volumes))

    async def set_hardware(self, _: str, hardware: str, sleep_seconds: int | None = None) -> None:
        self._run(requested_hardware=hardware)
        if sleep_seconds is not None:
            self._run(sleep_seconds=sleep_seconds)

    async def set_sleep_time(self, _: str, seconds: int) -> None:
        self._run(sleep_seconds=seconds)

    async def set_dev_mode(self, _: str, *, enabled: bool) -> None:
        self._run(is_dev_mode=enabled)

    async def set_visibility(self, _: str, visibility: str) -> None:
        self.space = replace(self.space, visibility=visibility)

    def _run(self, **fields: Any) -> None:
        runtime = self.space.runtime or SpaceRuntime("RUNNING")
        self.space = replace(self.space, runtime=replace(runtime, **fields))


async def differences(host: MemoryHost, settings: SpaceSettings, *, keep_secrets: bool = True) -> Differences:
    return await find_differences(cast("SpaceHost", host), host.space, settings, keep_secrets=keep_secrets)


async def test_secrets_that_are_there_stay_unless_they_are_to_be_replaced() -> None:
    host = MemoryHost(Space("org/a", "https://hub/a"), {SettingKind.SECRETS: {"OLD": "1"}, SettingKind.VARIABLES: {}})
    wanted = SpaceSettings(secrets={"OLD": VALUE, "NEW": VALUE})
    found = await differences(host, wanted)
    assert (found.names, found.unchanged) == (("secret NEW",), ["secret OLD"])
    found = await differences(host, wanted, keep_secrets=False)
    assert (found.names, found.unchanged) == (("secret OLD", "secret NEW"), [])
    assert VALUE not in repr((found.names, found.unchanged))


async def test_only_what_restarts_a_space_says_so() -> None:
    host = MemoryHost(Space("org/a", "https://hub/a", runtime=SpaceRuntime("RUNNING", requested_hardware="cpu-basic")))

    async def restarts(**fields: Any) -> bool:
        return (await differences(host, SpaceSettings(**fields))).restarts

    assert await restarts(secrets={"KEY": VALUE})
    assert await restarts(variables={"KEY": "v"})
    assert await restarts(hardware="t4-small")
    assert not await restarts(hardware="cpu-basic")
    assert not await restarts(sleep_seconds=60, visibility="private")


keys = st.sampled_from(["A", "B", "C"])
maps = st.dictionaries(keys, st.text(max_size=3), max_size=3)
others = st.dictionaries(st.sampled_from(["D", "E", "F"]), st.text(max_size=3), max_size=3)
visibilities = st.sampled_from(["public", "private", "protected"])
wanted_settings = st.builds(
    SpaceSettings,
    secrets=maps,
    variables=others,
    descriptions=st.just({}),
    hardware=st.sampled_from([None, "cpu-basic", "t4-small"]),
    sleep_seconds=st.sampled_from([None, -1, 60, 3600]),
    volumes=st.none(),
    visibility=st.none() | visibilities,
    is_dev_mode=st.sampled_from([None, True, False]),
)
runtimes = st.builds(
    SpaceRuntime,
    stage=st.just("RUNNING"),
    requested_hardware=st.sampled_from([None, "cpu-basic"]),
    sleep_seconds=st.sampled_from([None, -1, 60]),
)


@given(wanted_settings, maps, others, visibilities, st.none() | runtimes)
async def test_a_space_in_which_all_differences_were_set_has_none_left_and_lost_nothing(
    wanted: SpaceSettings,
    secrets: dict[str, str],
    variables: dict[str, str],
    visibility: str,
    runtime: SpaceRuntime | None,
) -> None:
    space = Space("org/a", "https://hub/a", visibility=visibility, runtime=runtime)
    host = MemoryHost(space, {SettingKind.SECRETS: dict(secrets), SettingKind.VARIABLES: dict(variables)})
    made: list[str] = []
    first = await differences(host, wanted)
    await first.make(made.append)
    again = await differences(host, wanted)

    assert (again.names, again.restarts) == ((), False)
    assert made == [*first.names]
    assert variables.keys() | wanted.variables.keys() == host.present[SettingKind.VARIABLES].keys()
    assert wanted.variables.items() <= host.present[SettingKind.VARIABLES].items()
    assert secrets.items() <= host.present[SettingKind.SECRETS].items()
    assert wanted.secrets.keys() <= host.present[SettingKind.SECRETS].keys()
