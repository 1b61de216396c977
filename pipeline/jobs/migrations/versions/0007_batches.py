"""Jobs that are taken up again, with what their stages came to."""

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
