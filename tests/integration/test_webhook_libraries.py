"""Signatures, verified as receivers do it: with the published libraries of Standard Webhooks."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from pipeline.clock import SystemClock
from pipeline.domain.address import UrlRule
from pipeline.domain.notification import Trigger
from pipeline.notification.egress import EgressClient
from pipeline.notification.notifier import WebhookNotifier
from tests.builders import make_notification
from tests.fakes.evaluator import EvaluatorServer, Received

PACKAGES = Path(sys.prefix) / "node/node_modules"
KEYS = [base64.b64encode(bytes([number]) * 24).decode() for number in (1, 2, 3)]


async def received(secrets: str) -> Received:
    """What an evaluator gets that is told now."""
    with EvaluatorServer() as evaluator:
        clock, client = SystemClock(), EgressClient(UrlRule((evaluator.origin,)))
        notifier, message = WebhookNotifier(client, clock, secrets), make_notification(task="Größe ✓")
        await notifier.tell("0" * 32, evaluator.url, message, 1, Trigger.SCHEDULED)
    (request,) = evaluator.requests
    return request


async def test_while_keys_change_pythons_library_verifies_with_the_old_one_and_with_the_new_one() -> None:
    request = await received(f"whsec_{KEYS[0]}, {KEYS[1]}")
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for key in (KEYS[0], f"whsec_{KEYS[1]}"):
        assert Webhook(key).verify(request.body, request.headers)["task"] == "Größe ✓"
    with pytest.raises(WebhookVerificationError):
        Webhook(KEYS[2]).verify(request.body, request.headers)


@pytest.mark.skipif(not (PACKAGES / "standardwebhooks").exists(), reason="the npm package is not installed")
async def test_javascripts_library_verifies_as_well() -> None:
    request = await received(f"{KEYS[0]},{KEYS[1]}")
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    given = [KEYS[1], request.body.decode(), {name: request.headers[name] for name in names}]
    script = """
        const {Webhook} = require("standardwebhooks");
        const [key, body, headers] = JSON.parse(process.argv[1]);
        new Webhook(key).verify(body, headers);
    """
    subprocess.run(["node", "-e", script, json.dumps(given)], cwd=PACKAGES.parent, check=True)  # noqa: ASYNC221
