"""Heavy requests of senders that nobody knows."""

import pytest

from pipeline.web import body as body_reading
from pipeline.web import deploy_routes
from tests.integration.http_rig import Client, post


@pytest.mark.parametrize("secret", ["a-wrong-secret-for-tests", None])
async def test_a_heavy_request_is_not_parsed_before_its_secret_is_known(
    client: Client, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    monkeypatch.delattr(deploy_routes, "read_object")
    assert (await post(client, secret=secret, padding="x" * body_reading.HEAVY_BYTES)).status_code == 403


@pytest.mark.parametrize("path", ["/mcp", "/gradio_api/cancel"])
async def test_what_needs_no_secret_takes_no_heavy_request(client: Client, path: str) -> None:
    response = await client.post(path, json={"padding": "x" * body_reading.HEAVY_BYTES})
    assert (response.status_code, response.json()["ok"]) == (413, False)
