"""A generator whose model answers by a script."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pipeline.clock import SystemClock
from pipeline.domain.generation import Generation, Order
from pipeline.generation.generator import ModelGenerator
from pipeline.generation.model.budget import Caps
from pipeline.generation.model.chain import build_chain
from pipeline.generation.prompts import Prompts
from tests.fakes.model import Entry, ModelServer
from tests.fakes.model_calls import RecordingLedger

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
            chain = build_chain(server.base_url, SecretStr("a-key-of-the-test"), ["big-model"], self.ledger, self._caps)
            return await ModelGenerator(chain, Prompts(PROMPTS), SystemClock()).generate(order, self.notes.append)

    @property
    def conversations(self) -> list[list[dict[str, Any]]]:
        return [call.body["messages"] for call in self.server.calls]


def texts(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [str(message["content"]) for message in messages]
