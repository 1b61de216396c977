"""Our own tables, beside the engine's. ``migrations/`` creates them; a test holds the two together."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware datetime in UTC, on databases that know no time zones as well."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> datetime | None:  # noqa: D102 - SQLAlchemy's
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Any) -> datetime | None:  # noqa: D102
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


metadata = sa.MetaData()

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("last_put_at", UtcDateTime, nullable=False, index=True),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(32), nullable=False, unique=True),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("task", sa.String(100), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("nonce", sa.String(200), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("target", sa.String(16), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("deadline", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, index=True),
    sa.Column("brief", sa.JSON, nullable=False),
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("files", sa.String(64)),
    sa.Column("notification", sa.String(16), nullable=False),
    sa.Column("failure", sa.JSON),
    sa.Column("site_task", sa.String(100)),
    sa.Column("resend_fingerprint", sa.String(64)),
    sa.Column("leader", sa.String(32), index=True),
    sa.Column("live_at", UtcDateTime),
    sa.Column("next_attempt_at", UtcDateTime, index=True),
    sa.Column("next_trigger", sa.String(16)),
    sa.Column("next_look_at", UtcDateTime, index=True),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("turn", sa.Integer),
    sa.Column("retried_at", UtcDateTime),
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("receiver", sa.String(300)),
    sa.Column("place", sa.Integer),
    sa.Index("jobs_by_site", "email", "task", "seq"),
    sqlite_autoincrement=True,
)

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String(32), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("stage", sa.String(16)),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Index("job_events_by_job", "job_id", "id"),
    sqlite_autoincrement=True,
)

stage_outcomes = sa.Table(
    "stage_outcomes",
    metadata,
    sa.Column("job_id", sa.String(32), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("outcome", sa.JSON, nullable=False),
)

sites = sa.Table(
    "sites",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("task", sa.String(100), nullable=False),
    sa.Column("counter", sa.Integer, nullable=False),
    sa.Column("nonce", sa.String(200), nullable=False),
    sa.Column("target", sa.String(16), nullable=False),
    sa.Column("folder", sa.String(200), nullable=False, unique=True),
    sa.Column("repository", sa.String(100), nullable=False, unique=True),
    sa.Column("publication", sa.JSON),
    sa.Column("head", sa.String(40)),
    sa.Column("checks", sa.JSON, nullable=False),
    sa.UniqueConstraint("email", "task", "counter"),
    sa.UniqueConstraint("email", "task", "nonce"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String(32), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("response", sa.Text, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("trigger", sa.String(16), nullable=False, server_default="scheduled"),
    sa.Column("retry_after", sa.Float),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("job_id", sa.String(32), nullable=False, index=True),
    sa.Column("until", UtcDateTime, nullable=False),
)

model_calls = sa.Table(
    "model_calls",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String(32), nullable=False, index=True),
    sa.Column("request_digest", sa.String(64), nullable=False),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("reply", sa.JSON),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(254), nullable=False),
    sa.Column("key", sa.String(300)),
    sa.Column("digest", sa.String(64)),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False, index=True),
    sa.Column("last_place", sa.Integer, nullable=False),
    sa.UniqueConstraint("owner", "key"),
)

batch_lines = sa.Table(
    "batch_lines",
    metadata,
    sa.Column("batch_id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("job_id", sa.String(32), index=True),
    sa.Column("brief", sa.JSON(none_as_null=True)),
    sa.Column("problems", sa.JSON(none_as_null=True)),
    sa.Column("place", sa.Integer),
    sa.Index("batch_lines_by_state", "state", "batch_id", "number"),
    sa.Index("batch_lines_by_place", "batch_id", "place"),
)

worker_leases = sa.Table(
    "worker_leases",
    metadata,
    sa.Column("executor_id", sa.String(100), primary_key=True),
    sa.Column("beat_at", UtcDateTime, nullable=False),
)

call_events = sa.Table(
    "call_events",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("caller", sa.String(80), nullable=False, index=True),
    sa.Column("function", sa.String(64), nullable=False),
    sa.Column("session", sa.String(100), index=True),
    sa.Column("job_id", sa.String(32)),
    sa.Column("outcome", sa.JSON),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    sa.Column("told", sa.Boolean, key="is_delivered", nullable=False),
)
