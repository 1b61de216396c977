"""The routes over jobs and Spaces in memory, for a caller with the operator's secret."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gradio_rig import Client


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with Client(tmp_path) as client:
        yield client
