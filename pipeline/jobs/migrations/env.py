"""Alembic's entry: runs on the connection that ``Database.migrate`` hands over."""

from alembic import context

from pipeline.jobs.migrations import revisions
from pipeline.jobs.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=revisions.name,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
