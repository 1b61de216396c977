"""Servers to call, and an ear at every connection."""

import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.evaluator import EvaluatorServer


@pytest.fixture
def evaluator() -> Iterator[EvaluatorServer]:
    with EvaluatorServer() as server:
        yield server


@pytest.fixture
def canary() -> Iterator[EvaluatorServer]:
    """Listens where the rule would let a public host be called, on an address of loopback that nobody else uses."""
    for _ in range(20):
        host = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
        try:
            server = EvaluatorServer(host=host, port=8443)
        except OSError:
            continue
        with server:
            yield server
        return
    pytest.fail("no loopback address with a free port 8443")


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that a connection is opened to."""
    addresses: list[str] = []
    connect = socket.socket.connect

    def remember(self: socket.socket, address: Any) -> None:
        addresses.append(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", remember)
    return addresses
