"""A folder of workspaces, a GitHub to push to, and processes that may be killed."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.contract.repositories import SITE
from tests.fakes.github import FakeGitHub, Repository


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
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github") as github:
        yield github


@pytest.fixture
def repository(github: FakeGitHub) -> Repository:
    return github.create("octocat", "app")


@pytest.fixture
def remote(github: FakeGitHub, repository: Repository) -> Remote:
    return Remote(f"{github.url}/{repository.full_name}.git", github.token)


@pytest.fixture(scope="module")
def processes(request: pytest.FixtureRequest) -> ForkServerContext:
    """Processes that begin with one thread, and with everything imported."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([request.module.__name__])
    return processes
