"""A folder of workspaces, a GitHub to push to, and processes that may be killed."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.contract.repositories import SITE, Origin
from tests.fakes.github import FakeGitHub


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "generated_repos"


@pytest.fixture
def folder(root: Path) -> Path:
    return root / SITE.folder


@pytest.fixture
def workspaces(root: Path) -> GitWorkspaces:
    return GitWorkspaces(root)


@pytest.fixture
def origin(workspaces: GitWorkspaces, tmp_path: Path) -> Iterator[Origin]:
    with FakeGitHub(tmp_path / "github") as github:
        repository = github.create("octocat", "app")
        yield Origin(workspaces, github, repository, Remote(f"{github.url}/octocat/app.git", github.token))


@pytest.fixture(scope="module")
def processes(request: pytest.FixtureRequest) -> ForkServerContext:
    """Processes that begin with one thread, and with everything imported."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([request.module.__name__])
    return processes
