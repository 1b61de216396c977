"""The fake GitHub, and one worker on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.github import FakeGitHub
from tests.integration.github_pages.rig import Rig


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path / "github", organizations=("acme",)) as github:
        yield github


@pytest.fixture
def rig(github: FakeGitHub, tmp_path: Path) -> Rig:
    return Rig(github, tmp_path / "repos")
