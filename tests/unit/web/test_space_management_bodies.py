"""Bodies and env files that change a Space: each is a change or bad input, and nothing of it is shown."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.errors import InvalidInput
from pipeline.domain.space import SettingKind, SpaceSettings, Volume
from pipeline.domain.space_rules import hardware_problem, sleep_problem
from pipeline.shapes.env_file import parse_env_file
from pipeline.shapes.space_changes import (
    Body,
    ChangesBody,
    DevModeBody,
    DuplicateBody,
    HardwareBody,
    SettingBody,
    SleepTimeBody,
    VisibilityBody,
    VolumesBody,
    described,
    parse_body,
    parse_settings,
)
from tests.cases import cases

CANARY = "canary-7f3a"
MODELS = (
    ChangesBody,
    DevModeBody,
    DuplicateBody,
    HardwareBody,
    SettingBody,
    SleepTimeBody,
    VisibilityBody,
    VolumesBody,
)
FIELDS = sorted({name for model in MODELS for name in model.model_fields} | {"storage", CANARY})

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(CANARY)
anything = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.just(CANARY) | st.text(), inside, max_size=3),
    max_leaves=6,
)


def refusal(parse: Callable[[bytes], object], document: dict[str, Any]) -> str:
    """What is told of the document, or nothing when it is taken."""
    try:
        parse(json.dumps(document).encode())
    except InvalidInput as error:
        return str(error) or "a refusal without a word"
    return ""


@given(st.sampled_from(MODELS), st.dictionaries(st.sampled_from(FIELDS), anything))
@example(ChangesBody, {"secrets": {CANARY: {CANARY: CANARY}}})
@example(VolumesBody, {"volumes": [{CANARY: CANARY}]})
@example(HardwareBody, {CANARY: 1})
def test_whatever_is_sent_is_read_or_refused_without_being_shown(model: type[Body], document: dict[str, Any]) -> None:
    assert CANARY not in refusal(partial(parse_body, model), document)


@given(st.dictionaries(st.just(CANARY) | st.text(), anything))
def test_whatever_is_sent_as_settings_is_read_or_refused_without_being_shown(document: dict[str, Any]) -> None:
    assert CANARY not in refusal(partial(parse_settings, SettingKind.SECRETS), document)


def test_all_fields_reach_the_change() -> None:
    volume = {
        "type": "dataset",
        "source": "a/b",
        "mount_path": "/data",
        "revision": "r",
        "read_only": True,
        "path": "p",
    }
    document = {
        "secrets": {"KEY": "1"},
        "variables": {"LEVEL": {"value": "2", "description": "words"}},
        "volumes": [volume],
        "hardware": "t4-small",
        "sleep_time": -1,
        "visibility": "protected",
    }
    assert parse_body(ChangesBody, json.dumps(document).encode()).to_settings() == SpaceSettings(
        secrets={"KEY": "1"},
        variables={"LEVEL": "2"},
        descriptions={"LEVEL": "words"},
        volumes=(Volume("dataset", "a/b", "/data", "r", read_only=True, path="p"),),
        hardware="t4-small",
        sleep_seconds=-1,
        visibility="protected",
    )


def test_nothing_at_all_counts_as_an_empty_object() -> None:
    assert parse_body(DuplicateBody, b" \n").to_id is None
    with pytest.raises(InvalidInput, match="hardware: is required"):
        parse_body(HardwareBody, b"")


def test_values_of_secrets_are_in_no_repr() -> None:
    assert CANARY not in repr(SpaceSettings(secrets={"KEY": CANARY}))
    assert CANARY not in repr(parse_body(DuplicateBody, json.dumps({"secrets": {"K": CANARY}}).encode()).to_settings())


@given(st.integers())
def test_a_sleep_time_is_positive_or_never(seconds: int) -> None:
    is_good = seconds == -1 or 0 < seconds < 2**31
    assert (sleep_problem(seconds) is None) == is_good


@pytest.mark.parametrize("word", ["cpu-basic", "l40sx4", "zero-a10g", "rtx-pro-6000x8", "quantum-x9"])
def test_words_of_the_hub_pass_as_hardware(word: str) -> None:
    assert hardware_problem(word) is None


@pytest.mark.parametrize("word", ["", "x", "-x", "T4", "a b", "a/b", "a\n", "x" * 50, "ä-b"])
def test_what_cannot_be_a_word_of_the_hub_is_no_hardware(word: str) -> None:
    assert hardware_problem(word) is not None


@pytest.mark.parametrize("model", MODELS)
def test_every_body_is_described_without_references(model: type[Body]) -> None:
    schema = described(model, {})["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in json.dumps(schema["properties"])


CASES = cases("env-files")


names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,10}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\\'\r\0", exclude_categories=["Cs"]))


def problems_of(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_env_file(text, "--env-file")
    assert {problem.field for problem in caught.value.problems} == {"--env-file"}
    return [problem.problem for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "expected"), CASES["files"])
def test_lines_are_read_as_shells_and_containers_have_them(text: str, expected: dict[str, str]) -> None:
    assert parse_env_file(text, "body") == expected


@pytest.mark.parametrize(("text", "line"), CASES["no-settings"])
def test_what_is_no_setting_is_told_by_its_line_and_never_shown(text: str, line: int) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(f"line {line} ")
    assert CANARY not in problem


def test_every_bad_line_is_told() -> None:
    assert [problem.split()[1] for problem in problems_of("x y\nA=1\nB\nA=2")] == ["1", "3", "4"]


@given(st.dictionaries(names, values))
@example({"A": 'a "quoted" # word\nand another line'})
def test_single_quotes_keep_every_value_as_it_is(settings: dict[str, str]) -> None:
    text = "".join(f"{key}='{value}'\n" for key, value in settings.items())
    assert parse_env_file(text, "body") == settings


@given(st.text())
@example("A=\ud800")
@example("'")
def test_any_text_is_either_settings_or_bad_input(text: str) -> None:
    settings: dict[str, str] = {}
    with suppress(InvalidInput):
        settings = parse_env_file(text, "body")
    assert all(isinstance(value, str) for value in settings.values())
