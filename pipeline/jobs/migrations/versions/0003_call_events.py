"""Calls whose results are fetched by other requests."""

import sqlalchemy as sa
from alembic import op

from pipeline.jobs.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXED = ("caller", "session", "expires_at")


def upgrade() -> None:
    op.create_table(
        "call_events",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("caller", sa.String(length=80), nullable=False),
        sa.Column("function", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=100), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("call_events") as batch_op:
        for column in INDEXED:
            batch_op.create_index(f"ix_call_events_{column}", [column])


def downgrade() -> None:
    with op.batch_alter_table("call_events") as batch_op:
        for column in INDEXED:
            batch_op.drop_index(f"ix_call_events_{column}")
    op.drop_table("call_events")
