import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.brief import Attachment, Brief, Check, Wishes
from pipeline.domain.errors import InvalidInput, Misconfigured
from pipeline.domain.publication import SpaceSdk, Target
from pipeline.settings import Settings
from pipeline.shapes.deploy_request import RequestRules, brief_from
from pipeline.shapes.json_object import read_object
from pipeline.shapes.problems import field_at, problems_in_words
from tests.cases import cases

CASES = cases("requests")
CANARY = "canary-7f3a"
WHOLE = "must be a whole number, without quotes and without a fraction"
OPTIONAL = ["checks", "attachments", "evaluation_url", "target", "space_type", "model", "max_usd", "deadline_seconds"]
SETTINGS = Settings(max_attachments=3, max_attachment_bytes=100, evaluation_allowed_origins=("http://127.0.0.1:9000",))
CSV = "data:text/csv;base64," + base64.b64encode(b"a,b\n1,2\n").decode()


def request(**fields: Any) -> dict[str, Any]:
    required = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
    return {**required, **fields}


def read(raw: bytes, settings: Settings = SETTINGS) -> Brief:
    return brief_from(read_object(raw), RequestRules.from_settings(settings))


def parse(document: Any) -> Brief:
    return read(json.dumps(document).encode())


def problems_of(raw: bytes | dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    return {problem.field: problem.problem for problem in caught.value.problems}


def test_a_request_with_all_fields_becomes_a_brief() -> None:
    brief = parse(
        request(
            checks=["The page has a title", "js: !!document.title", {"js": "1 === 1"}],
            evaluation_url="http://127.0.0.1:9000/notify",
            attachments=[{"name": "data.csv", "url": CSV}],
            target="hf-space",
            space_type="static",
            model="a/b",
            max_usd=1,
            deadline_seconds=90,
        )
    )
    assert brief == Brief(
        email="ada@example.com",
        task="sales",
        round=1,
        nonce="n1",
        text="Show the sales.",
        checks=(
            Check("The page has a title"),
            Check("js: !!document.title", "!!document.title"),
            Check("js: 1 === 1", "1 === 1"),
        ),
        attachments=(Attachment("data.csv", "text/csv", b"a,b\n1,2\n"),),
        evaluation_url="http://127.0.0.1:9000/notify",
        target=Target.HF_SPACE,
        space_type=SpaceSdk.STATIC,
        wishes=Wishes("a/b", 1.0, 90),
    )


def test_null_in_an_optional_field_is_as_good_as_leaving_it_out() -> None:
    optional = dict.fromkeys(OPTIONAL)
    assert parse(request(**optional)) == parse(request())


def test_an_empty_evaluation_url_means_that_nobody_is_notified() -> None:
    assert parse(request(evaluation_url="")).evaluation_url is None


def test_fields_that_nobody_knows_are_ignored() -> None:
    assert parse(request(signature="x", attempt=3, secret="s")) == parse(request())


def test_attachment_names_are_kept_in_composed_form() -> None:
    brief = parse(request(attachments=[{"name": "cafe\u0301.csv", "url": CSV}]))
    assert brief.attachments[0].name == "caf\u00e9.csv"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        *((text.encode(), words) for text, words in CASES["bodies"]),
        (b'{"email": "\xff\xfe"}', "is not valid JSON"),
        ('{"email": "a"}'.encode("utf-16"), "is not valid JSON"),
        (b'{"round": ' + b"9" * 5000 + b"}", "is not valid JSON"),
        (b'{"checks": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "is not valid JSON"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_as_a_whole(raw: bytes, words: str) -> None:
    problems = problems_of(raw)
    assert list(problems) == ["body"]
    assert words in problems["body"]


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        *CASES["fields"],
        ({"email": None}, "email", "is required"),
        ({"task": CANARY * 10}, "task", "is longer than 100 characters"),
        ({"round": 10**400}, "round", "must be at most 1000000"),
        ({"brief": "x" * 50_001}, "brief", "is longer than 50000 characters"),
        ({"checks": ["x"] * 201}, "checks", "has more than 200 items"),
        ({"checks": [1] * 100_000}, "checks", "has more than 200 items"),
        ({"attachments": [{"name": "a", "url": None}]}, "attachments[0].url", "must be a string"),
        ({"attachments": [{"name": "a", "url": CSV}] * 4}, "attachments", "has more than 3 items"),
        ({"attachments": [1] * 100_000}, "attachments", "has more than 1000 items"),
        ({"model": CANARY * 20}, "model", "is longer than 200 characters"),
        ({"model": 7}, "model", "must be a string"),
        ({"max_usd": CANARY}, "max_usd", "must be a number, without quotes"),
        ({"max_usd": True}, "max_usd", "must be a number, without quotes"),
        ({"max_usd": 0}, "max_usd", "must be more than 0.0"),
        ({"deadline_seconds": "90"}, "deadline_seconds", WHOLE),
        ({"deadline_seconds": 1.5}, "deadline_seconds", WHOLE),
        ({"deadline_seconds": 0}, "deadline_seconds", "must be at least 1"),
    ],
)
def test_a_broken_rule_is_told_in_words_with_its_place_and_without_the_value(
    fields: dict[str, Any], field: str, problem: str
) -> None:
    assert problems_of(request(**fields)) == {field: problem}


