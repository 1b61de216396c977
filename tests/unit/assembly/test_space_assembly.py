"""Files become an app that the Hub builds: kind, entry, licence, parameters, title."""

import json

import pytest

from pipeline.assembly import assemble_space, title_of
from pipeline.assembly.space.python import MAX_SOURCE_BYTES
from pipeline.domain.errors import InvalidInput
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import sdk_of
from tests.builders import make_files
from tests.cases import cases
from tests.unit.assembly.space_apps import DOCKERFILE, GRADIO, PAGE, space, text

CASES = cases("space-files")


@pytest.mark.parametrize(("files", "kind"), CASES["kinds"])
def test_the_kind_follows_from_the_files(files: dict[str, bytes | str], kind: str) -> None:
    assert space(files).kind is SpaceSdk(kind)


@pytest.mark.parametrize(("files", "kind", "entry"), [*CASES["entries"], ({"Dockerfile": "CMD nginx"}, "docker", None)])
def test_the_entry_is_found(files: dict[str, bytes | str], kind: str, entry: str | None) -> None:
    assert space(files, SpaceSdk(kind)).entry == entry


@pytest.mark.parametrize(("files", "kind"), [*CASES["nothing"], ({"notes.txt": ""}, None)])
def test_an_app_with_nothing_to_start_from_is_refused(files: dict[str, bytes | str], kind: str | None) -> None:
    with pytest.raises(InvalidInput, match="needs a") as refused:
        space(files, SpaceSdk(kind) if kind else None)
    assert [problem.field for problem in refused.value.problems] == ["files"]


@pytest.mark.parametrize(("kind", "files", "sdk"), CASES["sdks"])
def test_every_kind_gets_its_card_licence_and_gitignore_and_again_nothing_more(
    kind: str, files: dict[str, bytes | str], sdk: str
) -> None:
    app = space(files, SpaceSdk(kind))
    assert app.sdk == sdk_of(app.files) == sdk
    assert "is hereby granted" in text(app, "LICENSE")
    assert ".env" in text(app, ".gitignore")
    assert "license: mit" in text(app, "README.md")
    assert assemble_space(app.files, SpaceSdk(kind), title="Another", year=2030) == app


def test_files_of_the_author_stay_as_they_are() -> None:
    theirs: dict[str, bytes | str] = {
        "Dockerfile": DOCKERFILE,
        "requirements.txt": "flask==3.0\n",
        "LICENSE": "All rights reserved",
        ".gitignore": "*.log\n",
        "app.py": b"\xef\xbb\xbfx = 1\r\n",
        "logo.png": bytes(range(256)),
    }
    app = space(theirs, SpaceSdk.DOCKER)
    assert {path: app.files[path] for path in theirs} == dict(make_files(theirs))
    assert "license" not in text(app, "README.md")


def test_names_that_the_hub_looks_for_get_its_spelling() -> None:
    app = space({"DOCKERFILE": DOCKERFILE, "Readme.md": "# Mine", "app.py": "", "Requirements.TXT": "flask"})
    assert set(app.files) == {"Dockerfile", "README.md", "app.py", "requirements.txt", "LICENSE", ".gitignore"}
    assert text(app, "README.md").endswith("# Mine\n")


def test_parameters_stand_in_the_entry_file_alone() -> None:
    files: dict[str, bytes | str] = {"app.py": GRADIO, "tables.py": "x = 1\n", "tests/test_a.py": "y = 1\n"}
    app = space(files, parameters={"user": "Ada"})
    assert 'PARAMS = _json.loads(\'{"user": "Ada"}\')' in text(app, "app.py")
    assert text(app, "tables.py") == "x = 1\n"
    assert text(app, "tests/test_a.py") == "y = 1\n"


def test_an_app_that_reads_parameters_finds_them_even_when_there_are_none() -> None:
    assert "PARAMS = _json.loads('{}')" in text(space({"app.py": "print(PARAMS)\n"}, parameters={}), "app.py")
    assert text(space({"app.py": "x = 1\n"}, parameters={}), "app.py") == "x = 1\n"
    assert text(space({"app.py": "PARAMS = 1\nprint(PARAMS)\n"}, parameters={}), "app.py").startswith("PARAMS = 1")


