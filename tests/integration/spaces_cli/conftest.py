"""A Space on the fake Hub, whose token and address are in the environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub, Space
from tests.integration.space_functions import APP, ID


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    with FakeHub() as hub:
        hub.create(ID, "gradio", APP, hardware="cpu-upgrade")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HF_TOKEN", hub.token)
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setattr("pipeline.bootstrap.spaces.SystemClock", FakeClock)  # waits between two looks cost nothing
        monkeypatch.setattr("pipeline.logs.configure_logging", lambda *_, **__: None)  # the session's own
        yield hub


@pytest.fixture
def space(hub: FakeHub) -> Space:
    return hub.spaces[ID]
