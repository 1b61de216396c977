"""One model behind the real SDK, and what it is asked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.domain.conversation import CallLimits, Message, Reply, Role
from pipeline.generation.model.failure import ModelFailure
from pipeline.generation.model.openai_model import OpenAIModel
from tests.fakes.model import Answer, ModelServer

KEY = "sk-or-v1-8d7f6a5b4c3d2e1f"
JOB = "0123456789abcdef0123456789abcdef"
BRIEF = "Build a page that sums up the sales of all regions and shows the total."
TEXT = '<file path="index.html">\n<h1>Sales</h1>\n</file>\n'
CONVERSATION = (Message(Role.SYSTEM, "You build apps."), Message(Role.USER, BRIEF))
AMPLE = CallLimits(max_output_tokens=1_000, seconds=60)
SHORT = CallLimits(max_output_tokens=1_000, seconds=2)
STUCK_SECONDS = 30  # a test that waits so long has found a wait without an end


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
