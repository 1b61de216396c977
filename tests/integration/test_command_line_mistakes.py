"""What people get wrong at the command line: the exit code, and a message with what, where and what next."""

import asyncio
import os
import shlex
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.bootstrap.jobs import build_jobs
from pipeline.domain.publication import Target
from pipeline.jobs.records import JobRecords
from pipeline.jobs.shares import Shares
from pipeline.settings import Settings
from tests.builders import make_brief
from tests.cases import cases
from tests.fakes import forkserver

NEVER_SHOWN = "v4lue-that-nobody-may-see"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LANG": "C.UTF-8",
    "COLUMNS": "200",
    "CHROMIUM": "none",
    "GENERATED_REPOS_DIR": "generated_repos",
}


def prepare(folder: Path, mistake: dict[str, Any]) -> None:
    for path in mistake.get("folders", []):
        (folder / path).mkdir(parents=True)
    for path, content in mistake.get("files", {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    if nonces := mistake.get("jobs"):
        asyncio.run(accept(Settings(generated_repos_dir=folder / "generated_repos"), nonces))


async def accept(settings: Settings, nonces: list[str]) -> None:
    """Jobs that wait; their IDs follow from their nonces."""
    parts = build_jobs(settings)
    parts.database.migrate()
    rules: dict[str, Any] = {
        "site_task": None,
        "notify": False,
        "deadline": timedelta(minutes=10),
        "hold": lambda *_: None,
    }
    # One that queues nothing: there is no engine here that has made its tables.
    records = JobRecords(parts.database, parts.clock, parts.blobs, lambda _: None, Shares(lambda *_: None))
    for nonce in nonces:
        await records.insert(make_brief(nonce=nonce), Target.LOCAL, queue_limit=len(nonces), **rules)
    parts.submissions.close()
    parts.database.close()


@pytest.mark.parametrize(("name", "mistake"), cases("command-line-mistakes")["mistakes"])
def test_a_mistake_is_told_with_what_where_and_what_next(name: str, mistake: dict[str, Any], tmp_path: Path) -> None:
    prepare(tmp_path, mistake)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = [argument.replace("TAKEN", port) for argument in shlex.split(mistake["typed"])]
        environment = ENVIRONMENT | {"HOME": str(tmp_path)} | mistake.get("environment", {})
        ended = forkserver.run(arguments, environment, tmp_path)
    told = " ".join(ended.stderr.replace("│", " ").split())
    print(f"{name}\n  {ended.returncode}: {ended.stderr}")
    assert ended.returncode == mistake["code"], told
    assert [part for part in mistake["says"] if part not in told] == [], told
    assert ended.stdout == ""
    assert "Traceback" not in told
    assert NEVER_SHOWN not in ended.stdout + ended.stderr
