"""Brief files and lists of Spaces: what may stand in them, and how their mistakes are told."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.cli.briefs import read_briefs, with_new_nonces
from pipeline.cli.spaces import provision_files
from pipeline.cli.spaces.provision_files import read_list, read_template, with_secrets
from pipeline.domain.brief import MAX_NONCE, Brief
from pipeline.domain.errors import InvalidInput
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate
from pipeline.settings import Settings
from pipeline.shapes.provision import provision_from
from tests.builders import make_brief
from tests.cases import cases

# Briefs


REPOSITORY = Path(__file__).parents[3]
REQUEST = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}


def write(folder: Path, document: object) -> str:
    path = folder / "brief.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return str(path)


def read(folder: Path, document: object, **options: Any) -> list[Brief]:
    return read_briefs(write(folder, document), Settings(), **options)


def revision(nonce: str) -> dict[str, Any]:
    return REQUEST | {"round": 2, "nonce": nonce}


def problem_fields(error: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [problem.field for problem in error.value.problems]


def test_a_single_request_is_one_brief_and_needs_no_secret(tmp_path: Path) -> None:
    (brief,) = read(tmp_path, REQUEST)
    assert (brief.task, brief.round, brief.text) == ("sales", 1, "Show the sales.")


def test_a_secret_in_the_file_changes_nothing(tmp_path: Path) -> None:
    with_secret = read(tmp_path, REQUEST | {"secret": "whatever"})
    assert with_secret == read(tmp_path, REQUEST)


def test_a_collection_gives_round_1_and_then_every_revision_in_order(tmp_path: Path) -> None:
    collection = {"id": "x", "round1": REQUEST, "round2": [{"request": revision("n2")}, revision("n3")], "notes": "…"}
    briefs = read(tmp_path, collection)
    assert [(brief.round, brief.nonce) for brief in briefs] == [(1, "n1"), (2, "n2"), (2, "n3")]


def test_one_round_of_a_collection_can_be_chosen(tmp_path: Path) -> None:
    source = write(tmp_path, {"round1": REQUEST, "round2": [revision("n2")]})
    assert [brief.nonce for brief in read_briefs(source, Settings(), only_round=2)] == ["n2"]


def test_a_round_that_the_file_does_not_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        read(tmp_path, REQUEST, only_round=3)
    assert problem_fields(error) == ["--round"]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(REQUEST).encode())))
    (brief,) = read_briefs("-", Settings())
    assert brief.task == "sales"


@pytest.mark.parametrize("source", ["missing.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_bad_input(source: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_briefs(source, Settings())
    assert problem_fields(error) == ["BRIEF"]


def test_a_file_larger_than_a_request_may_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="MAX_REQUEST_BYTES"):
        read_briefs(write(tmp_path, REQUEST), Settings(max_request_bytes=20))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"round": NaN}', '{"email": "\\ud800"}', "[" * 100_000, "\ufeff{}"],
    ids=["empty", "cut", "list", "null", "NaN", "surrogate", "deep", "BOM"],
)
def test_what_is_no_json_object_is_bad_input(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, ["email", "task", "round", "nonce", "brief"]),
        (REQUEST | {"round": True}, ["round"]),
        (REQUEST | {"round": "1", "checks": [3]}, ["round", "checks[0]"]),
        (
            {"round1": REQUEST | {"nonce": ""}, "round2": [{"request": revision("")}]},
            ["round1.nonce", "round2[0].request.nonce"],
        ),
        ({"round1": []}, ["round1"]),
        ({"round1": REQUEST, "round2": {}}, ["round2"]),
        ({"round1": REQUEST, "round2": [7]}, ["round2[0]"]),
        ({"round1": REQUEST, "round2": [{}] * 51}, ["round2"]),
    ],
)
def test_every_broken_rule_is_named_by_its_place_in_the_file(
    document: object, fields: list[str], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as error:
        read(tmp_path, document)
    assert sorted(problem_fields(error)) == sorted(fields)


@given(st.text(min_size=1, max_size=MAX_NONCE))
@example("n" * MAX_NONCE)
def test_new_nonces_are_as_long_as_allowed_and_differ_every_time(nonce: str) -> None:
    brief = make_brief(nonce=nonce)
    (first,), (second,) = with_new_nonces([brief]), with_new_nonces([brief])
    assert len(first.nonce) <= MAX_NONCE
    assert len({nonce, first.nonce, second.nonce}) == 3


def test_new_nonces_keep_the_rounds_of_a_collection_apart() -> None:
    briefs = with_new_nonces([make_brief(nonce="a"), make_brief(nonce="b", round=2)])
    assert briefs[0].nonce != briefs[1].nonce


@pytest.mark.parametrize("path", sorted((REPOSITORY / "tests/data/briefs").glob("*.json")), ids=lambda path: path.stem)
def test_the_example_briefs_are_valid(path: Path) -> None:
    assert read_briefs(str(path), Settings())


def test_the_demo_brings_an_attachment_and_page_scripts() -> None:
    (demo,) = read_briefs(str(REPOSITORY / "tests/data/briefs/harbour-library.json"), Settings())
    assert demo.attachments
    assert any(check.script for check in demo.checks)


# Lists of Spaces as YAML and CSV


CASES = cases("typed")
VALUE = "a-value-nobody-may-see"
YAML = f"""
template: org/template
replace_secrets: true
spaces:
  - name: team-a
    secrets: {{KEY: {VALUE}}}
    private: true
  - name: org/team-b
    variables: {{TEAM: b}}
    hardware: t4-small
    sleep_time: 3600
