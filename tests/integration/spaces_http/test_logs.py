"""GET /spaces/{owner}/{name}/logs."""

import threading

import pytest

from pipeline.web.places import Places
from pipeline.web.spaces import log_routes
from tests.fakes.hub import Answer, Fault
from tests.fakes.jobs import MemoryServices
from tests.fakes.served import until
from tests.integration.space_functions import APP, ID
from tests.integration.spaces_http.rig import AT, HubClient, error_of, events, served


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "space-log"]


@pytest.mark.parametrize(("query", "line"), [("", "the app began"), ("?build=true", "step 1")])
async def test_a_log_is_one_event_per_line(client: HubClient, query: str, line: str) -> None:
    client.space.start()
    client.space.add_log("run", "the app began")
    client.space.add_log("build", "step 1")
    response = await client.get(f"{AT}/logs{query}")
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response.text)
    assert found[-1] == ("end", {"ok": True})
    assert [data["text"] for name, data in found if name == "line"][-1] == line


async def test_the_log_of_a_space_that_is_not_there_is_not_found(client: HubClient) -> None:
    response = await client.get("/spaces/deployer/tide/logs")
    assert ID in error_of(response, 404)


async def test_the_log_of_a_foreign_space_is_forbidden_by_status(client: HubClient) -> None:
    foreign = client.hub.create("visitor/waves", "gradio", APP)
    response = await client.get(f"/spaces/{foreign.id}/logs")
    assert response.status_code == 403


async def test_a_log_is_followed_until_the_client_leaves(client: HubClient, services: MemoryServices) -> None:
    client.hub.log_stream_seconds = None
    client.space.start()
    async with served(services) as visitor, visitor.stream("GET", f"{AT}/logs?follow=true") as response:
        lines = response.aiter_lines()
        assert response.status_code == 200
        async for line in lines:
            if "Application Startup" in line:
                break
        client.space.add_log("run", "somebody came by")
        async for line in lines:
            if "somebody came by" in line:
                break
        assert readers()
        await response.aclose()
        await until(lambda: not readers())


async def test_no_more_logs_are_open_at_once_than_there_are_places(client: HubClient, services: MemoryServices) -> None:
    client.hub.log_stream_seconds = None
    client.space.start()
    follow = f"{AT}/logs?follow=true"
    async with served(services, Places("too many event streams are open", 256, 1)) as visitor:
        async with visitor.stream("GET", follow) as response:
            assert response.status_code == 200
            refused = await visitor.get(follow)
            assert refused.status_code == 429
            assert refused.headers["retry-after"]
        await until(lambda: not readers())
        async with visitor.stream("GET", follow) as response:
            assert response.status_code == 200


async def test_following_ends_after_a_while(client: HubClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.hub.log_stream_seconds = None
    client.space.start()
    monkeypatch.setattr(log_routes, "LONGEST_FOLLOW_SECONDS", 0.2)
    response = await client.get(f"{AT}/logs?follow=true")
    assert events(response.text)[-1] == ("end", {"ok": True})


async def test_a_hub_that_is_lost_within_a_log_is_told_as_an_event(
    client: HubClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_routes, "FIRST_LINE_SECONDS", 0.0)
    client.space.start()
    client.hub.add_fault(Fault("GET", "/logs/run", times=None, answer=Answer(403, {"error": "not yours"})))
    response = await client.get(f"{AT}/logs")
    ((name, data),) = events(response.text)
    assert (response.status_code, name, data["ok"]) == (200, "error", False)
    assert "not yours" in data["error"]
