"""POST /spaces/provision and /spaces/wake: what is read from a request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import InvalidInput
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate
from pipeline.shapes.provision import ids_from, provision_from
from tests.builders import make_wanted
from tests.cases import cases

CASES = cases("create-space")

VALUE = "a-value-nobody-may-see"
FULL = {
    "name": "team-a",
    "secrets": {"KEY": VALUE},
    "variables": {"TEAM": "a"},
    "hardware": "t4-small",
    "sleep_time": 60,
    "private": True,
}


def refused(document: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        provision_from(document)
    assert VALUE not in str(error.value)
    return [problem.field for problem in error.value.problems]


def test_all_fields_of_an_order_are_read() -> None:
    order, is_dry_run = provision_from(
        {"template": "org/t", "spaces": [FULL, {"name": "b"}], "dry_run": True, "replace_secrets": True, "more": 1}
    )
    assert order.template == "org/t"
    assert order.spaces == (
        make_wanted("team-a", {"KEY": VALUE}, {"TEAM": "a"}, hardware="t4-small", sleep_seconds=60, private=True),
        make_wanted("b"),
    )
    assert order.replace_secrets
    assert is_dry_run


def test_null_is_as_good_as_nothing() -> None:
    order, is_dry_run = provision_from({"template": "org/t", "spaces": [{"name": "b"}], "dry_run": None})
    assert not is_dry_run
    assert not order.replace_secrets


def test_a_template_may_be_an_app_as_create_space_takes_it() -> None:
    template = {"space_type": "docker", "files": {"a.py": "x", "b.bin": {"base64": "AAE="}}, "parameters": {"n": 1}}
    order, _ = provision_from({"template": template, "spaces": [{"name": "b"}]})
    assert isinstance(order.template, AppTemplate)
    assert dict(order.template.files) == {"a.py": b"x", "b.bin": b"\0\1"}
    assert (order.template.kind, order.template.parameters) == (SpaceSdk.DOCKER, {"n": 1})


def test_a_template_that_is_given_beside_the_document_wins() -> None:
    assert provision_from({"spaces": [{"name": "b"}]}, "org/other")[0].template == "org/other"
    assert provision_from({"template": "org/t", "spaces": []}, "org/other")[0].template == "org/other"


@pytest.mark.parametrize(
    ("document", "expected"),
    [*CASES["provision-shapes"], ({"template": "org/t", "spaces": [{"name": "a"}] * 201}, ["spaces"])],
)
def test_fields_of_the_wrong_shape_are_named_without_what_stands_in_them(
    document: dict[str, Any], expected: list[str]
) -> None:
    assert refused(document) == expected


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(VALUE),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text() | st.just(VALUE), inside, max_size=3),
    max_leaves=6,
)
spaces = st.lists(st.dictionaries(st.sampled_from(sorted(FULL)), values, max_size=4) | values, max_size=3)


@given(st.fixed_dictionaries({}, optional={"template": values, "spaces": spaces | values, "dry_run": values}))
def test_any_document_is_read_or_refused_without_what_stands_in_it(document: dict[str, Any]) -> None:
    try:
        told = ""
        provision_from(document)
    except InvalidInput as error:
        told = str(error)
    assert VALUE not in told


def test_ids_to_wake_are_read() -> None:
    assert ids_from({"ids": ["a/b", "c/d"]}) == ["a/b", "c/d"]
    for wrong in ({}, {"ids": "a/b"}, {"ids": [1]}, {"ids": ["a/b"] * 201}):
        with pytest.raises(InvalidInput):
            ids_from(wrong)
