from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.github import FakeGitHub
from tests.integration.fake_github.rig import Checkout, Octocat, connect


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github", organizations=("acme",)) as fake:
        yield fake


@pytest.fixture
def octocat(github: FakeGitHub, tmp_path: Path) -> Iterator[Octocat]:
    client = connect(github)
    with httpx.Client(trust_env=False) as visitor:
        yield Octocat(github, client, Checkout(github, tmp_path / "checkout"), visitor)
    client.close()
