"""The rows about this machine, and the frame that all rows are made in."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from pipeline.bootstrap.doctor import Look, examine
from pipeline.domain.diagnosis import Diagnosis, ok
from pipeline.domain.errors import Misconfigured
from pipeline.jobs.database import Database
from tests.fakes.evaluator import EvaluatorServer
from tests.integration.browser_rig import BROWSER
from tests.integration.doctor.rig import row

LONG = "a-secret-that-is-long-enough"


async def test_python_and_git_are_told_with_their_versions() -> None:
    assert (await row("python"))["verdict"] == "ok"
    found = await row("git")
    assert (found["verdict"], found["found"].startswith("git 2.")) == ("ok", True)


async def test_without_git_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await row("git")
    assert (found["verdict"], "install" in found["mend"]) == ("failed", True)


async def test_a_git_that_is_too_old_to_hide_tokens_does_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.30.2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('sh') or '').parent}")
    found = await row("git")
    assert (found["verdict"], "2.30.2 is too old" in found["found"]) == ("failed", True)


@pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine")
async def test_the_browser_runs_a_check_and_tells_its_version_and_sandbox() -> None:
    found = await row("browser", chromium=str(BROWSER))
    assert (found["verdict"], "ran a check" in found["found"], "sandbox" in found["found"]) == ("ok", True, True)


async def test_a_browser_that_does_not_start_or_is_not_there_does_not_work() -> None:
    for chromium in ("/bin/false", "/nowhere/chromium"):
        found = await row("browser", chromium=chromium)
        assert (found["verdict"], "CHROMIUM" in found["mend"]) == ("failed", True)


async def test_no_browser_is_a_warning_unless_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await row("browser", chromium="none"))["verdict"] == "not configured"
    monkeypatch.setattr("pipeline.bootstrap.browsers.find_browser", lambda _: None)
    assert (await row("browser"))["verdict"] == "warning"


async def test_a_database_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    found = await row("database", generated_repos_dir=tmp_path / "apps")
    assert (found["verdict"], "first start makes it" in found["found"]) == ("ok", True)
    assert not (tmp_path / "apps").exists()


async def test_either_database_is_written_to(database: Database, tmp_path: Path) -> None:
    database.migrate()
    database.close()
    url = None if database.is_sqlite else database.url.render_as_string(hide_password=False)
    found = await row("database", database_url=url, generated_repos_dir=tmp_path)
    assert found["verdict"] == "ok"
    assert found["found"].endswith(database.name)


async def test_a_database_of_a_newer_release_is_told(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path)
    database.migrate()
    with sqlite3.connect(database.file) as connection:
        connection.execute("UPDATE pipeline_migrations SET version_num = '9999'")
    connection.close()
    database.close()
    assert "newer release" in (await row("database", generated_repos_dir=tmp_path))["found"]


async def test_a_database_that_is_busy_broken_or_away_does_not_work(tmp_path: Path) -> None:
    database = Database.embedded(tmp_path)
    database.migrate()
    database.close()
    other = sqlite3.connect(database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "locked" in (await row("database", generated_repos_dir=tmp_path, seconds=1.0))["found"]
    other.close()
    database.file.write_bytes(b"not a database at all" * 100)
    assert (await row("database", generated_repos_dir=tmp_path))["verdict"] == "failed"
    url = "postgresql://ada:pass-word@127.0.0.1:1/jobs"
    found = await row("database", database_url=url)
    assert (found["verdict"], "pass-word" in str(found)) == ("failed", False)


async def test_a_disk_that_is_full_or_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (await row("disk", generated_repos_dir=tmp_path / "a/b"))["verdict"] == "ok"
    assert (await row("disk", generated_repos_dir=Path("/proc/apps")))["verdict"] == "failed"
    monkeypatch.setattr("pipeline.bootstrap.doctor.LITTLE_SPACE", 2**80)
    assert (await row("disk", generated_repos_dir=tmp_path))["verdict"] == "warning"


async def test_evaluators_work_when_they_give_any_answer() -> None:
    with EvaluatorServer([500]) as evaluator:
        origin = evaluator.origin
        assert (await row(f"evaluator {origin}", evaluation_allowed_origins=origin))["verdict"] == "ok"
    found = await row(f"evaluator {origin}", evaluation_allowed_origins=origin)
    assert (found["verdict"], "EVALUATION_ALLOWED_ORIGINS" in found["mend"]) == ("failed", True)
    assert (await row("evaluators"))["verdict"] == "not configured"


@pytest.mark.parametrize(
    ("secret", "verdict"),
    [
        *((None, "not configured"), (LONG, "ok"), ("short-one", "warning")),
        *(("abc123xyz", "failed"), (" ", "failed"), ("short", "failed")),
    ],
)
async def test_the_secret_is_judged_and_never_told(secret: str | None, verdict: str) -> None:
    found = await row("secret", deploy_secret=secret)
    assert found["verdict"] == verdict
    assert not (secret and secret.strip() and secret in str(found))


async def test_the_own_address_is_looked_at() -> None:
    with EvaluatorServer([200, 404]) as server:
        assert "a service runs there" in (await row("address", public_url=server.origin))["found"]
        assert (await row("address", public_url=server.origin))["verdict"] == "warning"
    assert (await row("address", public_url=server.origin))["verdict"] == "warning"
    assert "nobody listens" in (await row("address", port=1))["found"]
    assert (await row("address", public_url="pipeline.example.com"))["verdict"] == "failed"


async def test_rows_are_made_at_the_same_time_and_nothing_that_breaks_ends_the_others() -> None:
    met = asyncio.Barrier(2)

    async def meet(_: float) -> Diagnosis:
        await met.wait()
        return ok("met")

    async def stumble(_: float) -> Diagnosis:
        raise RuntimeError("inner detail")

    async def misconfigured(_: float) -> Diagnosis:
        raise Misconfigured("SOME_VARIABLE is wrong")

    async def stay(_: float) -> Diagnosis:
        await asyncio.sleep(3600)
        return ok("")

    ended: list[str] = []
    takes = {"a": meet, "b": meet, "c": stumble, "d": misconfigured, "e": stay}
    rows = await examine([Look(name, take, "mend it") for name, take in takes.items()], ended.append, 2.0)
    assert [row["name"] for row in rows] == list(takes)
    assert sorted(ended) == list(takes)
    assert [row["found"] for row in rows] == [
        *("met", "met", "RuntimeError: inner detail", "SOME_VARIABLE is wrong", "no answer within 2 s")
    ]
    assert [row["mend"] for row in rows] == ["", "", "mend it", "mend it", "mend it"]
