"""The jobs and their database, without anything that works on them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipeline.clock import SystemClock
from pipeline.domain.address import UrlRule
from pipeline.domain.errors import NotFound
from pipeline.jobs.database import Database
from pipeline.jobs.failpoint import Failpoint
from pipeline.jobs.feed import JobFeed
from pipeline.jobs.outbox import Outbox
from pipeline.jobs.queue import JobQueue, QueueRules
from pipeline.jobs.records import JobRecords
from pipeline.jobs.replies import SqlReplies
from pipeline.jobs.retries import Retries
from pipeline.jobs.shares import OwnerLimits, Shares
from pipeline.jobs.stores import SqlBlobs, SqlSites
from pipeline.jobs.submissions import Submissions
from pipeline.notification.egress import EgressClient
from pipeline.notification.notifier import WebhookNotifier
from pipeline.settings import JobSettings


@dataclass(frozen=True, slots=True)
class JobParts:
    """What is built on the job database; the use case of a brief works with most of it."""

    clock: SystemClock
    database: Database
    feed: JobFeed
    blobs: SqlBlobs
    sites: SqlSites
    records: JobRecords
    replies: SqlReplies
    outbox: Outbox
    submissions: Submissions
    failpoint: Failpoint
    queue: JobQueue


def build_jobs(settings: JobSettings, **rules: Any) -> JobParts:
    """Wire them. Touches no network and starts nothing.

    Args:
        settings: all that is read.
        rules: what else QueueRules holds.

    Raises:
        Misconfigured: the database or an address cannot be what the settings say.
    """
    clock, feed, failpoint = SystemClock(), JobFeed(), Failpoint(settings.failpoint)
    database = _database(settings)
    blobs, sites = SqlBlobs(database, clock), SqlSites(database)
    submissions = Submissions(database)
    limits = OwnerLimits(
        settings.owner_running, settings.owner_waiting, settings.owner_daily_tokens, settings.owner_daily_usd
    )
    shares = Shares(submissions.enqueue, limits)
    records = JobRecords(database, clock, blobs, feed.publish, shares)
    replies = SqlReplies(database, feed, clock)
    outbox = _outbox(settings, database, records, replies=replies, feed=feed, clock=clock, failpoint=failpoint)
    deadline = timedelta(seconds=settings.job_deadline_seconds)
    retries = Retries(database, shares, feed, clock, deadline=deadline, queue_limit=settings.queue_limit)
    queue = JobQueue(
        submissions=submissions,
        records=records,
        feed=feed,
        blobs=blobs,
        replies=replies,
        outbox=outbox,
        retries=retries,
        clock=clock,
        rules=QueueRules(deadline, settings.queue_limit, **rules),
        failpoint=failpoint,
    )
    return JobParts(
        clock=clock,
        database=database,
        feed=feed,
        blobs=blobs,
        sites=sites,
        records=records,
        replies=replies,
        outbox=outbox,
        submissions=submissions,
        failpoint=failpoint,
        queue=queue,
    )


@asynccontextmanager
async def open_jobs(settings: JobSettings, where: Callable[[str], None]) -> AsyncIterator[JobQueue]:
    """The jobs of this configuration without a worker: also beside a running service. ``where`` is told the database.

    Raises:
        NotFound: no job has ever run here. Nothing is created for a question.
        Misconfigured: see ``build_jobs``; or the database cannot be opened.
    """
    embedded = Database.embedded_file(settings.generated_repos_dir)
    if not settings.database_url and not embedded.is_file():
        raise NotFound(
            f"no job has run here, for there is no {embedded}: `pipeline run` makes it. "
            "GENERATED_REPOS_DIR or DATABASE_URL names another place"
        )
    parts = build_jobs(settings)
    where(parts.database.name)
    parts.database.migrate()
    try:
        yield parts.queue
    finally:
        parts.submissions.close()
        parts.database.close()


def _database(settings: JobSettings) -> Database:
    if settings.database_url:
        return Database(settings.database_url.get_secret_value())
    return Database.embedded(settings.generated_repos_dir)


def _outbox(
    settings: JobSettings,
    database: Database,
    records: JobRecords,
    *,
    replies: SqlReplies,
    feed: JobFeed,
    clock: SystemClock,
    failpoint: Failpoint,
) -> Outbox:
    secret = settings.webhook_signing_secret
    client = EgressClient(UrlRule(settings.evaluation_allowed_origins))
    return Outbox(
        database,
        records,
        WebhookNotifier(client, clock, secret.get_secret_value() if secret else None),
        replies=replies,
        feed=feed,
        clock=clock,
        failpoint=failpoint,
        retry_time=timedelta(hours=settings.delivery_retry_hours),
    )
