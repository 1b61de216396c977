"""First tables."""

import sqlalchemy as sa
from alembic import op

from pipeline.jobs.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_jobs()
    _create_job_events()
    _create_sites()
    _create_deliveries()
    _create_model_calls()
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String(length=64), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("last_put_at", UtcDateTime(), nullable=False, index=True),
    )
    op.create_table(
        "worker_leases",
        sa.Column("executor_id", sa.String(length=100), primary_key=True),
        sa.Column("beat_at", UtcDateTime(), nullable=False),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(length=32), nullable=False, unique=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False, index=True),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("deadline", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), index=True),
        sa.Column("brief", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("files", sa.String(length=64)),
        sa.Column("notification", sa.String(length=16), nullable=False),
        sa.Column("failure", sa.JSON()),
        sa.Index("jobs_by_site", "email", "task", "seq"),
        sqlite_autoincrement=True,
    )


def _create_job_events() -> None:
    op.create_table(
        "job_events",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Index("job_events_by_job", "job_id", "id"),
        sqlite_autoincrement=True,
    )


def _create_sites() -> None:
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=200), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False, unique=True),
        sa.Column("repository", sa.String(length=100), nullable=False, unique=True),
        sa.Column("publication", sa.JSON()),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.UniqueConstraint("email", "task", "counter"),
        sa.UniqueConstraint("email", "task", "nonce"),
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(length=32), nullable=False, index=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
    )


def _create_model_calls() -> None:
    op.create_table(
        "model_calls",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(length=32), nullable=False, index=True),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("reply", sa.JSON()),
    )