def test_an_app_that_was_not_made_for_parameters_is_left_alone() -> None:
    assert text(space({"app.py": "print(PARAMS) ("}), "app.py") == "print(PARAMS) ("


def test_an_entry_that_overwrites_the_parameters_is_told() -> None:
    assert space({"app.py": "PARAMS = {}\n"}, parameters={"a": 1}).notes == ("app.py gives PARAMS a value of its own",)


@pytest.mark.parametrize("parameters", [{}, {"a": 1}])
def test_an_entry_that_is_no_python_is_refused_with_file_and_line(parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=r"app\.py, line 2: is not valid Python"):
        space({"app.py": "x = 1\nthis is no python\n"}, parameters=parameters)


def test_python_that_only_the_authors_own_image_reads_is_judged_when_it_is_to_be_changed() -> None:
    files: dict[str, bytes | str] = {"Dockerfile": DOCKERFILE, "app.py": "print 'Python 2'\n"}
    assert text(space(files, parameters={}), "app.py") == "print 'Python 2'\n"
    with pytest.raises(InvalidInput, match=r"app\.py, line 1"):
        space(files, parameters={"a": 1})


def test_an_app_without_python_finds_the_parameters_in_a_file() -> None:
    app = space(
        {"Dockerfile": "FROM node\nUSER node\nCMD node server.js", "server.js": ""}, parameters={"a": [True, None]}
    )
    assert json.loads(text(app, "params.json")) == {"a": [True, None]}
    assert app.notes == ("no Python file is known to start the app, so the parameters stand in params.json",)
    with pytest.raises(InvalidInput):
        space({"Dockerfile": "FROM node", "params.json": "{}"}, parameters={"a": 1})


def test_a_built_site_needs_no_page_yet() -> None:
    card = "---\napp_build_command: npm run build\napp_file: dist/index.html\n---\n"
    app = space({"README.md": card, "package.json": "{}"}, SpaceSdk.STATIC, parameters={"a": 1})
    assert "app_file: 'dist/index.html'" in text(app, "README.md")
    assert {"params.js", "params.json"} <= set(app.files)


def test_what_the_hub_would_refuse_is_told() -> None:
    app = space({"index.html": PAGE, "README.md": "---\ncolorFrom: teal\n---\n"})
    assert app.notes == ("left out of the Space's card, because the Hub takes no such values: colorFrom",)
    broken = space({"index.html": PAGE, "README.md": "---\ntitle: [\n---\n"})
    assert broken.notes == ("the front matter of README.md is not valid YAML and was replaced",)


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ({"README.md": "---\ntitle: From the card\n---\n", "index.html": PAGE}, "From the card"),
        ({"index.html": "<title> From\n the page </title>"}, "From the page"),
        ({"index.html": "<title></title>"}, None),
        ({"app.py": ""}, None),
    ],
)
def test_the_title_is_what_the_app_calls_itself(files: dict[str, bytes | str], title: str | None) -> None:
    assert title_of(make_files(files)) == title


def test_a_long_entry_is_refused_only_when_it_is_to_be_changed() -> None:
    long = f"{GRADIO}{'#' * MAX_SOURCE_BYTES}"
    assert text(space({"app.py": long}, parameters={}), "app.py") == long
    with pytest.raises(InvalidInput, match=r"app\.py: is longer than"):
        space({"app.py": long}, parameters={"a": 1})


def test_a_crowd_of_python_files_is_read_in_bounds() -> None:
    crowd: dict[str, bytes | str] = {f"part{number}.py": "x = 1\n" * 10_000 for number in range(10)}
    app = space({**crowd, "app.py": GRADIO, "zebra.py": "import numpy"})
    assert app.kind is SpaceSdk.GRADIO
    assert "numpy" not in text(app, "requirements.txt")
