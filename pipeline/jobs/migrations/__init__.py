"""Schema changes, oldest first, and how a database comes to have them all."""

from pathlib import Path

import sqlalchemy as sa

from pipeline.jobs.tables import metadata

FOLDER = Path(__file__).parent
NEWEST = max(path.name.partition("_")[0] for path in FOLDER.glob("versions/[0-9]*.py"))

# The engine has migrations of its own in the same database. The shape of the table is Alembic's.
revisions = sa.Table("pipeline_migrations", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


def bring_up_to_date(connection: sa.Connection) -> None:
    """Give an empty database our tables, and an older one what it lacks; mostly there is nothing to do."""
    if not sa.inspect(connection).has_table(revisions.name):
        metadata.create_all(connection)
        revisions.create(connection)
        connection.execute(sa.insert(revisions).values(version_num=NEWEST))
    elif connection.execute(sa.select(revisions.c.version_num)).scalar_one_or_none() != NEWEST:
        upgrade(connection)


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Take one step after the other."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
