"""Alembic's entry: runs on the connection that ``Database.migrate`` hands over."""

from alembic import context

from pipeline.jobs.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="pipeline_migrations",  # the engine has migrations of its own in the same database
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
