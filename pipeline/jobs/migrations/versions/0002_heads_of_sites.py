"""The workspace's commit of what is live: on the Hub it is not the published one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

sites = sa.table("sites", sa.column("id", sa.Integer), sa.column("publication", sa.JSON), sa.column("head", sa.String))


def upgrade() -> None:
    with op.batch_alter_table("sites") as batch_op:
        batch_op.add_column(sa.Column("head", sa.String(length=40), nullable=True))
    connection = op.get_bind()
    for row in connection.execute(sa.select(sites.c.id, sites.c.publication)).all():
        if row.publication:
            published = row.publication["commit_sha"]
            connection.execute(sites.update().where(sites.c.id == row.id).values(head=published))
