"""Dockerfile, front matter, pinned versions: what is read by machines that are not here; and what is imported there."""

import configparser
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.service import SECRET

REPOSITORY = Path(__file__).parents[3]
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
MAX_SHORT_DESCRIPTION = 60
ENDING_SECONDS = 5
"""What the browser and open connections take after running jobs were waited for."""


def read(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def block(language: str) -> str:
    """The examples of the page about containers that are in ``language``."""
    page = read("pipeline/web/pages/reference/container.md")
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL))


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: keyword and arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE))
    lines = [line for line in text.splitlines() if line.strip()]
    return [(keyword, rest.strip()) for keyword, _, rest in (line.partition(" ") for line in lines)]


@pytest.fixture
def environment(instructions: list[tuple[str, str]]) -> dict[str, str]:
    """What the container's processes see."""
    pairs = [pair for keyword, rest in instructions if keyword == "ENV" for pair in rest.split()]
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.fixture
def front_matter() -> dict[str, Any]:
    """What the Hub reads."""
    text = read("README.md")
    assert text.startswith("---\n")
    document = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(document, dict)
    return document


def test_the_container_works_as_uid_1000_on_files_that_are_not_its_own(instructions: list[tuple[str, str]]) -> None:
    last = instructions[max(at for at, (keyword, _) in enumerate(instructions) if keyword == "FROM") :]
    assert [rest for keyword, rest in last if keyword == "USER"] == ["1000"]
    assert any("useradd" in rest and "--uid 1000 user" in rest for _, rest in last)
    assert [rest for keyword, rest in last if keyword == "COPY"] == ["--from=build /opt/pipeline /opt/pipeline"]


def test_nothing_is_copied_but_what_is_named(instructions: list[tuple[str, str]]) -> None:
    copied = {word for keyword, rest in instructions if keyword == "COPY" for word in rest.split()[:-1]}
    named = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "pipeline", "prompts"}
    assert copied == named | {"--from=build", "/opt/pipeline"}


def test_the_image_says_what_it_is(instructions: list[tuple[str, str]]) -> None:
    (labels,) = [rest for keyword, rest in instructions if keyword == "LABEL"]
    told = dict(pair.split("=", 1) for pair in shlex.split(labels))
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert {name.rpartition(".")[2]: value for name, value in told.items()} == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
    }


def test_the_container_listens_for_everybody_and_keeps_apps_in_a_folder_of_its_user(
    environment: dict[str, str], instructions: list[tuple[str, str]]
) -> None:
    assert environment["HOST"] == "0.0.0.0"
    assert environment["PORT"] == "8000"
    assert environment["GENERATED_REPOS_DIR"].startswith("/home/user/")
    assert ("EXPOSE", "8000") in instructions
    assert ("CMD", '["pipeline", "serve"]') in instructions


def test_running_jobs_are_waited_for_less_than_it_takes_docker_to_kill(environment: dict[str, str]) -> None:
    assert float(environment["DRAIN_SECONDS"]) + ENDING_SECONDS <= 10


def test_compose_runs_the_image_as_it_is_built(environment: dict[str, str]) -> None:
    compose = yaml.safe_load(block("yaml"))
    (service,) = compose["services"].values()
    assert service["user"] == "1000"
    assert [port.rpartition(":")[2] for port in service["ports"]] == [environment["PORT"]]
    ((volume, place),) = [entry.split(":") for entry in service["volumes"]]
    assert volume in compose["volumes"]
    assert place == environment["GENERATED_REPOS_DIR"]
    (temporary,) = [entry.partition(":")[0] for entry in service["tmpfs"]]
    assert environment["XDG_CACHE_HOME"].startswith(f"{temporary}/")
    assert service["read_only"]
    drain = float(service["environment"]["DRAIN_SECONDS"])
    assert drain + ENDING_SECONDS <= float(service["stop_grace_period"].removesuffix("s"))


def test_the_systemd_unit_starts_the_service_and_does_not_kill_it_early() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd knows small letters from large ones
    unit.read_string(block("ini"))
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()
    assert Path(program).name in tomllib.loads(read("pyproject.toml"))["project"]["scripts"]
    assert arguments == ["serve"]
    assert f"python3 -m venv {Path(program).parents[1]}" in block("sh")
    variables = dict(pair.split("=", 1) for pair in service["Environment"].split())
    assert variables["GENERATED_REPOS_DIR"] == f"/var/lib/{service['StateDirectory']}"
    assert float(variables["DRAIN_SECONDS"]) + ENDING_SECONDS <= float(service["TimeoutStopSec"])
    assert not {"MemoryDenyWriteExecute", "RestrictNamespaces"} & set(service)


def test_the_container_has_git_pinned_versions_and_a_health_check(instructions: list[tuple[str, str]]) -> None:
    commands = " ".join(rest for keyword, rest in instructions if keyword == "RUN")
    assert re.search(r"apt-get install\b[^&]*\bgit\b", commands)
    assert "--constraint constraints.txt" in commands
    assert any(keyword == "HEALTHCHECK" and "/health" in rest for keyword, rest in instructions)


