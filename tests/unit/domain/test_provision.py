"""What an order may say."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.provision import MAX_SECRETS, MAX_SPACES, ProvisionOrder, order_problems
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate, SettingKind, SpaceSettings
from pipeline.domain.space_rules import misfits
from tests.builders import make_files, make_wanted
from tests.cases import cases

CASES = cases("orders")
VALUE = "a-value-nobody-may-see"
ORDER = ProvisionOrder("org/template", (make_wanted("team-a"), make_wanted("org/team-b")))


def fields_of(order: ProvisionOrder) -> list[str]:
    problems = [*order_problems(order)]
    assert all(VALUE not in problem.problem for problem in problems)
    return [problem.field for problem in problems]


def of_one(**fields: Any) -> ProvisionOrder:
    return replace(ORDER, spaces=(make_wanted(**{"name": "team-a", **fields}),))


def test_a_sound_order_has_no_problem() -> None:
    assert fields_of(ORDER) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        *CASES["broken"],
        ({"secrets": {"KEY": VALUE * 2000}}, "spaces[0].secrets"),
        ({"variables": {f"K{n}": "v" for n in range(101)}}, "spaces[0].variables"),
    ],
)
def test_every_broken_rule_is_named_by_its_field_and_never_by_its_value(
    fields: dict[str, object], expected: str
) -> None:
    assert fields_of(of_one(**fields)) == [expected]


def test_two_spaces_of_one_name_are_refused_whatever_their_case() -> None:
    order = replace(ORDER, spaces=(make_wanted("Team-A"), make_wanted("other"), make_wanted("team-a")))
    assert fields_of(order) == ["spaces[2].name"]


def test_an_order_has_spaces_but_not_too_many() -> None:
    assert fields_of(replace(ORDER, spaces=())) == ["spaces"]
    many = tuple(make_wanted(f"team-{number}") for number in range(MAX_SPACES + 1))
    assert fields_of(replace(ORDER, spaces=many)) == ["spaces"]
    assert fields_of(replace(ORDER, spaces=many[:-1])) == []


def test_there_is_a_limit_to_the_secrets_of_all_spaces_together() -> None:
    secrets = {f"K{number}": VALUE for number in range(100)}
    spaces = tuple(make_wanted(f"team-{number}", secrets) for number in range(MAX_SECRETS // 100 + 1))
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
        make_wanted("a", {"KEY": VALUE}),
        make_wanted("b", {"KEY": "another-value"}),
        make_wanted("c", {"K": VALUE}),
    )
    assert fields_of(ProvisionOrder(template, spaces)) == ["spaces[0].secrets", "spaces[2].secrets"]


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (SpaceSettings(secrets={"KEY": VALUE}), ["secrets"]),
        (SpaceSettings(hardware="t4-small"), ["hardware"]),
        (SpaceSettings(sleep_seconds=60), ["sleep_time"]),
        (SpaceSettings(variables={"KEY": "v"}), []),
    ],
)
def test_secrets_and_settings_of_a_machine_do_not_fit_a_static_space(
    settings: SpaceSettings, fields: list[str]
) -> None:
    assert [problem.field for problem in misfits(settings, "static")] == fields
    assert [*misfits(settings, "gradio")] == []
    assert [*misfits(settings, None)] == []


@pytest.mark.parametrize("kind", SettingKind)
def test_a_name_cannot_be_a_secret_and_a_variable_of_a_space(kind: SettingKind) -> None:
    (other,) = {*SettingKind} - {kind}
    settings = SpaceSettings.of(kind, {"KEY": VALUE})
    assert [problem.field for problem in misfits(settings, "gradio", {other: ["KEY"]})] == [kind]
    assert [*misfits(settings, "gradio", {kind: ["KEY"], other: ["KEY2"]})] == []
