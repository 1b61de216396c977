"""A Space that the tests of the SpaceHost port work on."""

from collections.abc import AsyncIterator

from pipeline.domain.space import LogLine
from tests.builders import make_files

ID = "deployer/sales"
CARD = "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n"
STATIC = make_files({"README.md": CARD, "index.html": "<h1>Sales</h1>", "css/style.css": "p {}"})
OTHER_TOKEN = "hf_" + "ofSomebodyElse"


async def lines_of(log: AsyncIterator[LogLine]) -> list[str]:
    return [line.text async for line in log]
