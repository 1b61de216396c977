"""When evaluators are told, and when that stops; time is fake. The exchange itself is tested with real servers."""

import asyncio
import socket
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import SystemClock
from pipeline.domain.address import UrlRule
from pipeline.domain.job import EventKind, JobStatus, Stage
from pipeline.domain.notification import Delivery, DeliveryState, Trigger
from pipeline.notification.egress import Answer, EgressClient
from tests.fakes.clock import START, FakeClock
from tests.fakes.evaluator import EvaluatorServer, Step
from tests.integration.telling_rig import DEADLINE_SECONDS, Telling, after, scripted, statuses

QUICK = [0, 1, 2, 4, 8, 16, 32] + [60] * 8


@pytest.mark.parametrize("failures", [0, 1, 3, 8])
async def test_the_evaluator_is_tried_until_it_answers_200(failures: int, tmp_path: Path) -> None:
    async with scripted(tmp_path, *[500] * failures, 200) as telling:
        job = await telling.told(await telling.live())
        assert (job.status, job.notification, job.is_over) == (JobStatus.SUCCEEDED, DeliveryState.DELIVERED, True)
        assert (statuses(job), telling.waits) == ([500] * failures + [200], QUICK[: failures + 1])


async def test_every_attempt_is_recorded_with_its_number_time_and_outcome(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, 503, seconds=2.5) as telling:
        assert (await telling.told(await telling.live())).deliveries == (
            Delivery(1, START, None, 2.5, "", "no answer within 30 seconds"),
            Delivery(2, START + timedelta(seconds=3.5), 503, 2.5, "seen"),
            Delivery(3, START + timedelta(seconds=8), 200, 2.5, "seen"),
        )


async def test_until_the_deadline_it_comes_quickly_then_slowly_then_it_is_given_up(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[500] * 100, retry_time=timedelta(seconds=1300)) as telling:
        job = await telling.told(await telling.live(), attempts=len(QUICK) - 1)
        assert not job.is_over
        job = await telling.told(job, attempts=1)
        assert (job.notification, job.is_over, telling.waits) == (DeliveryState.PENDING, True, QUICK)
        job = await telling.told(job)
        assert (job.notification, telling.waits[len(QUICK) :]) == (DeliveryState.DEAD_LETTER, [600, 600])


async def test_the_time_that_attempts_take_counts(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[None] * 4, seconds=30) as telling:
        await telling.told(await telling.live(seconds=100))
        assert telling.waits == [0, 1, 2, 4, 600]


async def test_there_is_an_attempt_even_when_the_deadline_has_passed(tmp_path: Path) -> None:
    async with scripted(tmp_path, 500) as telling:
        job = await telling.told(await telling.live(seconds=-1))
        assert (statuses(job), telling.waits) == ([500, 200], [0, 600])


@pytest.mark.parametrize("status", [401, 410, 422])
async def test_what_will_not_heal_is_a_dead_letter_at_once(status: int, tmp_path: Path) -> None:
    async with scripted(tmp_path, status) as telling:
        job = await telling.told(await telling.live())
        assert (job.notification, job.next_attempt_at, statuses(job)) == (DeliveryState.DEAD_LETTER, None, [status])


LATE = DEADLINE_SECONDS + 1


@pytest.mark.parametrize(
    ("answers", "seconds", "waits"),
    [
        ([after(7), after(1, 503), after(0), 500], 0, [7, 2, 4, 8]),
        ([after(format_datetime(START + timedelta(seconds=90), usegmt=True))], 10, [80]),
        ([after("")], 0, [1]),
        ([after("soon")], 0, [1]),
        ([after("-5")], 0, [1]),
        ([after("Sun, 01 Mar 2026 11:00:00 GMT"), after("Sun, 01 Mar 2026 12:00:31 -0000")], 0, [1, 30]),
        ([after(LATE)], 0, [LATE]),
        ([after(1), after(DEADLINE_SECONDS)], 0, [1, DEADLINE_SECONDS]),
        ([after(86_400)], 0, [86_400]),
        ([after("999999999999")], 0, []),
    ],
)
async def test_retry_after_is_a_minimum_and_the_schedule_goes_on_behind_it(
    answers: list[int | Answer], seconds: float, waits: list[float], tmp_path: Path
) -> None:
    async with scripted(tmp_path, *answers, seconds=seconds) as telling:
        job = await telling.told(await telling.live())
        assert telling.waits == [0, *waits]
        assert (job.notification is DeliveryState.DELIVERED) is bool(waits)


async def test_another_process_goes_on_where_the_record_ends(tmp_path: Path) -> None:
    clock = FakeClock()
    async with scripted(tmp_path, 500, 500, after(90), clock=clock) as telling:
        job = await telling.told(await telling.live(), attempts=3)
    clock.advance(5)
    async with scripted(tmp_path, 500, clock=clock) as telling:
        job = await telling.told(job)
        assert (job.notification, telling.waits) == (DeliveryState.DELIVERED, [85, 8])
        assert [delivery.attempt for delivery in job.deliveries] == [1, 2, 3, 4, 5]