@pytest.mark.parametrize("name", CASES["names"])
def test_hostile_attachment_names_are_refused(name: str) -> None:
    assert list(problems_of(request(attachments=[{"name": name, "url": CSV}]))) == ["attachments[0].name"]


@pytest.mark.parametrize("url", [*CASES["data-uris"], "data:," + "x" * 101])
def test_broken_data_uris_are_refused(url: str) -> None:
    assert list(problems_of(request(attachments=[{"name": "a", "url": url}]))) == ["attachments[0].url"]


@pytest.mark.parametrize("url", CASES["evaluation-urls"])
def test_evaluation_addresses_inside_a_network_are_refused(url: str) -> None:
    assert list(problems_of(request(evaluation_url=url))) == ["evaluation_url"]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = {
        "email": "nobody",
        "round": True,
        "nonce": None,
        "brief": "",
        "checks": ["fine", 7, " "],
        "evaluation_url": "http://10.0.0.1/",
        "attachments": [{"name": "../x"}, {"name": "../y", "url": "nothing"}, 5],
        "target": "moon",
    }
    assert set(problems_of(request(**wrong))) == {
        *("email", "round", "nonce", "brief", "checks[1]", "checks[2]", "evaluation_url", "target"),
        *(f"attachments[{place}" for place in ("0].name", "0].url", "1].name", "1].url", "2]")),
    }


def test_names_that_differ_in_case_alone_collide() -> None:
    problems = problems_of(request(attachments=[{"name": "a.csv", "url": CSV}, {"name": "A.csv", "url": CSV}]))
    assert list(problems) == ["attachments[1].name"]


def test_an_origin_that_is_none_is_the_operators_mistake() -> None:
    with pytest.raises(Misconfigured, match="EVALUATION_ALLOWED_ORIGINS"):
        read(json.dumps(request()).encode(), Settings(evaluation_allowed_origins=("nonsense",)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=8,
)
field_names = st.sampled_from([*request(), *OPTIONAL])


@given(st.dictionaries(field_names, json_values, max_size=5))
def test_whatever_stands_in_a_field_ends_in_a_brief_or_in_words_about_known_fields(fields: dict[str, Any]) -> None:
    try:
        brief = parse(request(**fields))
    except InvalidInput as error:
        problems = error.problems
    else:
        assert brief.round == {**request(), **fields}["round"]
        return
    assert problems
    known = (*request(), *OPTIONAL)
    assert all(problem.field.startswith(known) for problem in problems)


@pytest.mark.parametrize(("location", "field"), CASES["places"])
def test_a_location_reads_as_the_caller_would_write_it(location: tuple[int | str, ...], field: str) -> None:
    assert field_at(location) == field


def test_an_error_without_words_of_its_own_is_told_without_the_librarys_text() -> None:
    (problem,) = problems_in_words([{"type": "url_parsing", "loc": ("x",), "msg": "canary is no URL", "ctx": {}}])
    assert problem.problem == "is not valid"
