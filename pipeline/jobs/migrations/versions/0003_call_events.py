"""Calls whose results are fetched by other requests."""

import sqlalchemy as sa
from alembic import op

from pipeline.jobs.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_events",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("caller", sa.String(length=80), nullable=False, index=True),
        sa.Column("function", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=100), index=True),
        sa.Column("job_id", sa.String(length=32)),
        sa.Column("outcome", sa.JSON()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False, index=True),
        sa.Column("told", sa.Boolean(), nullable=False),
    )
