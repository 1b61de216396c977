"""What starts imports what it needs, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.service import SECRET

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
