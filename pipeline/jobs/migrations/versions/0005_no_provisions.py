"""Orders of Spaces are not kept any more: what was left of them goes, for it may hold secrets."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("provision_spaces", if_exists=True)
    op.drop_table("provisions", if_exists=True)
    connection = op.get_bind()
    schema = "dbos" if connection.dialect.name == "postgresql" else None
    # The engine's own tables, when it has run here before: nothing takes these jobs up any more.
    if sa.inspect(connection).has_table("queues", schema):
        flows = sa.table("workflow_status", sa.column("name"), sa.column("status"), schema=schema)
        queues = sa.table("queues", sa.column("name"), schema=schema)
        connection.execute(flows.update().where(flows.c.name == "provision").values(status="CANCELLED"))
        connection.execute(queues.delete().where(queues.c.name == "provisions"))
