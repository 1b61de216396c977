from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from github import Github

from tests.fakes.github import FakeGitHub
from tests.integration.fake_github.rig import Checkout, connect


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github", organizations=("acme",)) as fake:
        yield fake


@pytest.fixture
def client(github: FakeGitHub) -> Iterator[Github]:
    client = connect(github)
    yield client
    client.close()


@pytest.fixture
def visitor() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as visitor:
        yield visitor


@pytest.fixture
def checkout(github: FakeGitHub, tmp_path: Path) -> Checkout:
    return Checkout(github, tmp_path / "checkout")
