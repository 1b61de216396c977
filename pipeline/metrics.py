"""Figures for Prometheus, counted from what the log says: who tells of an event tells it once.

No label holds an address, a task or anything else that callers wrote.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pipeline.domain.job import JobStatus
from pipeline.domain.verdict import Outcome

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STAGE_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUEST_SECONDS = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60)

Fields = Mapping[str, object]


class Metrics(logging.Handler):
    """A handler of the log of this process; what is true of the database at the time is given to ``text``."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        registry = self._registry = CollectorRegistry()
        self._accepted = Counter("pipeline_jobs_accepted", "Jobs taken in.", ["target"], registry=registry)
        self._ended = Counter("pipeline_jobs_ended", "Jobs that ended.", ["status", "target"], registry=registry)
        self._took = Histogram(
            "pipeline_job_seconds", "From receipt to end.", ["status"], buckets=STAGE_SECONDS, registry=registry
        )
        self._stages = Histogram(
            "pipeline_stage_seconds", "Of stages.", ["stage", "outcome"], buckets=STAGE_SECONDS, registry=registry
        )
        self._verdicts = Counter("pipeline_verdicts", "Of checks of ended jobs.", ["verdict"], registry=registry)
        self._tokens = Counter("pipeline_tokens", "Paid for by ended jobs.", ["model"], registry=registry)
        self._cost = Counter("pipeline_cost_usd", "Known cost of ended jobs.", ["model"], registry=registry)
        self._model_errors = Counter("pipeline_model_errors", "Model calls without an answer.", registry=registry)
        self._deliveries = Counter("pipeline_deliveries", "Tries to tell.", ["outcome"], registry=registry)
        self._requests = Histogram(
            "pipeline_http_request_seconds",
            "Of requests.",
            ["method", "status"],
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._jobs = Gauge("pipeline_jobs", "Unfinished jobs.", ["status"], registry=registry)
        self._oldest = Gauge("pipeline_queue_age_seconds", "Of the job that waits longest.", registry=registry)
        self._counts: dict[str, Callable[[Fields], None]] = {
            "job.accepted": lambda fields: self._accepted.labels(fields["target"]).inc(),
            "job.ended": self._count_end,
            "job.stage": self._count_stage,
            "model.failed": lambda _: self._model_errors.inc(),
            "delivery.made": lambda _: self._deliveries.labels("delivered").inc(),
            "delivery.failed": lambda _: self._deliveries.labels("failed").inc(),
            "http.request": self._count_request,
        }

    def emit(self, record: logging.LogRecord) -> None:
        """Count one event."""
        if count := self._counts.get(getattr(record, "action", "")):
            count(vars(record))

    def text(self, counts: Mapping[JobStatus, int], queue_age: timedelta) -> bytes:
        """All figures, as Prometheus reads them (text format 0.0.4)."""
        for status, count in counts.items():
            self._jobs.labels(status.value).set(count)
        self._oldest.set(queue_age.total_seconds())
        return generate_latest(self._registry)

    def _count_end(self, fields: Fields) -> None:
        self._ended.labels(fields["status"], fields["target"]).inc()
        self._took.labels(fields["status"]).observe(_number(fields.get("seconds")))
        for outcome in Outcome:
            count = _number(fields.get(f"checks_{outcome.name.lower()}"))
            self._verdicts.labels(outcome.name.lower()).inc(count)
        if model := fields.get("model"):
            self._tokens.labels(model).inc(_number(fields.get("tokens")))
            self._cost.labels(model).inc(_number(fields.get("cost_usd")))

    def _count_stage(self, fields: Fields) -> None:
        outcome = "failed" if "error" in fields else "finished"
        self._stages.labels(fields["stage"], outcome).observe(_number(fields["seconds"]))

    def _count_request(self, fields: Fields) -> None:
        method = fields["method"] if fields["method"] in METHODS else "other"
        self._requests.labels(method, fields["status"]).observe(_number(fields["ms"]) / 1000)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
