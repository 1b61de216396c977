"""The requests of POST /create-space, /spaces/provision and /spaces/wake, from raw bytes to what is asked for."""

import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import InvalidInput, Unreadable
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate, NewSpace, SpaceSettings
from pipeline.shapes.new_space import INVALID_JSON, INVALID_KIND, NO_DATA, NO_FILES, parse_new_space
from pipeline.shapes.provision import ids_from, provision_from
from tests.builders import make_wanted
from tests.cases import cases

CASES = cases("create-space")
FILES = {"index.html": "<h1>x</h1>"}


def parse(**fields: Any) -> NewSpace:
    return parse_new_space(json.dumps({"space_type": "static", "files": FILES, **fields}).encode())


def refusal(raw: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        parse_new_space(raw)
    return str(refused.value)


def problems(**fields: Any) -> list[tuple[str, str]]:
    return problems_of(json.dumps({"space_type": "static", "files": FILES, **fields}).encode())


def problems_of(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refused:
        parse_new_space(raw)
    return [(problem.field, problem.problem) for problem in refused.value.problems]


def test_the_known_texts_are_the_known_texts() -> None:
    assert INVALID_JSON == "Invalid JSON format"
    assert NO_DATA == "No JSON data provided"
    assert NO_FILES == "No files provided in JSON"
    assert INVALID_KIND == "Invalid space_type. Must be one of ['gradio', 'static', 'docker', 'streamlit']"


@pytest.mark.parametrize("raw", [b"", b"  \n", b"{}", b"{ }", b"null", b"[]", b'""', b"0", b"false"])
def test_a_request_without_data_is_told_so(raw: bytes) -> None:
    assert refusal(raw) == NO_DATA


@pytest.mark.parametrize("raw", [*map(str.encode, CASES["no-objects"]), b"\xff\xfe{}", b"{" * 1000, b"9" * 10_000])
def test_what_is_no_json_object_is_told_so(raw: bytes) -> None:
    assert refusal(raw) == INVALID_JSON


@pytest.mark.parametrize("kind", ["invalid", "", "Static", 1, True, ["static"], {"static": 1}, 1.5])
def test_the_kind_is_judged_before_the_files(kind: object) -> None:
    assert refusal(json.dumps({"space_type": kind, "files": {}}).encode()) == INVALID_KIND


@pytest.mark.parametrize("files", [{}, [], None, "", 0])
def test_a_request_without_files_is_told_so(files: object) -> None:
    assert refusal(json.dumps({"space_type": "static", "files": files}).encode()) == NO_FILES
    assert refusal(b'{"space_type": "static"}') == NO_FILES


def test_everything_that_is_sent_is_read() -> None:
    new = parse(
        space_type="gradio",
        files={"app.py": "é", "sub/logo.png": {"base64": b64encode(bytes(range(256))).decode()}},
        parameters={"a": [None, True, 10**30, 1.5, "é"]},
        name="ada/sales",
        private=True,
        secrets={"A": "b"},
        variables={"C": "d"},
        hardware="cpu-basic",
        sleep_time=-1,
        unknown="field",
    )
    assert dict(new.app.files) == {"app.py": "é".encode(), "sub/logo.png": bytes(range(256))}
    assert new == NewSpace(
        AppTemplate(new.app.files, SpaceSdk.GRADIO, {"a": [None, True, 10**30, 1.5, "é"]}),
        "ada/sales",
        SpaceSettings({"A": "b"}, {"C": "d"}, hardware="cpu-basic", sleep_seconds=-1, visibility="private"),
    )


def test_what_is_left_out_or_null_has_its_default() -> None:
    new = parse_new_space(b'{"files": {"app.py": "x"}, "space_type": null, "name": null, "secrets": null}')
    assert new == NewSpace(AppTemplate(new.app.files, SpaceSdk.GRADIO, {}), settings=SpaceSettings(visibility="public"))


@pytest.mark.parametrize(
    ("field", "value"), [*CASES["types"], ("name", "x" * 97), ("variables", {"K": None}), ("hardware", "x" * 101)]
)
def test_a_field_of_another_type_is_refused_by_its_name(field: str, value: object) -> None:
    assert [name for name, _ in problems(**{field: value})] == [field]


@pytest.mark.parametrize("content", [*CASES["contents"], None])
def test_a_file_is_text_or_base64(content: object) -> None:
    ((field, problem),) = problems(files={"app.py": content})
    assert field == "files"
    assert problem.startswith("app.py: ")


@pytest.mark.parametrize("path", [*CASES["paths"], "a" * 300])
def test_a_path_that_is_not_safe_is_refused_and_not_repeated(path: str) -> None:
    for content in ("x", 1):
        ((field, problem),) = problems(files={path: content})
        assert field == "files"
        assert not path or path not in problem


@pytest.mark.parametrize("paths", [("a", "A"), ("a", "a/b")])
def test_paths_that_cannot_live_side_by_side_are_refused(paths: tuple[str, str]) -> None:
    assert [field for field, _ in problems(files=dict.fromkeys(paths, "x"))] == ["files"]


@pytest.mark.parametrize("text", CASES["twice"])
def test_two_fields_of_one_name_are_refused(text: str) -> None:
    assert problems_of(text.encode()) == [("body", "has an object with two fields of one name")]


def test_no_value_and_no_name_of_the_callers_is_repeated() -> None:
    fields = {"secrets": {"canary": 1}, "variables": {"canary": ["canary"]}, "name": ["canary"], "sleep_time": "canary"}
    told = problems(**fields)
    assert sorted(field for field, _ in told) == ["name", "secrets", "sleep_time", "variables"]
    assert "canary" not in str(told)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["space_type", "files", "parameters", "name", "private", "secrets", "sleep_time"])


@given(st.dictionaries(names, json_values) | json_values, st.booleans())
def test_every_document_is_read_or_refused(document: Any, with_files: bool) -> None:
    if with_files and isinstance(document, dict):
        document = {**document, "space_type": "static", "files": FILES}
    with suppress(InvalidInput, Unreadable):
        assert parse_new_space(json.dumps(document).encode()).app.files


@given(st.binary(max_size=40))
def test_every_sequence_of_bytes_is_read_or_refused(raw: bytes) -> None:
    try:
        parse_new_space(raw)
    except (InvalidInput, Unreadable):
        pass
    else:
        pytest.fail("40 bytes cannot hold a whole request")


VALUE = "a-value-nobody-may-see"
FULL = {
    "name": "team-a",
    "secrets": {"KEY": VALUE},
    "variables": {"TEAM": "a"},
    "hardware": "t4-small",
    "sleep_time": 60,
    "private": True,
}


def fields_refused(document: dict[str, Any]) -> list[str]:
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
    assert fields_refused(document) == expected


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
