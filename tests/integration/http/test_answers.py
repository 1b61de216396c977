"""POST /api-deploy is answered before the evaluator is told, with jobs in memory."""

import asyncio

from pipeline.domain.job import Failure, Stage
from tests.fakes.served import until
from tests.integration.http_rig import Client, post


async def test_who_waits_is_answered_when_the_app_is_live_and_only_then_may_the_evaluator_be_told(
    client: Client,
) -> None:
    waiting = asyncio.create_task(post(client, prefer=None, evaluation_url="https://example.com/notify"))
    await until(lambda: client.jobs.waiting)
    client.jobs.finish(client.jobs.ids[0])
    assert client.jobs.held
    answer = (await waiting).json()
    assert (answer["status"], answer["notification"]["status"]) == ("succeeded", "pending")
    assert not client.jobs.held


async def test_every_answer_lets_the_callback_go(client: Client) -> None:
    for prefer in ("respond-async", "wait=0"):
        await post(client, prefer=prefer, evaluation_url="https://example.com/notify")
    client.jobs.fail(client.jobs.ids[0], Failure(Stage.PUBLISH, "publish_failed", "no"))
    assert (await post(client, evaluation_url="https://example.com/notify")).status_code == 502
    assert not client.jobs.held
