"""What the log says of deliveries that failed."""

from typing import Any

import pytest

from tests.unit.notification.rig import JOB, Telling, after


def failures(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    told = [vars(record) for record in caplog.records if vars(record).get("action") == "delivery.failed"]
    assert {(line["levelname"], line["job_id"]) for line in told} <= {("WARNING", JOB)}
    return [(line["attempt"], line["status"], line["error"], line["next_in_seconds"]) for line in told]


async def test_each_failed_delivery_is_told_with_the_time_of_the_next(caplog: pytest.LogCaptureFixture) -> None:
    await Telling(None, after(7), 503, 200).notify()
    assert failures(caplog) == [(1, None, "no answer within 30 seconds", 1.0), (2, 429, None, 7.0), (3, 503, None, 4.0)]


async def test_after_the_last_attempt_there_is_no_next(caplog: pytest.LogCaptureFixture) -> None:
    await Telling(500, 410).notify()
    assert failures(caplog) == [(1, 500, None, 1.0), (2, 410, None, None)]


async def test_an_attempt_by_hand_is_told_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    await Telling(500).redeliver()
    await Telling(200).redeliver()
    assert failures(caplog) == [(1, 500, None, None)]


async def test_the_one_that_was_taken_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await Telling(500, 200).notify()
    made = [vars(record) for record in caplog.records if vars(record).get("action") == "delivery.made"]
    assert [(line["job_id"], line["attempt"], line["status"]) for line in made] == [(JOB, 2, 200)]
