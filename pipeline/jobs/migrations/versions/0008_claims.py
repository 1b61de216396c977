"""Claims beside the times that they are of, and who is told of a job; rows from before have one lane together."""

import sqlalchemy as sa
from alembic import op

from pipeline.jobs.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("claimed_until", UtcDateTime()))
        jobs.add_column(sa.Column("receiver", sa.String(length=300)))
