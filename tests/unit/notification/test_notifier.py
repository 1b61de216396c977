"""When the notifier tries, and when it stops. Time is fake here; the exchange itself is tested with real servers."""

import asyncio
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.notification import Delivery, DeliveryState, Trigger
from pipeline.notification.notifier import SHORTEST_ATTEMPT_SECONDS, WebhookNotifier
from tests.builders import make_delivery, make_notification
from tests.fakes.clock import START, FakeClock
from tests.fakes.deliveries import MemoryDeliveries
from tests.unit.notification.rig import DEADLINE, JOB, URL, Telling, after


@pytest.mark.parametrize("failures", [0, 1, 3, 8])
async def test_the_evaluator_is_tried_until_it_answers_200(failures: int) -> None:
    telling = Telling(*[500] * failures, 200)
    assert await telling.notify() is DeliveryState.DELIVERED
    assert await telling.statuses() == [500] * failures + [200]
    assert telling.clock.slept == [1, 2, 4, 8, 16, 32, 60, 60][:failures]


async def test_every_attempt_is_recorded_with_its_number_time_and_outcome() -> None:
    telling = Telling(None, 503, seconds=2.5)
    await telling.notify()
    assert await telling.deliveries.of(JOB) == (
        Delivery(1, START, None, 2.5, "", "no answer within 30 seconds"),
        Delivery(2, START + timedelta(seconds=3.5), 503, 2.5, "seen"),
        Delivery(3, START + timedelta(seconds=8), 200, 2.5, "seen"),
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_ends_it(status: int) -> None:
    telling = Telling(status)
    assert await telling.notify() is DeliveryState.DELIVERED
    assert await telling.statuses() == [status]


@pytest.mark.parametrize(
    "status", [100, 101, 300, 301, 302, 304, 307, 308, 400, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599]
)
async def test_what_may_heal_is_tried_again(status: int) -> None:
    telling = Telling(status, 200)
    assert await telling.notify() is DeliveryState.DELIVERED
    assert await telling.statuses() == [status, 200]


@pytest.mark.parametrize("status", [401, 402, 403, 405, 406, 410, 413, 418, 422, 451])
async def test_what_will_not_heal_is_a_dead_letter_at_once(status: int) -> None:
    telling = Telling(status)
    assert await telling.notify() is DeliveryState.DEAD_LETTER
    assert await telling.statuses() == [status]
    assert telling.clock.slept == []


async def test_an_evaluator_that_never_answers_well_is_left_for_later_before_the_deadline() -> None:
    telling = Telling(*[500] * 100)
    assert await telling.notify() is DeliveryState.PENDING
    assert telling.clock.slept == [1, 2, 4, 8, 16, 32] + [60] * 8
    assert telling.clock.monotonic() == 543
    assert len(await telling.statuses()) == 15


async def test_an_attempt_may_begin_at_the_deadline_but_not_after_it() -> None:
    on_time, late = Telling(500), Telling(500)
    assert await on_time.notify(START + timedelta(seconds=1)) is DeliveryState.DELIVERED
    assert await late.notify(START + timedelta(seconds=0.9)) is DeliveryState.PENDING
    assert late.clock.slept == []


async def test_the_time_that_attempts_take_counts() -> None:
    telling = Telling(*[None] * 100, seconds=30)
    await telling.notify(START + timedelta(seconds=100))
    assert telling.client.began == [0, 31, 63, 97]


@pytest.mark.parametrize("deadline", [START, START - timedelta(seconds=1), START - timedelta(days=1)])
async def test_there_is_one_attempt_even_when_the_deadline_has_passed(deadline: datetime) -> None:
    delivered, failed = Telling(200), Telling(500)
    assert await delivered.notify(deadline) is DeliveryState.DELIVERED
    assert await failed.notify(deadline) is DeliveryState.PENDING
    assert await failed.statuses() == [500]
    assert failed.client.limits == [(SHORTEST_ATTEMPT_SECONDS, SHORTEST_ATTEMPT_SECONDS)]


async def test_an_attempt_gets_what_is_left_of_the_job_within_bounds() -> None:
    telling = Telling(*[500] * 4)
    await telling.notify(START + timedelta(seconds=25))
    assert telling.client.began == [0, 1, 3, 7, 15]
    assert [seconds for seconds, _ in telling.client.limits] == [25, 24, 22, 18, SHORTEST_ATTEMPT_SECONDS]
    assert [queue for _, queue in telling.client.limits] == [25, 24, 22, 18, SHORTEST_ATTEMPT_SECONDS]
    unhurried = Telling()
    await unhurried.notify()
    assert unhurried.client.limits == [(30, 600)]


# Retry-After


async def test_retry_after_is_a_minimum_and_the_schedule_goes_on_behind_it() -> None:
    telling = Telling(after(7), after(1, 503), after(0), 500)
    await telling.notify()
    assert telling.clock.slept == [7, 2, 4, 8]


async def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(START + timedelta(seconds=90), usegmt=True)
    telling = Telling(after(date), seconds=10)
    await telling.notify()
    assert telling.clock.slept == [80]


@pytest.mark.parametrize("value", ["", "soon", "-5"])
async def test_a_retry_after_that_means_nothing_changes_nothing(value: str) -> None:
    telling = Telling(after(value))
    await telling.notify()
    assert telling.clock.slept == [1]


async def test_a_date_that_has_passed_or_has_no_time_zone_is_understood() -> None:
    telling = Telling(after("Sun, 01 Mar 2026 11:00:00 GMT"), after("Sun, 01 Mar 2026 12:00:31 -0000"))
    await telling.notify()
    assert telling.clock.slept == [1, 30]


@pytest.mark.parametrize("value", ["601", "86400", "999999999999", format_datetime(DEADLINE + timedelta(seconds=1))])
async def test_being_asked_to_come_back_after_the_deadline_leaves_it_for_later_at_once(value: str) -> None:
    telling = Telling(after(value))
    assert await telling.notify() is DeliveryState.PENDING
    assert (await telling.statuses(), telling.clock.slept) == ([429], [])


@given(st.text())
def test_no_retry_after_breaks_the_schedule(value: str) -> None:
    telling = Telling(after(value))
    asyncio.run(telling.notify())
    assert telling.clock.slept == [] or telling.clock.slept[0] >= 1


# Clocks and cancellation


@pytest.mark.parametrize("jump", [-3600, 3600])
async def test_a_jump_of_the_wall_clock_changes_neither_waits_nor_end(jump: float) -> None:
    class Jumping(MemoryDeliveries):
        async def add(self, job_id: str, delivery: Delivery) -> None:
            await super().add(job_id, delivery)
            if delivery.attempt == 2:
                telling.clock.jump(jump)

    telling = Telling(*[500] * 100, deliveries=Jumping())
    assert await telling.notify() is DeliveryState.PENDING
    assert telling.clock.slept == [1, 2, 4, 8, 16, 32] + [60] * 8


async def test_a_record_from_the_future_delays_by_no_more_than_the_schedule() -> None:
    telling = Telling(recorded=[make_delivery(attempt=3, status=500, at=START + timedelta(hours=1))])
    await telling.notify()
    assert telling.clock.slept == [4]


async def test_cancelling_ends_a_wait_and_leaves_the_record_as_it_was() -> None:
    telling = Telling(500)

    class Endless(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await asyncio.Event().wait()

    clock = Endless()
    notifier = WebhookNotifier(telling.deliveries, telling.client, clock)
    task = asyncio.create_task(notifier.notify(JOB, URL, make_notification(), DEADLINE))
    while not clock.slept:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await telling.statuses() == [500]


# What is on record decides how the notifier goes on


@pytest.mark.parametrize("others", [(), (500,), (500, 410)])
async def test_a_recorded_success_is_never_sent_again(others: tuple[int, ...]) -> None:
    recorded = [make_delivery(attempt=n, status=status) for n, status in enumerate((*others, 204), start=1)]
    telling = Telling(recorded=[*recorded, make_delivery(attempt=9, status=500)])
    assert await telling.notify() is DeliveryState.DELIVERED
    assert (telling.client.began, telling.clock.slept) == ([], [])


@pytest.mark.parametrize("status", [401, 403, 410])
async def test_a_recorded_refusal_is_not_asked_again(status: int) -> None:
    telling = Telling(recorded=[make_delivery(status=500), make_delivery(attempt=2, status=status)])
    assert await telling.notify() is DeliveryState.DEAD_LETTER
    assert (telling.client.began, telling.clock.slept) == ([], [])


async def test_a_resumed_job_goes_on_with_the_count_and_the_schedule_of_its_record() -> None:
    at = START - timedelta(seconds=5)
    recorded = [make_delivery(attempt=n, status=500, at=at, seconds=2) for n in (1, 2, 3, 4)]
    telling = Telling(500, recorded=recorded)
    assert await telling.notify() is DeliveryState.DELIVERED
    assert telling.clock.slept == [8 - 3, 16]
    assert [delivery.attempt for delivery in await telling.deliveries.of(JOB)] == [1, 2, 3, 4, 5, 6]


async def test_what_the_evaluator_asked_for_outlives_a_crash() -> None:
    early, late = (make_delivery(status=429, at=START, seconds=0, retry_after=after) for after in (90.0, 601.0))
    soon, beyond = Telling(recorded=[early]), Telling(recorded=[late])
    assert (await soon.notify(), soon.clock.slept) == (DeliveryState.DELIVERED, [90])
    assert (await beyond.notify(), beyond.client.began) == (DeliveryState.PENDING, [])


async def test_an_attempt_that_is_due_is_not_made_after_a_recorded_success() -> None:
    telling = Telling(500, recorded=[make_delivery()])
    assert await telling.tell(Trigger.SCHEDULED) is DeliveryState.DELIVERED
    assert telling.client.began == []


async def test_a_job_that_is_resumed_long_after_its_last_attempt_need_not_wait() -> None:
    telling = Telling(recorded=[make_delivery(status=500, at=START - timedelta(hours=2))])
    assert await telling.notify(START - timedelta(hours=1)) is DeliveryState.DELIVERED
    assert telling.clock.slept == [0]


async def test_a_job_that_is_resumed_late_gets_one_more_attempt_and_no_second() -> None:
    telling = Telling(500, recorded=[make_delivery(status=500, at=START - timedelta(seconds=1), seconds=1)])
    assert await telling.notify(START) is DeliveryState.PENDING
    assert telling.clock.slept == [1]
    assert await telling.statuses() == [500, 500]


async def test_a_success_by_hand_meanwhile_ends_the_schedule() -> None:
    class DeliveredMeanwhile(MemoryDeliveries):
        async def add(self, job_id: str, delivery: Delivery) -> None:
            await super().add(job_id, delivery)
            await super().add(job_id, make_delivery(attempt=2, status=200))

    telling = Telling(*[500] * 100, deliveries=DeliveredMeanwhile())
    assert await telling.notify() is DeliveryState.DELIVERED
    assert telling.client.began == [0]


async def test_an_attempt_that_cannot_be_recorded_is_not_followed_by_another() -> None:
    class FullDisk(MemoryDeliveries):
        async def add(self, job_id: str, delivery: Delivery) -> None:
            raise OSError(f"no room for attempt {delivery.attempt} of {job_id}")

    telling = Telling(500, deliveries=FullDisk())
    with pytest.raises(OSError, match="no room"):
        await telling.notify()
    assert telling.client.began == [0]


# By hand


@pytest.mark.parametrize(
    ("recorded", "status", "state"),
    [
        ([], 200, DeliveryState.DELIVERED),
        ([500], 200, DeliveryState.DELIVERED),
        ([410], 200, DeliveryState.DELIVERED),
        ([500], 500, DeliveryState.PENDING),
        ([500], 302, DeliveryState.PENDING),
        ([410], 410, DeliveryState.DEAD_LETTER),
        ([200], 200, DeliveryState.DELIVERED),
        ([200], 500, DeliveryState.DELIVERED),
        ([500], None, DeliveryState.PENDING),
    ],
)
async def test_redelivering_is_exactly_one_more_attempt(
    recorded: list[int], status: int | None, state: DeliveryState
) -> None:
    telling = Telling(status, recorded=[make_delivery(attempt=n, status=s) for n, s in enumerate(recorded, start=1)])
    assert await telling.redeliver() is state
    assert await telling.statuses() == [*recorded, status]
    assert (await telling.deliveries.of(JOB))[-1].trigger is Trigger.MANUAL
    assert telling.client.limits == [(30, 30)]
    assert telling.clock.slept == []
