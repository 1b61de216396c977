"""Commands over jobs in memory, in a folder of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.command_line import LOCAL, InstantJobs, InstantServices


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> InstantJobs:
    """What every command of the test works on."""
    jobs = InstantJobs()

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[InstantJobs]:
        yield jobs

    (tmp_path / "my apps" / "sales-n1").mkdir(parents=True)
    (tmp_path / "my apps" / "sales-n1" / "index.html").write_text("<h1>Sales</h1>")
    local = replace(LOCAL, repo_url=(tmp_path / "my apps" / "sales-n1").as_uri())
    monkeypatch.setattr("tests.fakes.command_line.LOCAL", local)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipeline.bootstrap.services.build", lambda _: InstantServices(jobs))
    monkeypatch.setattr("pipeline.bootstrap.jobs.open_jobs", opened)
    monkeypatch.setattr("pipeline.logs.configure_logging", lambda *_, **__: None)  # it belongs to the test session
    return jobs