def test_the_health_check_is_a_program_that_python_accepts(instructions: list[tuple[str, str]]) -> None:
    (check,) = [rest for keyword, rest in instructions if keyword == "HEALTHCHECK"]
    _, flag, program = yaml.safe_load(check.split("CMD", 1)[1])
    assert flag == "-c"
    compile(program, "health check", "exec")


def test_no_secret_is_written_into_the_image(environment: dict[str, str]) -> None:
    assert not [name for name in environment if re.search("SECRET|TOKEN|KEY|PASSWORD", name)]


def test_the_repository_is_a_docker_space_as_it_is(front_matter: dict[str, Any], environment: dict[str, str]) -> None:
    assert front_matter["sdk"] == "docker"
    assert front_matter["app_port"] == int(environment["PORT"])
    assert {front_matter["colorFrom"], front_matter["colorTo"]} <= COLOURS
    assert len(front_matter["short_description"]) <= MAX_SHORT_DESCRIPTION
    assert front_matter["license"] == "mit"
    assert front_matter["pinned"] is False
    assert front_matter["title"]
    assert len(front_matter["emoji"]) == 1
    assert not front_matter["emoji"].isascii()


def test_every_requirement_is_pinned_and_nothing_but_versions_is() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    asked_for = {canonical(r) for r in project["dependencies"] + project["optional-dependencies"]["dev"]}
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    assert asked_for <= {canonical(line) for line in lines}


def test_a_python_that_is_too_old_is_refused_in_words(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac\n')
    old.chmod(0o755)
    refused = subprocess.run([REPOSITORY / ".ci/check-python", old], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "is Python 3.9.2; Python 3.11 or newer is needed" in refused.stderr


def test_this_python_is_accepted_without_a_word() -> None:
    accepted = subprocess.run(
        [REPOSITORY / ".ci/check-python", sys.executable], capture_output=True, text=True, check=False
    )
    assert (accepted.returncode, accepted.stdout, accepted.stderr) == (0, "", "")


def canonical(requirement: str) -> str:
    name = re.split(r"[^A-Za-z0-9._-]", requirement)[0].split("==")[0]
    return re.sub(r"[-_.]+", "-", name).lower()


# What starts imports what it needs, and nothing else


FOR_JOBS = {"pydantic_settings", "sqlalchemy", "structlog"}
FOR_THE_SERVICE = {"dbos", "fastapi", "git", "httpx", "psycopg", "uvicorn"}
ONCE_NEEDED = {
    *("alembic", "github", "huggingface_hub", "mcp", "openai", "openpyxl"),
    *("playwright", "pypdf", "quickjs", "tinycss2"),
}
EVERY_SERVICE = {"LLM_BASE_URL": "http://127.0.0.1:1/v1", "LLM_MODELS": "m", "GITHUB_TOKEN": "t", "HF_TOKEN": "t"}
COMMAND = "from pipeline.cli.main import main; main()"
SERVICE = """
from pipeline.bootstrap.environment import read_settings
from pipeline.cli.serve import _build
services, _ = _build(read_settings())
services.database.close()
"""


def imported(script: str, folder: Path, *arguments: str, **environment: str) -> set[str]:
    """Packages that are there when ``script`` has ended, without any setting of this process."""
    listing = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{script}"
    ended = subprocess.run(
        [sys.executable, "-c", listing, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(Path.cwd()), "DEPLOY_SECRET": SECRET, "DEPLOY_TARGET": "local", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in ended.stderr.split()}


@pytest.mark.parametrize("arguments", ["--version", "--help", "run --help", "serve --help", "jobs --help"])
def test_what_is_only_told_needs_no_library(arguments: str, tmp_path: Path) -> None:
    packages = imported(COMMAND, tmp_path, *arguments.split())
    assert "typer" in packages
    assert not packages & (FOR_JOBS | FOR_THE_SERVICE | ONCE_NEEDED)


def test_the_version_needs_no_table_and_no_command(tmp_path: Path) -> None:
    assert not imported(COMMAND, tmp_path, "--version") & {"pydantic", "rich"}


def test_jobs_are_listed_without_what_works_on_them(tmp_path: Path) -> None:
    packages = imported(COMMAND, tmp_path, "jobs", "list")
    assert packages >= FOR_JOBS
    assert not packages & (FOR_THE_SERVICE - {"httpx"} | ONCE_NEEDED)


@pytest.mark.parametrize("settings", [{}, EVERY_SERVICE], ids=["nothing set", "everything set"])
def test_a_service_without_work_has_not_imported_what_work_needs(settings: dict[str, str], tmp_path: Path) -> None:
    packages = imported(SERVICE, tmp_path, **settings)
    assert packages >= FOR_THE_SERVICE
    assert not packages & ONCE_NEEDED
