"""What an order may say, and what an existing Space lacks of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.provision import (
    AppTemplate,
    ProvisionOrder,
    WantedSpace,
    differences,
    misfit,
)
from pipeline.domain.provision_rules import MAX_SECRETS, MAX_SPACES, order_problems
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import Space, SpaceRuntime, SpaceSetting
from tests.builders import make_files

VALUE = "a-value-nobody-may-see"
ORDER = ProvisionOrder("org/template", (WantedSpace("team-a"), WantedSpace("org/team-b")))


def fields_of(order: ProvisionOrder) -> list[str]:
    problems = [*order_problems(order)]
    assert all(VALUE not in problem.problem for problem in problems)
    return [problem.field for problem in problems]


def of_one(**fields: object) -> ProvisionOrder:
    return replace(ORDER, spaces=(WantedSpace(**{"name": "team-a", **fields}),))  # type: ignore[arg-type]  # by name


def test_a_sound_order_has_no_problem() -> None:
    assert fields_of(ORDER) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "two words"}, "spaces[0].name"),
        ({"name": "a--b"}, "spaces[0].name"),
        ({"name": "a/b/c"}, "spaces[0].name"),
        ({"name": ""}, "spaces[0].name"),
        ({"secrets": {"MY-KEY": VALUE}}, "spaces[0].secrets"),
        ({"secrets": {"KEY": VALUE * 2000}}, "spaces[0].secrets"),
        ({"variables": {"1KEY": VALUE}}, "spaces[0].variables"),
        ({"variables": {"KEY": VALUE + "\0"}}, "spaces[0].variables"),
        ({"variables": {f"K{n}": "v" for n in range(101)}}, "spaces[0].variables"),
        ({"secrets": {"KEY": VALUE}, "variables": {"KEY": VALUE}}, "spaces[0].secrets"),
        ({"hardware": "A100; rm"}, "spaces[0].hardware"),
        ({"sleep_seconds": 0}, "spaces[0].sleep_time"),
        ({"sleep_seconds": -2}, "spaces[0].sleep_time"),
    ],
)
def test_every_broken_rule_is_named_by_its_field_and_never_by_its_value(
    fields: dict[str, object], expected: str
) -> None:
    assert fields_of(of_one(**fields)) == [expected]


def test_two_spaces_of_one_name_are_refused_whatever_their_case() -> None:
    order = replace(ORDER, spaces=(WantedSpace("Team-A"), WantedSpace("other"), WantedSpace("team-a")))
    assert fields_of(order) == ["spaces[2].name"]


def test_an_order_has_spaces_but_not_too_many() -> None:
    assert fields_of(replace(ORDER, spaces=())) == ["spaces"]
    many = tuple(WantedSpace(f"team-{number}") for number in range(MAX_SPACES + 1))
    assert fields_of(replace(ORDER, spaces=many)) == ["spaces"]
    assert fields_of(replace(ORDER, spaces=many[:-1])) == []


def test_there_is_a_limit_to_the_secrets_of_all_spaces_together() -> None:
    secrets = {f"K{number}": VALUE for number in range(100)}
    spaces = tuple(WantedSpace(f"team-{number}", secrets) for number in range(MAX_SECRETS // 100 + 1))
    assert fields_of(replace(ORDER, spaces=spaces)) == ["spaces"]
    assert fields_of(replace(ORDER, spaces=spaces[:-1])) == []


def test_a_template_is_the_id_of_a_space_or_files() -> None:
    assert fields_of(replace(ORDER, template="template")) == ["template"]
    assert fields_of(replace(ORDER, template=AppTemplate(make_files({}), SpaceSdk.STATIC))) == ["template.files"]
    large = make_files({"app.py": b"x" * (11 * 1024 * 1024)})
    assert fields_of(replace(ORDER, template=AppTemplate(large, SpaceSdk.GRADIO))) == ["template.files"]


def test_a_secret_that_stands_in_the_template_is_refused_for_each_space_that_has_it() -> None:
    template = AppTemplate(make_files({"app.py": f"key = '{VALUE}'"}), SpaceSdk.GRADIO)
    spaces = (
        WantedSpace("a", {"KEY": VALUE}),
        WantedSpace("b", {"KEY": "another-value"}),
        WantedSpace("c", {"K": VALUE}),
    )
    assert fields_of(ProvisionOrder(template, spaces)) == ["spaces[0].secrets", "spaces[2].secrets"]


def test_secrets_and_settings_of_a_machine_do_not_fit_a_static_space() -> None:
    assert misfit(WantedSpace("a", secrets={"KEY": VALUE}), "static")
    assert misfit(WantedSpace("a", hardware="t4-small"), "static")
    assert misfit(WantedSpace("a", sleep_seconds=60), "static")
    assert misfit(WantedSpace("a", variables={"KEY": "v"}), "static") is None
    assert misfit(WantedSpace("a", secrets={"KEY": VALUE}), "gradio") is None


def test_a_name_cannot_be_a_secret_and_a_variable_of_a_space() -> None:
    there = (SpaceSetting("KEY", "v"),)
    assert misfit(WantedSpace("a", secrets={"KEY": VALUE}), "gradio", variables=there)
    assert misfit(WantedSpace("a", variables={"KEY": "v"}), "gradio", secrets=(SpaceSetting("KEY"),))
    assert misfit(WantedSpace("a", variables={"KEY": "w"}), "gradio", variables=there) is None


def test_secrets_that_are_there_stay_unless_they_are_to_be_replaced() -> None:
    wanted = WantedSpace("a", secrets={"OLD": VALUE, "NEW": VALUE})
    space, known = Space("org/a", "https://hub/a"), (SpaceSetting("OLD"),)
    found = differences(wanted, space, (), known, replace_secrets=False)
    assert (dict(found.secrets), found.left_secrets) == ({"NEW": VALUE}, 1)
    assert found.words == ("secret NEW",)
    found = differences(wanted, space, (), known, replace_secrets=True)
    assert (dict(found.secrets), found.left_secrets) == ({"OLD": VALUE, "NEW": VALUE}, 0)


def test_only_what_restarts_a_space_says_so() -> None:
    space = Space("org/a", "https://hub/a", runtime=SpaceRuntime("RUNNING", requested_hardware="cpu-basic"))

    def restarts(**fields: object) -> bool:
        wanted = of_one(**fields).spaces[0]
        return differences(wanted, space, (), (), replace_secrets=False).restarts

    assert restarts(secrets={"KEY": VALUE})
    assert restarts(variables={"KEY": "v"})
    assert restarts(hardware="t4-small")
    assert not restarts(hardware="cpu-basic")
    assert not restarts(sleep_seconds=60, private=True)


keys = st.sampled_from(["A", "B", "C"])
maps = st.dictionaries(keys, st.text(max_size=3), max_size=3)
visibilities = st.sampled_from(["public", "private", "protected"])
wanted_spaces = st.builds(
    WantedSpace,
    name=st.just("a"),
    secrets=maps,
    variables=maps,
    hardware=st.sampled_from([None, "cpu-basic", "t4-small"]),
    sleep_seconds=st.sampled_from([None, -1, 60, 3600]),
    private=st.sampled_from([None, True, False]),
)


runtimes = st.builds(
    SpaceRuntime,
    stage=st.just("RUNNING"),
    requested_hardware=st.sampled_from([None, "cpu-basic"]),
    sleep_seconds=st.sampled_from([None, -1, 60]),
)


@given(wanted_spaces, maps, maps, visibilities, runtimes)
def test_a_space_in_which_all_differences_were_set_has_none_left_and_lost_nothing(
    wanted: WantedSpace,
    variables: dict[str, str],
    secrets: dict[str, str],
    visibility: str,
    runtime: SpaceRuntime,
) -> None:
    space = Space("org/a", "https://hub/a", visibility=visibility, runtime=runtime)

    def needed() -> tuple[SpaceSetting, ...]:
        return tuple(SpaceSetting(key, value) for key, value in variables.items())

    first = differences(wanted, space, needed(), tuple(map(SpaceSetting, secrets)), replace_secrets=False)
    variables, secrets = {**variables, **first.variables}, {**secrets, **first.secrets}
    if first.private is not None:
        space = replace(space, visibility="private" if first.private else "public")
    runtime = replace(
        runtime,
        requested_hardware=first.hardware or runtime.requested_hardware,
        sleep_seconds=first.sleep_seconds or runtime.sleep_seconds,
    )
    space = replace(space, runtime=runtime)
    again = differences(wanted, space, needed(), tuple(map(SpaceSetting, secrets)), replace_secrets=False)

    assert again.words == ()
    assert not again.restarts
    assert wanted.variables.items() <= variables.items()
    assert wanted.secrets.keys() <= secrets.keys()
