"""Databases of earlier versions are brought to the newest shape."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import pipeline.jobs.migrations
from pipeline.jobs.database import Database

VALUE = "a-value-that-must-not-stay-" * 300  # more than a page of the database


def upgrade(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(pipeline.jobs.migrations.__file__).parent))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_orders_of_spaces_that_an_earlier_version_kept_are_gone_with_their_secrets(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path)
    upgrade(database, "0004")
    with database.engine.begin() as connection:
        insert = (
            "INSERT INTO provisions (id, digest, caller, status, received_at, request) "
            "VALUES ('1', 'd', 'operator', 'running', '2026-01-01 00:00:00', ?)"
        )
        connection.exec_driver_sql(insert, (VALUE,))
        # As the job engine has them.
        connection.exec_driver_sql("CREATE TABLE queues (name TEXT)")
        connection.exec_driver_sql("CREATE TABLE workflow_status (name TEXT, status TEXT)")
        connection.exec_driver_sql("INSERT INTO queues VALUES ('deploys'), ('provisions')")
        connection.exec_driver_sql("INSERT INTO workflow_status VALUES ('deploy', 'PENDING'), ('provision', 'PENDING')")
    database.migrate()
    with database.engine.connect() as connection:
        assert not {"provisions", "provision_spaces"} & set(sa.inspect(connection).get_table_names())
        assert connection.exec_driver_sql("SELECT name FROM queues").scalars().all() == ["deploys"]
        left = connection.exec_driver_sql("SELECT name, status FROM workflow_status").all()
        assert [tuple(row) for row in left] == [("deploy", "PENDING"), ("provision", "CANCELLED")]
    database.close()
    assert VALUE[:20].encode() not in b"".join(path.read_bytes() for path in (tmp_path / ".pipeline").iterdir())
