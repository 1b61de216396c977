"""The log's line for each request."""

import logging
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.web.app import create_app
from pipeline.web.request_log import RequestLog
from tests.fakes.jobs import MemoryServices


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://pipeline.test")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.name == RequestLog.__module__]


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, RequestLog.__module__)


async def test_a_request_is_told_with_method_path_status_and_milliseconds(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(create_app(MemoryServices())) as client:
        await client.get("/jobs?email=ada@example.com&token=hidden")
    [line] = lines(caplog)
    assert (line["method"], line["path"], line["status"], line["levelname"]) == ("GET", "/jobs", 401, "INFO")
    assert line["ms"] >= 0
    assert "hidden" not in str(line)
    assert "ada@" not in str(line)


async def test_what_machines_ask_every_few_seconds_is_only_told_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(create_app(MemoryServices())) as client:
        await client.get("/health")
    assert [line["levelname"] for line in lines(caplog)] == ["DEBUG"]


async def test_a_request_that_breaks_is_told_as_500(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError

    async with client_of(RequestLog(broken)) as client:
        await client.get(f"/{'a' * 1000}")
    [line] = lines(caplog)
    assert line["status"] == 500
    assert len(line["path"]) == 300
