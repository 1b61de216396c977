"""Lists of Spaces as YAML and CSV."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.spaces import provision_files
from pipeline.cli.spaces.provision_files import read_list, read_template, with_secrets
from pipeline.domain.errors import InvalidInput
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate
from pipeline.shapes.provision import provision_from
from tests.cases import cases

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
