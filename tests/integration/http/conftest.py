"""The application over jobs in memory, for a caller with the operator's secret in a header."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import FOLDER, SITE, bearer, client_of


@pytest.fixture
def services() -> MemoryServices:
    return MemoryServices({FOLDER: SITE}, max_request_bytes=2_000_000, max_attachment_bytes=1_000_000, queue_limit=100)


@pytest.fixture
async def client(services: MemoryServices) -> AsyncIterator[AsyncClient]:
    async with client_of(services, headers=bearer()) as client:
        yield client
