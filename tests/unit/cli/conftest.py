"""Commands over jobs in memory, in a folder of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fakes.command_line import InstantJobs, InstantServices


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> InstantJobs:
    """What every command of the test works on."""
    jobs = InstantJobs()

    @asynccontextmanager
    async def opened(_: object) -> AsyncIterator[InstantJobs]:
        yield jobs

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipeline.cli.run.build", lambda _: InstantServices(jobs))
    monkeypatch.setattr("pipeline.cli.jobs.open_jobs", opened)
    for module in ("run", "jobs"):  # logging belongs to the test session
        monkeypatch.setattr(f"pipeline.cli.{module}.configure_logging", lambda *_, **__: None)
    return jobs
