"""Jobs that are taken up again, with what their stages came to; and batches."""

import sqlalchemy as sa
from alembic import op

from pipeline.jobs.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
        jobs.add_column(sa.Column("turn", sa.Integer()))
        jobs.add_column(sa.Column("retried_at", UtcDateTime()))
    op.create_table(
        "stage_outcomes",
        sa.Column("job_id", sa.String(length=32), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("owner", sa.String(length=254), nullable=False),
        sa.Column("key", sa.String(length=300)),
        sa.Column("digest", sa.String(length=64)),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False, index=True),
        sa.Column("last_place", sa.Integer(), nullable=False),
        sa.UniqueConstraint("owner", "key"),
    )
    op.create_table(
        "batch_lines",
        sa.Column("batch_id", sa.String(length=32), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("job_id", sa.String(length=32), index=True),
        sa.Column("brief", sa.JSON()),
        sa.Column("problems", sa.JSON()),
        sa.Column("place", sa.Integer()),
        sa.Index("batch_lines_by_state", "state", "batch_id", "number"),
        sa.Index("batch_lines_by_place", "batch_id", "place"),
    )
