"""One database for the engine and for our own tables: SQLite in one file, or PostgreSQL for several machines."""

import asyncio
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import sqlalchemy as sa

from pipeline.domain.errors import Misconfigured, Unavailable
from pipeline.jobs.migrations import bring_up_to_date

T = TypeVar("T")

CONNECTIONS = 4
POSTGRESQL_CONNECTIONS = 10  # shared with the job engine, which reads and writes from many threads
CONNECT_SECONDS = 10
SQLITE_PRAGMAS = (
    "busy_timeout = 30000",
    "foreign_keys = ON",
    "journal_mode = WAL",
    "secure_delete = ON",  # secrets that were wiped leave nothing in the file
    "synchronous = FULL",  # an acknowledged request survives a power cut
)


class Database:
    """Transactions off the event loop.

    Attributes:
        url: SQLAlchemy URL.
        engine: shared with the job engine on SQLite, so that one process is one writer.
    """

    def __init__(self, url: str) -> None:
        self.url = _readable(url)
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="database")

    @classmethod
    def embedded(cls, generated_repos_dir: Path) -> "Database":
        """The database of a single machine, in ``.pipeline/`` beside the repositories."""
        file = cls.embedded_file(generated_repos_dir)
        with _writable():
            file.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{file}")

    @staticmethod
    def embedded_file(generated_repos_dir: Path) -> Path:
        """Where that is."""
        return generated_repos_dir.resolve() / ".pipeline" / "pipeline.sqlite"

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def name(self) -> str:
        """Its file, or its address without user and password."""
        if self.is_sqlite:
            return str(self.file)
        return f"postgresql://{self.url.host or ''}{f':{self.url.port}' if self.url.port else ''}/{self.url.database}"

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(str(self.url.database))

    def lock_file(self) -> IO[str]:
        """The file beside the SQLite file that whoever works on it has locked. Raises Misconfigured."""
        with _writable():
            if self.file.exists() and not os.access(self.file, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return self.file.with_suffix(".lock").open("w")

    async def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in one transaction and commit it.

        Raises:
            Unavailable: the database cannot be reached or written; nothing was changed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.transact_now, work)

    def transact_now(self, work: Callable[[sa.Connection], T]) -> T:
        """The same, in this thread."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except (sa.exc.DatabaseError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            reason = str(getattr(error, "orig", "") or "no free connection").splitlines()[0]
            raise Unavailable(f"the job database cannot be used now: {reason}") from error

    def migrate(self) -> None:
        """Bring our tables to the newest shape."""
        try:
            with self.engine.begin() as connection:
                bring_up_to_date(connection)
        except sa.exc.DatabaseError as error:
            raise Misconfigured(
                f"the job database cannot be opened: {str(error.orig).splitlines()[0]}. "
                "Look at DATABASE_URL, or at the permissions of GENERATED_REPOS_DIR"
            ) from error

    def close(self) -> None:
        """Give all connections back."""
        self._threads.shutdown()
        self.engine.dispose()


@contextmanager
def _writable() -> Iterator[None]:
    """Tell of a folder that cannot be used what is to be done about it."""
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"GENERATED_REPOS_DIR cannot be written ({error.strerror}): name a folder that this user owns"
        ) from error


def _readable(url: str) -> sa.URL:
    scheme, _, rest = url.partition("://")
    try:
        read = sa.make_url(f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else url)
        if read.drivername in {"postgresql+psycopg", "sqlite"}:
            return read
    except (sa.exc.ArgumentError, ValueError):
        pass  # a port that is no number has an error of its own
    raise Misconfigured("DATABASE_URL is no database address: use postgresql://USER:PASSWORD@HOST/NAME")


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    limit = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    return sa.create_engine(
        url, pool_size=POSTGRESQL_CONNECTIONS, hide_parameters=True, pool_pre_ping=True, connect_args=limit
    )


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=30, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        # The job engine reads its clock through these; SQLite before 3.42 gives it NULL or whole seconds only.
        connection.create_function("unixepoch", 1, lambda *_: time.time())
        connection.create_function("strftime", 2, lambda *_: time.time())
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    return engine
