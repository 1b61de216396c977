"""The routes over jobs and Spaces in memory, for a caller with the operator's secret."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.gradio import GradioServices
from tests.integration.gradio_rig import Client


@pytest.fixture
def services(tmp_path: Path) -> Iterator[GradioServices]:
    services = GradioServices(tmp_path)
    yield services
    services.database.close()


@pytest.fixture
async def client(services: GradioServices) -> AsyncIterator[Client]:
    async with Client(services) as client:
        yield client
