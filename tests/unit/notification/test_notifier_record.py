"""What is on record decides how the notifier goes on, and what is sent by hand."""

from datetime import timedelta

import pytest

from pipeline.domain.notification import Delivery, DeliveryState
from pipeline.notification.notifier import WebhookNotifier
from tests.builders import make_delivery, make_notification
from tests.fakes.clock import START
from tests.fakes.deliveries import MemoryDeliveries
from tests.unit.notification.telling import DEADLINE, JOB, URL, Telling


@pytest.mark.parametrize("others", [(), (500,), (500, 400)])
async def test_a_recorded_success_is_never_sent_again(others: tuple[int, ...]) -> None:
    recorded = [make_delivery(attempt=n, status=status) for n, status in enumerate((*others, 204), start=1)]
    telling = Telling(recorded=[*recorded, make_delivery(attempt=9, status=500)])
    assert await telling.notify() is DeliveryState.DELIVERED
    assert (telling.client.began, telling.clock.slept) == ([], [])


@pytest.mark.parametrize("status", [400, 403, 410])
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


async def test_a_job_that_is_resumed_long_after_its_last_attempt_need_not_wait() -> None:
    telling = Telling(recorded=[make_delivery(status=500, at=START - timedelta(hours=2))])
    assert await telling.notify(START - timedelta(hours=1)) is DeliveryState.DELIVERED
    assert telling.clock.slept == [0]


async def test_a_job_that_is_resumed_late_gets_one_more_attempt_and_no_second() -> None:
    telling = Telling(500, recorded=[make_delivery(status=500, at=START - timedelta(seconds=1), seconds=1)])
    assert await telling.notify(START) is DeliveryState.DEAD_LETTER
    assert telling.clock.slept == [1]
    assert await telling.statuses() == [500, 500]


async def test_a_success_by_hand_meanwhile_ends_the_schedule() -> None:
    telling = Telling(*[500] * 100)

    class DeliveredMeanwhile(MemoryDeliveries):
        async def add(self, job_id: str, delivery: Delivery) -> None:
            await super().add(job_id, delivery)
            await super().add(job_id, make_delivery(attempt=2, status=200))

    notifier = WebhookNotifier(DeliveredMeanwhile(), telling.client, telling.clock)
    assert await notifier.notify(JOB, URL, make_notification(), DEADLINE) is DeliveryState.DELIVERED
    assert telling.client.began == [0]


async def test_an_attempt_that_cannot_be_recorded_is_not_followed_by_another() -> None:
    telling = Telling(500)

    class FullDisk(MemoryDeliveries):
        async def add(self, job_id: str, delivery: Delivery) -> None:
            raise OSError(f"no room for attempt {delivery.attempt} of {job_id}")

    notifier = WebhookNotifier(FullDisk(), telling.client, telling.clock)
    with pytest.raises(OSError, match="no room"):
        await notifier.notify(JOB, URL, make_notification(), DEADLINE)
    assert telling.client.began == [0]


# By hand


@pytest.mark.parametrize(
    ("recorded", "status", "state"),
    [
        ([], 200, DeliveryState.DELIVERED),
        ([500], 200, DeliveryState.DELIVERED),
        ([410], 200, DeliveryState.DELIVERED),
        ([500], 500, DeliveryState.DEAD_LETTER),
        ([500], 302, DeliveryState.DEAD_LETTER),
        ([410], 410, DeliveryState.DEAD_LETTER),
        ([200], 200, DeliveryState.DELIVERED),
        ([200], 500, DeliveryState.DELIVERED),
        ([500], None, DeliveryState.DEAD_LETTER),
    ],
)
async def test_redelivering_is_exactly_one_more_attempt(
    recorded: list[int], status: int | None, state: DeliveryState
) -> None:
    telling = Telling(status, recorded=[make_delivery(attempt=n, status=s) for n, s in enumerate(recorded, start=1)])
    assert await telling.redeliver() is state
    assert await telling.statuses() == [*recorded, status]
    assert telling.client.limits == [(30, 30)]
    assert telling.clock.slept == []
