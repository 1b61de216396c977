"""Can the database be read and written?"""

from pathlib import Path

import sqlalchemy as sa

from pipeline.domain.diagnosis import Diagnosis, failed, ok
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from pipeline.jobs.migrations import NEWEST, revisions


def diagnose(url: str | None, generated_repos_dir: Path, seconds: float) -> Diagnosis:
    """Open it and write, which changes nothing; creates nothing. Blocks.

    Args:
        url: DATABASE_URL.
        generated_repos_dir: where the embedded database is used instead.
        seconds: to wait for others that write.

    Raises:
        Unavailable, Misconfigured: it cannot be used.
    """
    file = Database.embedded_file(generated_repos_dir)
    if url is None and not file.is_file():
        return ok(f"SQLite, {file}: the first start makes it")
    database = Database(url or f"sqlite:///{file}")
    milliseconds = int(seconds * 1000)
    patience = "PRAGMA busy_timeout =" if database.is_sqlite else "SET LOCAL statement_timeout ="

    def look(connection: sa.Connection) -> str | None:
        connection.exec_driver_sql(f"{patience} {milliseconds}")
        if not sa.inspect(connection).has_table(revisions.name):
            return None
        connection.execute(tables.worker_leases.delete().where(tables.worker_leases.c.executor_id == ""))
        return str(connection.execute(sa.select(revisions.c.version_num)).scalar_one_or_none())

    try:
        revision = database.transact_now(look)
    finally:
        database.close()
    what = f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, {database.name}"
    if revision is None or revision < NEWEST:
        return ok(f"{what}: the next start brings its tables up to date")
    if revision > NEWEST:
        return failed(f"{what}: a newer release has worked with it", "install that release again")
    return ok(what)
