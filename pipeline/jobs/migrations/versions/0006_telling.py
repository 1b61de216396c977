"""Telling beyond a job's end, requests that share an app, and answers that callbacks wait for."""

import sqlalchemy as sa
from alembic import op

from pipeline.jobs.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("site_task", sa.String(length=100)))
        jobs.add_column(sa.Column("resend_fingerprint", sa.String(length=64)))
        jobs.add_column(sa.Column("leader", sa.String(length=32)))
        jobs.add_column(sa.Column("live_at", UtcDateTime()))
        jobs.add_column(sa.Column("next_attempt_at", UtcDateTime()))
        jobs.add_column(sa.Column("next_trigger", sa.String(length=16)))
        jobs.add_column(sa.Column("next_look_at", UtcDateTime()))
        for column in ("leader", "next_attempt_at", "next_look_at"):
            jobs.create_index(f"ix_jobs_{column}", [column])
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.add_column(sa.Column("trigger", sa.String(length=16), nullable=False, server_default="scheduled"))
        deliveries.add_column(sa.Column("retry_after", sa.Float()))
    op.create_table(
        "replies",
        sa.Column("id", sa.String(length=32), primary_key=True),
        sa.Column("job_id", sa.String(length=32), nullable=False, index=True),
        sa.Column("until", UtcDateTime(), nullable=False),
    )
