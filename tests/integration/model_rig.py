"""One model behind the real SDK, and a generator whose model answers by a script."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.clock import SystemClock
from pipeline.domain.conversation import CallLimits, Message, Reply, Role
from pipeline.domain.generation import Generation, Order
from pipeline.generation.generator import ModelGenerator
from pipeline.generation.model.budget import Caps, MeteredModel
from pipeline.generation.model.chain import ModelChain
from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.generation.prompts import Prompts
from tests.fakes.model import Answer, Entry, ModelServer
from tests.fakes.model_calls import RecordingLedger

KEY = "sk-or-v1-8d7f6a5b4c3d2e1f"
JOB = "0123456789abcdef0123456789abcdef"
BRIEF = "Build a page that sums up the sales of all regions and shows the total."
TEXT = '<file path="index.html">\n<h1>Sales</h1>\n</file>\n'
CONVERSATION = (Message(Role.SYSTEM, "You build apps."), Message(Role.USER, BRIEF))
AMPLE = CallLimits(max_output_tokens=1_000, seconds=60)
SHORT = CallLimits(max_output_tokens=1_000, seconds=2)
STUCK_SECONDS = 30  # a test that waits so long has found a wait without an end


def chain_of(
    server: ModelServer,
    *names: str,
    ledger: RecordingLedger | None = None,
    caps: Caps | None = None,
    before: Sequence[OpenAIModel] = (),
) -> ModelChain:
    ledger, caps = ledger or RecordingLedger(), caps or Caps(calls=20, tokens=1_000_000)
    models = [*before, *(OpenAIModel(server.base_url, name, SecretStr(KEY)) for name in names)]
    return ModelChain([MeteredModel(model, ledger, caps) for model in models], ledger)


def make_model(server: ModelServer, **fields: Any) -> OpenAIModel:
    return OpenAIModel(server.base_url, "test/model", SecretStr(KEY), **fields)


async def ask(
    server: ModelServer, limits: CallLimits = AMPLE, on_text: Callable[[str], None] = lambda _text: None, **fields: Any
) -> Reply:
    async with asyncio.timeout(STUCK_SECONDS):
        return await make_model(server, **fields).ask(JOB, CONVERSATION, limits, on_text)


async def failure_of(*script: Answer, limits: CallLimits = AMPLE, **options: Any) -> ModelFailure:
    with ModelServer(script, **options) as server, pytest.raises(ModelFailure) as raised:
        await ask(server, limits)
    assert len(server.calls) == 1
    return raised.value


async def reply_to(answer: Answer, limits: CallLimits = AMPLE) -> Reply:
    with ModelServer([answer]) as server:
        return await ask(server, limits)


PROMPTS = Path(__file__).parents[2] / "prompts"
CAPS = Caps(calls=6, tokens=400_000)
PAGE = '<!doctype html>\n<html lang="en">\n<title>Tides</title>\n<p id="total">7</p>\n</html>\n'
README = "# Tides\n\n## Summary\n\nShows tides.\n"
GOOD = f'A page with the total.\n\n<file path="index.html">\n{PAGE}</file>\n<file path="README.md">\n{README}</file>\n'


def edit(search: str, replace: str, path: str = "index.html") -> str:
    return f'<edit path="{path}">\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n</edit>\n'


class Scripted:
    """A generator whose model answers by a script; afterwards ``server.calls`` tells what it was asked."""

    def __init__(self, *script: Entry, caps: Caps = CAPS, ledger: RecordingLedger | None = None) -> None:
        self.server = ModelServer(script, then="error")
        self.ledger = ledger or RecordingLedger()
        self.notes: list[str] = []
        self._caps = caps

    async def generate(self, order: Order) -> Generation:
        with self.server as server:
            chain = chain_of(server, "big-model", ledger=self.ledger, caps=self._caps)
            return await ModelGenerator(chain, Prompts(PROMPTS), SystemClock()).generate(order, self.notes.append)

    @property
    def conversations(self) -> list[list[dict[str, Any]]]:
        return [call.body["messages"] for call in self.server.calls]


def texts(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [str(message["content"]) for message in messages]
