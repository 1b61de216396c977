"""What the log says of jobs: a line for each stage, and one for each end. None has the owner's address."""

import logging
from collections import Counter

from pipeline.domain.job import Job, JobStatus, Stage
from pipeline.domain.notification import Delivery, NextStep, next_step
from pipeline.domain.verdict import Outcome

_log = logging.getLogger(__name__)


def log_accepted(job: Job) -> None:
    """A job is on record, and waits."""
    fields = {"task": job.key.task, "round": job.key.round, "target": job.target.value}
    _log.info("job accepted", extra={"action": "job.accepted", "job_id": job.id, **fields})


def log_stage(job_id: str, stage: Stage, seconds: float, error: str = "") -> None:
    """A stage has ended; badly when there is an ``error``."""
    fields = {"action": "job.stage", "job_id": job_id, "stage": stage.value, "seconds": round(seconds, 3)}
    _log.info("stage failed" if error else "stage finished", extra=fields | ({"error": error} if error else {}))


def log_end(job: Job) -> None:
    """A job has ended."""
    made, failure = job.made, job.failure
    count = Counter(verdict.outcome for verdict in job.seen.verdicts)
    fields = {
        "action": "job.ended",
        "job_id": job.id,
        "status": job.status.value,
        "task": job.key.task,
        "round": job.key.round,
        "target": job.target.value,
        "seconds": round((job.finished_at - job.begun_at).total_seconds(), 3) if job.finished_at else None,
        **{f"checks_{outcome.name.lower()}": count[outcome] for outcome in Outcome},
        "generator": made.generator or None,
        "model": made.model,
        "tokens": job.usage.prompt_tokens + job.usage.completion_tokens,
        "cost_usd": job.usage.cost_usd,
        "url": job.publication.pages_url if job.publication else None,
        "stage": failure.stage.value if failure else None,
        "error": failure.message if failure else None,
    }
    level = logging.WARNING if job.status is JobStatus.FAILED else logging.INFO
    known = {name: value for name, value in fields.items() if value is not None}
    _log.log(level, "job %s", job.status.value, extra=known)


def log_telling(job_id: str, told: Delivery, next_seconds: float | None) -> None:
    """How an attempt at telling the evaluator went; after one that failed the next is made then, or never."""
    fields = {"job_id": job_id, "attempt": told.attempt, "status": told.status, "seconds": round(told.seconds, 3)}
    if next_step(told.status) is NextStep.DONE:
        _log.info("the evaluator was told", extra={"action": "delivery.made", **fields})
        return
    fields |= {"error": told.error, "next_in_seconds": next_seconds}
    _log.warning("the evaluator did not take the notification", extra={"action": "delivery.failed", **fields})
