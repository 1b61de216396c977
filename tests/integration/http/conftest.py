"""The application over jobs in memory, for a caller with the operator's secret in a header."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import FOLDER, SITE, Client, bearer


@pytest.fixture
def services() -> MemoryServices:
    return MemoryServices({FOLDER: SITE}, max_request_bytes=2_000_000, max_attachment_bytes=1_000_000, queue_limit=100)


@pytest.fixture
async def client(services: MemoryServices) -> AsyncIterator[Client]:
    async with Client(services, headers=bearer()) as client:
        yield client
