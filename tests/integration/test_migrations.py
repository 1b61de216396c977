"""Databases of earlier versions are brought to the newest shape."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import pipeline.jobs.migrations
from pipeline.jobs.database import Database

VALUE = "a-value-that-must-not-stay-" * 300  # more than a page of the database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database.embedded(tmp_path)
    return Database(request.getfixturevalue("postgresql_url"))


def upgrade(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(pipeline.jobs.migrations.__file__).parent))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_orders_of_spaces_that_an_earlier_version_kept_are_gone_with_their_secrets(database: Database) -> None:
    upgrade(database, "0004")
    engine_tables = sa.MetaData(schema=None if database.is_sqlite else "dbos")  # as the job engine has them
    queues = sa.Table("queues", engine_tables, sa.Column("name", sa.Text))
    flows = sa.Table("workflow_status", engine_tables, sa.Column("name", sa.Text), sa.Column("status", sa.Text))
    with database.engine.begin() as connection:
        kept = sa.MetaData()  # as the earlier version had them
        orders = sa.Table("provisions", kept, sa.Column("id", sa.Text, primary_key=True), sa.Column("request", sa.JSON))
        sa.Table("provision_spaces", kept, sa.Column("outcome", sa.JSON))
        kept.create_all(connection)
        connection.execute(orders.insert().values(id="1", request={"secret": VALUE}))
        if not database.is_sqlite:
            connection.execute(sa.schema.CreateSchema("dbos"))
        engine_tables.create_all(connection)
        connection.execute(queues.insert(), [{"name": "deploys"}, {"name": "provisions"}])
        connection.execute(flows.insert(), [{"name": name, "status": "PENDING"} for name in ("deploy", "provision")])
    database.migrate()
    with database.engine.connect() as connection:
        assert not {"provisions", "provision_spaces"} & set(sa.inspect(connection).get_table_names())
        assert connection.execute(sa.select(queues.c.name)).scalars().all() == ["deploys"]
        left = {tuple(row) for row in connection.execute(sa.select(flows))}
        assert left == {("deploy", "PENDING"), ("provision", "CANCELLED")}
    database.close()
    if database.is_sqlite:
        on_disk = b"".join(path.read_bytes() for path in database.file.parent.iterdir())
        assert VALUE[:20].encode() not in on_disk
