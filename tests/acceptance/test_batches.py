"""A batch survives five deaths of its process: one result a line, no site, answer or bill twice.

``BATCH_LINES=300`` before the test command makes it a long one.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.service import SECRET, Service, commits
from tests.builders import INDEX_HTML
from tests.fakes import forkserver
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.forkserver import PATIENCE
from tests.fakes.model import Answer, ModelServer

LINES = int(os.environ.get("BATCH_LINES", "24"))
KILLS = 5
USD = 0.001
PAGE = f'<file path="index.html">\n{INDEX_HTML.decode()}</file>\n'
ANSWER = Answer(PAGE, usage={"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, "cost": USD})
BEARER = {"Authorization": f"Bearer {SECRET}"}


def batch(url: str, lines: int) -> bytes:
    """Of a few owners; nothing but numbers tells the requests apart."""
    requests = (
        {
            "email": f"owner{number % 5}@example.com",
            "task": f"task-{number}",
            "round": 1,
            "nonce": f"n-{number}",
            "brief": f"Show number {number}.",
            "evaluation_url": url,
            "secret": SECRET,
        }
        for number in range(1, lines + 1)
    )
    return b"\n".join(json.dumps(request).encode() for request in requests)


@contextmanager
def results_of(service: Service, batch_id: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Each as it ends."""
    headers = BEARER | {"Accept": "application/jsonl"}
    url = f"{service.url}/batches/{batch_id}"
    with httpx.stream("GET", url, headers=headers, timeout=4 * PATIENCE, trust_env=False) as answer:
        yield map(json.loads, answer.iter_lines())


def post(service: Service, content: bytes) -> str:
    answer = httpx.post(f"{service.url}/batches", content=content, timeout=PATIENCE, trust_env=False)
    return str(answer.json()["batch_id"])


def test_a_batch_is_ended_through_five_kills_with_one_result_a_line(tmp_path: Path) -> None:
    ids: set[str] = set()
    with EvaluatorServer() as evaluator, ModelServer([ANSWER]) as model:
        settings = {
            "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
            "LLM_BASE_URL": model.base_url,
            "LLM_MODELS": "test/model",
            "CHROMIUM": "none",
            "JOB_CONCURRENCY": "16",
        }
        content = batch(evaluator.url, LINES)
        for kill in range(1, KILLS + 1):
            with Service(tmp_path, **settings) as service:
                ids.add(post(service, content))
                with results_of(service, *ids) as results:
                    for _ in range(max(1, LINES * kill // (KILLS + 1))):
                        next(results)
                    service.kill()
        (batch_id,) = ids
        with Service(tmp_path, **settings) as service:
            with results_of(service, batch_id) as results:
                ended = list(results)
            shown = service.get(f"/batches/{batch_id}").json()
        told = [received.json["task"] for received in evaluator.requests]

    print({name: value for name, value in shown.items() if name != "results"}, len(model.calls), len(told))
    assert sorted(result["line"] for result in ended) == list(range(1, LINES + 1))
    assert {result["status"] for result in ended} == {"succeeded"}
    assert (shown["lines"], shown["done"], shown["status"]) == (LINES, LINES, "ended")
    folders = {Path(httpx.URL(result["repo_url"]).path) for result in ended}
    assert {folder.name for folder in tmp_path.iterdir()} - {".pipeline"} == {folder.name for folder in folders}
    assert sorted(commits(folder) for folder in folders) == sorted([result["commit_sha"]] for result in ended)
    assert len(set(told)) == LINES
    assert len(told) <= LINES + KILLS * 16  # what was being told when the process died is told again
    assert shown["calls"] - shown["unpriced_calls"] == LINES, "an answer that was on record was asked for again"
    assert round(shown["cost_usd"] / USD) == LINES


def test_a_file_of_briefs_is_gone_on_with_after_each_kill(tmp_path: Path) -> None:
    lines, kills = max(8, LINES // 3), 3
    file = tmp_path / "briefs.jsonl"
    file.write_bytes(batch("", lines))
    environment = {
        **forkserver.INHERITED,
        "GENERATED_REPOS_DIR": str(tmp_path / "repos"),
        "PYTHONUNBUFFERED": "1",
        "CDN_HOSTS": "none",
        "CHROMIUM": "none",
    }
    arguments = ("batch", str(file), "--resume", "--json", "--parallel", "4")
    for kill in range(1, kills + 1):
        with forkserver.start(arguments, environment) as command:
            for _ in range(lines * kill // (kills + 1)):
                assert command.stdout.readline()
            command.kill()
    with forkserver.start(arguments, environment) as command:
        ended = [json.loads(line) for line in command.stdout]
        assert command.wait(PATIENCE) == 0

    assert sorted(result["line"] for result in ended) == list(range(1, lines + 1))
    assert {result["status"] for result in ended} == {"succeeded"}
    folders = [path for path in (tmp_path / "repos").iterdir() if path.name != ".pipeline"]
    assert sorted(commits(folder) for folder in folders) == sorted([result["commit_sha"]] for result in ended)
