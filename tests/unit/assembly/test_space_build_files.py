"""What a Space is built with: requirements.txt, Dockerfile, and the port that both agree on."""

import pytest

from pipeline.assembly.space.requirements import CURRENT_GRADIO
from pipeline.domain.publication import SpaceSdk
from tests.cases import cases
from tests.unit.assembly.space_apps import (
    DOCKERFILE,
    FLASK,
    GRADIO,
    PAGE,
    RUNNING_FLASK,
    STREAMLIT,
    command,
    space,
    text,
)

CASES = cases("space-builds")


@pytest.mark.parametrize(("kind", "source", "requirements"), CASES["requirements"])
def test_the_default_requirements_are_what_the_python_imports(kind: str, source: str, requirements: list[str]) -> None:
    assert text(space({"app.py": source}, SpaceSdk(kind)), "requirements.txt").split() == requirements


def test_a_gradio_app_that_needs_nothing_more_has_no_line_that_fights_the_sdk_version() -> None:
    lines = text(space({"app.py": GRADIO}), "requirements.txt").splitlines()
    assert all(line.startswith("#") for line in lines)


def test_packages_are_never_guessed_but_missing_ones_are_told() -> None:
    app = space({"app.py": "import my_model, torch_geometric_x, tables, util.x", "tables.py": "", "util/x.py": ""})
    assert "my_model" not in text(app, "requirements.txt")
    assert app.notes == ("requirements.txt lacks what is imported as my_model, torch_geometric_x: add it",)


def test_a_dockerfile_of_the_author_gets_requirements_only_when_it_wants_some() -> None:
    assert "requirements.txt" not in space({"Dockerfile": DOCKERFILE, "app.py": FLASK}).files
    installing = f"{DOCKERFILE}RUN pip install -r requirements.txt\n"
    assert text(space({"Dockerfile": installing, "app.py": FLASK}), "requirements.txt") == "flask\n"


def test_pages_need_no_requirements() -> None:
    assert "requirements.txt" not in space({"index.html": PAGE}).files


def test_the_sdk_version_is_the_one_that_the_requirements_pin() -> None:
    app = space({"app.py": GRADIO, "requirements.txt": "numpy\ngradio[oauth] == 5.44.1  # pinned\n"})
    assert "sdk_version: '5.44.1'" in text(app, "README.md")
    for bound in ("gradio<6", "gradio[mcp] ~= 5.1", "gradio>=4,<5", "gradio!=6.31"):
        assert "sdk_version" not in text(space({"app.py": GRADIO, "requirements.txt": f"{bound}\n"}), "README.md")
    for free in ("", "gradio\n", "gradio>=5\n", "gradio-client<2\n"):
        app = space({"app.py": GRADIO, "requirements.txt": free})
        assert f"sdk_version: '{CURRENT_GRADIO}'" in text(app, "README.md")


def test_the_default_dockerfile_runs_as_uid_1000_in_a_folder_of_its_own() -> None:
    lines = text(space({"app.py": RUNNING_FLASK}), "Dockerfile").splitlines()
    user = lines.index("USER user")
    assert "RUN useradd --create-home --uid 1000 user" in lines[:user]
    assert lines[user + 1 : user + 3] == ["RUN mkdir /home/user/app", "WORKDIR /home/user/app"]
    assert all("--chown=user" in line for line in lines if line.startswith("COPY"))
    assert "EXPOSE 7860" in lines
    assert any("PYTHONUNBUFFERED=1" in line for line in lines)
    assert any("--requirement requirements.txt" in line for line in lines)


@pytest.mark.parametrize(("kind", "files", "expected"), CASES["commands"])
def test_the_command_fits_the_framework(kind: str, files: dict[str, bytes | str], expected: str) -> None:
    assert "|".join(command(space(files, SpaceSdk(kind)))) == expected


@pytest.mark.parametrize("kind", [SpaceSdk.STREAMLIT, SpaceSdk.DOCKER])
def test_streamlit_listens_for_the_space_and_takes_uploads_within_its_frame(kind: SpaceSdk) -> None:
    app = space({"app.py": "import parts", "parts.py": STREAMLIT, "requirements.txt": "pandas"}, kind)
    assert command(app)[:3] == ["streamlit", "run", "app.py"]
    assert {"--server.address=0.0.0.0", "--server.port=7860", "--server.enableXsrfProtection=false"} <= set(
        command(app)
    )
    assert "--requirement requirements.txt streamlit\n" in text(app, "Dockerfile")


@pytest.mark.parametrize(("files", "port"), CASES["ports"])
def test_card_and_dockerfile_agree_on_the_port(files: dict[str, bytes | str], port: int) -> None:
    app = space(files, SpaceSdk.DOCKER)
    assert f"app_port: {port}\n" in text(app, "README.md")
    if "Dockerfile" not in files:
        assert f"EXPOSE {port}\n" in text(app, "Dockerfile")
        assert str(port) in " ".join(command(app))


@pytest.mark.parametrize(("rest", "is_told"), CASES["users"])
def test_a_dockerfile_of_the_author_stays_byte_for_byte_and_what_it_makes_as_root_is_told(
    rest: str, *, is_told: bool
) -> None:
    dockerfile = f"FROM python:3.10-slim\r\nWORKDIR /app\r\nCOPY . .\n{rest}CMD python app.py"
    app = space({"Dockerfile": dockerfile, "app.py": RUNNING_FLASK}, parameters={"name": "Ada"})
    assert text(app, "Dockerfile") == dockerfile
    assert "PARAMS = _json.loads" in text(app, "app.py")
    assert any("user with id 1000" in note for note in app.notes) == is_told


def test_the_default_dockerfile_is_no_cause_for_a_note() -> None:
    made = space({"app.py": RUNNING_FLASK}, SpaceSdk.DOCKER)
    assert made.notes == space(dict(made.files), SpaceSdk.DOCKER).notes == ()