async def test_a_success_by_hand_meanwhile_ends_the_schedule(tmp_path: Path) -> None:
    async with scripted(tmp_path, 500) as telling:
        job = await telling.told(await telling.live(), attempts=1)
        await telling.by_hand(job)
        await telling.outbox.tell_due(job.id)
        job = await telling.told(job)
        assert [delivery.trigger for delivery in job.deliveries] == [Trigger.SCHEDULED, Trigger.MANUAL]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([200], DeliveryState.DELIVERED),
        ([500, 200], DeliveryState.DELIVERED),
        ([410, 200], DeliveryState.DELIVERED),
        ([500, 302], DeliveryState.PENDING),
        ([500, None], DeliveryState.PENDING),
        ([410, 410], DeliveryState.DEAD_LETTER),
        ([410, 500], DeliveryState.DEAD_LETTER),
        ([200, 200], DeliveryState.DELIVERED),
        ([200, 500], DeliveryState.DELIVERED),
    ],
)
async def test_by_hand_there_is_exactly_one_more_attempt(
    answers: list[int | None], state: DeliveryState, tmp_path: Path
) -> None:
    async with scripted(tmp_path, *answers) as telling:
        job = await telling.live()
        job = await telling.by_hand(await telling.told(job, attempts=len(answers) - 1))
        assert (statuses(job), job.notification) == (answers, state)
        assert job.deliveries[-1].trigger is Trigger.MANUAL


# What is told of it


@pytest.mark.parametrize(
    ("answers", "kind", "detail"),
    [([500, 200], EventKind.FINISHED, ""), ([500, 410], EventKind.FAILED, "given up at attempt 2: HTTP 410")],
)
async def test_the_timeline_tells_of_the_stage_from_the_first_attempt_to_the_last(
    answers: list[int], kind: EventKind, detail: str, tmp_path: Path
) -> None:
    async with scripted(tmp_path, *answers, seconds=2) as telling:
        job = await telling.told(await telling.live())
        await telling.by_hand(job)
        events = [event for event in await telling.records.events(job.id) if event.stage is Stage.NOTIFY]
        assert [event.kind for event in events] == [EventKind.STARTED, kind]
        assert (events[1].detail, events[1].seconds) == (detail, 2 + 1 + 2)


async def test_each_failed_attempt_is_in_the_log_with_the_time_of_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted(tmp_path, None, after(7), 503, 410) as telling:
        job = await telling.told(await telling.live())
    lines: list[Any] = [vars(record) for record in caplog.records if hasattr(record, "next_in_seconds")]
    assert {(line["levelname"], line["job_id"], line["action"]) for line in lines} == {
        ("WARNING", job.id, "delivery.failed")
    }
    assert [(line["attempt"], line["status"], line["error"], line["next_in_seconds"]) for line in lines] == [
        (1, None, "no answer within 30 seconds", 1.0),
        (2, 429, None, 7.0),
        (3, 503, None, 4.0),
        (4, 410, None, None),
    ]


# The clock


@pytest.mark.parametrize("jump", [-3600, 3600])
async def test_a_clock_that_is_set_makes_nobody_wait_longer(jump: float, tmp_path: Path) -> None:
    async with scripted(tmp_path, 500) as telling:
        clock, timer = telling.clock, telling.outbox.timer()
        assert isinstance(clock, FakeClock)
        job = await telling.told(await telling.live(), attempts=1)
        clock.jump(jump)
        clock.advance(1)
        timer.start()
        job = await telling.delivered(job)
        await timer.stop(1)
        assert statuses(job) == [500, 200]


# Many at once, with real receivers


def client_of(*origins: str) -> EgressClient:
    return EgressClient(UrlRule(origins))


async def test_receivers_that_hang_delay_no_other(tmp_path: Path) -> None:
    with ExitStack() as stack, EvaluatorServer() as good:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(64)]
        origins = [f"http://127.0.0.1:{server.getsockname()[1]}" for server in silent]
        async with Telling(tmp_path, client_of(*origins, good.origin), SystemClock()) as telling:
            hanging = [await telling.live(f"h{n}", f"{origin}/notify") for n, origin in enumerate(origins)]
            timer = telling.outbox.timer()
            timer.start()
            await telling.delivered(await telling.live("good", good.url))
            still = [await telling.records.get(job.id) for job in hanging]
            await timer.stop(0)
    assert [(job.notification, job.deliveries) for job in still] == [(DeliveryState.PENDING, ())] * len(silent)


async def test_at_a_receiver_that_mostly_hangs_sixteen_are_told_at_once(tmp_path: Path) -> None:
    with EvaluatorServer([Step(delay=3600)] * 12) as evaluator:
        async with Telling(tmp_path, client_of(evaluator.origin), SystemClock()) as telling:
            timer = telling.outbox.timer()
            timer.start()
            hanging = [await telling.live(f"h{n}", evaluator.url) for n in range(12)]
            await asyncio.to_thread(evaluator.wait_for, 12)
            for number in range(3):
                await telling.delivered(await telling.live(f"good{number}", evaluator.url))
            assert [(await telling.records.get(job.id)).deliveries for job in hanging] == [()] * 12
            await timer.stop(0)
