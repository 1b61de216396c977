"""What the log tells is counted; nothing that callers wrote becomes a label."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from pipeline.domain.job import JobStatus
from pipeline.metrics import Metrics

ENDED = {"status": "succeeded", "target": "local", "seconds": 3.5, "checks_pass": 4, "checks_fail": 1}
EVENTS: list[tuple[str, dict[str, Any], str]] = [
    ("job.accepted", {"target": "local", "task": "private"}, 'pipeline_jobs_accepted_total{target="local"} 1.0'),
    ("job.ended", ENDED, 'pipeline_jobs_ended_total{status="succeeded",target="local"} 1.0'),
    ("job.ended", ENDED, 'pipeline_job_seconds_sum{status="succeeded"} 3.5'),
    ("job.ended", ENDED, 'pipeline_verdicts_total{verdict="pass"} 4.0'),
    ("job.ended", ENDED | {"model": "m", "tokens": 70}, 'pipeline_tokens_total{model="m"} 70.0'),
    ("job.ended", ENDED | {"model": "m", "cost_usd": 0.25}, 'pipeline_cost_usd_total{model="m"} 0.25'),
    (
        "job.stage",
        {"stage": "verify", "seconds": 0.4},
        'pipeline_stage_seconds_bucket{le="0.5",outcome="finished",stage="verify"} 1.0',
    ),
    (
        "job.stage",
        {"stage": "publish", "seconds": 1, "error": "private"},
        'pipeline_stage_seconds_count{outcome="failed",stage="publish"} 1.0',
    ),
    ("model.failed", {}, "pipeline_model_errors_total 1.0"),
    ("delivery.made", {}, 'pipeline_deliveries_total{outcome="delivered"} 1.0'),
    ("delivery.failed", {}, 'pipeline_deliveries_total{outcome="failed"} 1.0'),
    (
        "http.request",
        {"method": "GET", "status": 200, "ms": 7, "path": "/private"},
        'pipeline_http_request_seconds_bucket{le="0.01",method="GET",status="200"} 1.0',
    ),
    (
        "http.request",
        {"method": "PRIVATE", "status": 405, "ms": 1},
        'pipeline_http_request_seconds_count{method="other",status="405"} 1.0',
    ),
]


@pytest.mark.parametrize(("action", "fields", "line"), EVENTS)
def test_an_event_is_counted(action: str, fields: dict[str, Any], line: str) -> None:
    metrics = Metrics()
    for told in (action, "else"):
        metrics.emit(logging.makeLogRecord({"action": told, **fields}))
    text = metrics.text({}, timedelta()).decode()
    assert line in text.splitlines()
    assert "private" not in text.lower()


def test_what_waits_is_told_as_it_is_now() -> None:
    metrics = Metrics()
    for waiting in (3, 2):
        text = metrics.text({JobStatus.WAITING: waiting, JobStatus.RUNNING: 1}, timedelta(seconds=90)).decode()
    assert 'pipeline_jobs{status="waiting"} 2.0' in text
    assert "pipeline_queue_age_seconds 90.0" in text