"""
CSV = f"""name,hardware,sleep_time,private,secret:KEY,variable:TEAM
team-a,,,yes,{VALUE},
org/team-b,t4-small,3600,,,b

"""


def written(folder: Path, text: str | bytes, name: str = "list.csv") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def refused(source: str) -> str:
    with pytest.raises(InvalidInput) as error:
        read_list(source)
    assert VALUE not in str(error.value)
    return str(error.value)


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    of_yaml, _ = provision_from(read_list(written(tmp_path, YAML, "list.yaml")))
    of_csv, _ = provision_from(read_list(written(tmp_path, "\ufeff" + CSV)), "org/template")
    assert of_yaml.spaces == of_csv.spaces
    assert of_yaml.template == of_csv.template
    assert of_yaml.replace_secrets


def test_json_is_yaml(tmp_path: Path) -> None:
    assert read_list(written(tmp_path, '{"template": "a/b", "spaces": []}', "list.json"))["template"] == "a/b"


@pytest.mark.parametrize(("text", "words"), [*CASES["csv"], (b"name\n\xff\n", "not UTF-8")])
def test_what_is_wrong_with_a_csv_file_is_told_by_line_and_column(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    assert words in refused(written(tmp_path, text))


@pytest.mark.parametrize(("text", "words"), CASES["yaml"])
def test_what_is_wrong_with_a_yaml_file_is_told_by_its_place(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(written(tmp_path, text, "list.yml"))


def test_a_file_must_be_there_and_not_too_large_and_of_a_known_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "cannot be read" in refused(str(tmp_path / "none.csv"))
    assert "must be a .yaml or .csv file" in refused(written(tmp_path, CSV, "list.txt"))
    monkeypatch.setattr(provision_files, "LONGEST_FILE", 10)
    assert "is larger than 10 bytes" in refused(written(tmp_path, CSV))


def test_a_template_is_a_folder_or_an_id(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("<h1>", encoding="utf-8")
    app = read_template(str(tmp_path / "app"))
    assert isinstance(app, AppTemplate)
    assert (list(app.files), app.kind) == (["index.html"], SpaceSdk.STATIC)
    assert read_template("org/template") == "org/template"


def test_common_secrets_are_for_spaces_that_do_not_set_them_themselves() -> None:
    document: dict[str, Any] = {
        "spaces": [{"name": "a"}, {"name": "b", "secrets": {"KEY": "own"}}, {"secrets": None}, 1]
    }
    assert with_secrets(document, {"KEY": "all", "MORE": "all"})["spaces"] == [
        {"name": "a", "secrets": {"KEY": "all", "MORE": "all"}},
        {"name": "b", "secrets": {"KEY": "own", "MORE": "all"}},
        {"secrets": {"KEY": "all", "MORE": "all"}},
        1,
    ]
    assert with_secrets({"spaces": VALUE}, {"KEY": "all"}) == {"spaces": VALUE}


@given(st.text(alphabet=st.sampled_from('name,\n":secret1 \r\0é'), max_size=60))
def test_any_csv_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    source = written(tmp_path_factory.getbasetemp(), text, "any.csv")
    try:
        document = read_list(source)
    except InvalidInput:
        return
    assert isinstance(document["spaces"], list)
