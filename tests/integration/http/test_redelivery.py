"""POST /deliveries/redeliver through the whole application, with jobs in memory."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.address import Origin
from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import ADA, Client, accept, bearer

PATH = "/deliveries/redeliver"


async def test_dead_letters_are_counted_and_asked_for_by_time_and_origin(client: Client) -> None:
    await accept(client.services)
    wanted = {"since": "2026-01-31T13:00:00+01:00", "origin": "https://Evaluator.example.com"}
    response = await client.post(PATH, json=wanted)
    assert (response.status_code, response.json()) == (200, {"ok": True, "redelivered": 1})
    assert client.jobs.retried == [
        {
            "email": None,
            "since": datetime(2026, 1, 31, 12, tzinfo=UTC),
            "origin": Origin("https", "evaluator.example.com", 443),
        }
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"since": null, "origin": null, "more": 1}'])
async def test_without_a_choice_all_are_meant(client: Client, body: bytes) -> None:
    assert (await client.post(PATH, content=body)).status_code == 200
    assert client.jobs.retried == [{"email": None, "since": None, "origin": None}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("since", value)
            for value in ("yesterday", 5, True, "", "2026-13-01", "9999-12-31T23:59:59-23:59", "x" * 99)
        ],
        *[("origin", value) for value in ("https://a.example.com/path", "ftp://a", 5, "https://u@a.example.com")],
    ],
)
async def test_what_is_no_time_or_origin_is_refused(client: Client, field: str, value: Any) -> None:
    response = await client.post(PATH, json={field: value})
    assert (response.status_code, response.json()["fields"][0]["field"]) == (400, field)
    assert client.jobs.retried == []


async def test_an_owner_sends_its_own_alone_and_nobody_without_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({ADA: "secret-of-ada-0123"}))
    async with Client(MemoryServices(deploy_secrets_file=path)) as client:
        assert (await client.post(PATH)).status_code == 401
        assert (await client.post(PATH, headers=bearer("secret-of-ada-0123"))).status_code == 200
    assert [chosen["email"] for chosen in client.jobs.retried] == [ADA]
