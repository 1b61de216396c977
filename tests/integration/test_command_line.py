"""The command line as a process of its own, over the real engine."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fakes import forkserver
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.forkserver import Forked
from tests.fakes.model import Answer, ModelServer

SECRET = "a-secret-for-this-test-alone"
REQUEST = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
SECONDS = 60
STUCK = Answer("x", delay=2 * SECONDS)
COMMANDS = {"-m": [sys.executable, "-m", "pipeline"], "script": [str(Path(sys.executable).with_name("pipeline"))]}


class Prompt:
    """A shell prompt in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "100"}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``pipeline`` with ``arguments``, to its end."""
        return forkserver.run(arguments, self.environment | environment, self.folder)

    def start(self, *arguments: str, **environment: str) -> Forked:
        """``pipeline`` with ``arguments``, while the block runs."""
        return forkserver.start(arguments, self.environment | environment, self.folder)

    def typed(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``command`` as it is typed, in an interpreter of its own."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def brief(self, name: str = "brief.json", **fields: Any) -> str:
        """Write a brief file."""
        (self.folder / name).write_text(json.dumps(REQUEST | fields), encoding="utf-8")
        return name


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    return Prompt(tmp_path)


def address_of(service: Forked) -> str:
    """What the service says in its first line."""
    found = re.search(r"http://\S+", service.stdout.readline())
    assert found
    return found[0]


def post(address: str, **fields: Any) -> httpx.Response:
    """Send a brief and do not wait for it to be done."""
    body, headers = REQUEST | {"secret": SECRET} | fields, {"Prefer": "respond-async"}
    return httpx.post(
        f"{address}/api-deploy?token=in-a-query", json=body, headers=headers, timeout=SECONDS, trust_env=False
    )


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_run_builds_an_app_on_disk_and_prints_one_json_document(prompt: Prompt, command: list[str]) -> None:
    ended = prompt.typed(*command, "run", prompt.brief(), "--json")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert document["ok"] is True
    folder = Path(document["repo_url"].removeprefix("file://"))
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
    assert head.stdout.strip() == document["commit_sha"]
    assert (folder / "index.html").is_file()
    assert "generate" in ended.stderr


def test_run_replays_what_it_did_before_and_leaves_it_alone(prompt: Prompt) -> None:
    source = prompt.brief()
    first, second = prompt.run("run", source, "--json"), prompt.run("run", source, "--json")
    assert (second.returncode, second.stdout) == (first.returncode, first.stdout)
    assert "ran before" in second.stderr


def test_a_collection_revises_one_site_round_after_round(prompt: Prompt) -> None:
    revision = REQUEST | {"round": 2, "nonce": "n2", "brief": "Add a second heading."}
    (prompt.folder / "all.json").write_text(json.dumps({"round1": REQUEST, "round2": [{"request": revision}]}))
    ended = prompt.run("run", "all.json", "--json")
    assert ended.returncode == 0, ended.stderr
    first, second = json.loads(ended.stdout)["jobs"]
    assert first["repo_url"] == second["repo_url"]
    assert first["commit_sha"] != second["commit_sha"]


def test_a_job_that_fails_ends_with_1_and_says_where(prompt: Prompt) -> None:
    first = json.loads(prompt.run("run", prompt.brief(), "--json").stdout)
    shutil.rmtree(first["repo_url"].removeprefix("file://"))
    ended = prompt.run("run", prompt.brief(round=2, nonce="n2"), "--json")
    assert ended.returncode == 1
    document = json.loads(ended.stdout)
    assert document["ok"] is False
    assert document["stage"]
    assert document["error"]


def test_run_tells_the_evaluator_when_asked_to_and_says_so(prompt: Prompt) -> None:
    with EvaluatorServer([]) as evaluator:
        source = prompt.brief(evaluation_url=evaluator.url)
        origins = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        silent = json.loads(prompt.run("run", source, "--json", **origins).stdout)
        assert silent["notification"]["status"] == "not_requested"
        told = json.loads(prompt.run("run", source, "--json", "--notify", "--fresh", **origins).stdout)
        assert told["notification"]["status"] == "delivered"
        (received,) = evaluator.wait_for(1)
    assert json.loads(received.body)["commit_sha"] == told["commit_sha"]


def test_jobs_are_listed_and_shown_from_the_database_alone(prompt: Prompt) -> None:
    job_id = json.loads(prompt.run("run", prompt.brief(), "--json").stdout)["job_id"]
    listed = json.loads(prompt.run("jobs", "list", "--json").stdout)
    assert [job["job_id"] for job in listed["jobs"]] == [job_id]
    shown = json.loads(prompt.run("jobs", "show", job_id, "--json").stdout)
    assert shown["status"] == "succeeded"
    assert {stage["stage"] for stage in shown["stages"]} >= {"generate", "verify", "commit", "publish", "confirm"}


def test_the_version_is_shown_and_a_bare_command_explains_itself(prompt: Prompt) -> None:
    command = COMMANDS["-m"]
    assert prompt.typed(*command, "--version").stdout.startswith("pipeline 0.")
    bare = prompt.typed(*command)
    assert bare.returncode == 2
    assert "serve" in bare.stdout + bare.stderr


@pytest.mark.parametrize(
    ("secret", "host"),
    [("", "127.0.0.1"), ("abc123xyz", "127.0.0.1"), ("seven-l", "127.0.0.1"), ("fifteen-letters", "0.0.0.0")],
)
def test_serve_refuses_to_start_without_a_secret_of_its_own(secret: str, host: str, prompt: Prompt) -> None:
    ended = prompt.run("serve", "--port", "0", "--host", host, DEPLOY_SECRET=secret)
    assert ended.returncode == 3
    assert "DEPLOY_SECRET" in ended.stderr
    assert "token_urlsafe" in ended.stderr
    assert ended.stdout == ""


def test_serve_says_which_port_is_taken(prompt: Prompt) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = prompt.run("serve", "--port", str(port), DEPLOY_SECRET=SECRET)
    assert ended.returncode == 3
    assert f"port {port}" in ended.stderr


def test_serve_says_that_its_folder_cannot_be_written_any_more(prompt: Prompt, tmp_path: Path) -> None:
    (tmp_path / "apps" / ".pipeline" / "pipeline.lock").mkdir(parents=True)  # for root, no folder is read-only
    ended = prompt.run("serve", "--port", "0", DEPLOY_SECRET=SECRET, GENERATED_REPOS_DIR=str(tmp_path / "apps"))
    assert ended.returncode == 3
    assert "GENERATED_REPOS_DIR cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_previews_have_a_port_of_their_own(prompt: Prompt) -> None:
    with prompt.start("serve", "--port", "0", DEPLOY_SECRET=SECRET) as service:
        address = address_of(service)
        moved = httpx.get(f"{address}/preview/none/", trust_env=False)
        assert moved.status_code == 307
        previews = urlsplit(moved.headers["location"])
        assert (previews.hostname, previews.port == urlsplit(address).port) == ("localhost", False)
        assert httpx.get(moved.headers["location"], trust_env=False).status_code == 404
        assert httpx.get(f"http://{previews.netloc}/docs", trust_env=False).status_code == 404


def test_two_processes_do_not_work_in_one_folder(prompt: Prompt) -> None:
    with prompt.start("serve", "--port", "0", DEPLOY_SECRET=SECRET) as service:
        address_of(service)
        ended = prompt.run("run", prompt.brief())
        assert ended.returncode == 3
        assert "GENERATED_REPOS_DIR" in ended.stderr


def test_serve_takes_briefs_and_commands_work_beside_it(prompt: Prompt) -> None:
    with prompt.start("serve", "--port", "0", DEPLOY_SECRET=SECRET) as service:
        address = address_of(service)
        reply = post(address).json()
        assert reply["job_url"].startswith(address)
        watched = prompt.run("jobs", "watch", reply["job_id"], "--json")
        assert watched.returncode == 0, watched.stderr
        page = httpx.get(json.loads(watched.stdout)["pages_url"], timeout=SECONDS, trust_env=False)
        assert page.status_code == 200
        service.send_signal(signal.SIGTERM)
        _, errors = service.communicate(timeout=SECONDS)
        assert service.returncode == 0
    assert "no model is configured" in errors
    assert "in-a-query" not in errors
    assert SECRET not in errors


def test_serve_refuses_a_wrong_secret(prompt: Prompt) -> None:
    with prompt.start("serve", "--port", "0", DEPLOY_SECRET=SECRET) as service:
        answer = post(address_of(service), secret="wrong")
    assert (answer.status_code, answer.json()) == (403, {"ok": False, "error": "invalid secret"})


def test_an_interrupted_run_ends_with_130_and_its_job_goes_on_with_the_next_one(prompt: Prompt) -> None:
    with EvaluatorServer([503] * 20) as evaluator:
        origins = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        source = prompt.brief(evaluation_url=evaluator.url)
        with prompt.start("run", source, "--notify", **origins) as running:
            evaluator.wait_for(1)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=SECONDS)
            assert running.returncode == 130, errors
        assert "is on record" in errors
        assert "Traceback" not in errors
    (job,) = json.loads(prompt.run("jobs", "list", "--json").stdout)["jobs"]
    assert job["status"] == "succeeded", "it is live, and only the evaluator is still to be told"
    with EvaluatorServer([], port=evaluator.port) as evaluator:
        resumed = prompt.run("run", source, "--notify", "--json", **origins)
    assert resumed.returncode == 0, resumed.stderr
    document = json.loads(resumed.stdout)
    assert document["job_id"] == job["job_id"]
    assert document["notification"]["status"] == "delivered"


def test_a_job_is_cancelled_beside_a_running_service(prompt: Prompt) -> None:
    with ModelServer([STUCK]) as model:
        settings = {"DEPLOY_SECRET": SECRET, "LLM_BASE_URL": model.base_url, "LLM_MODELS": "test/model"}
        with prompt.start("serve", "--port", "0", **settings) as service:
            reply = post(address_of(service)).json()
            model.wait_for(1)
            assert prompt.run("jobs", "cancel", reply["job_id"]).returncode == 0
            shown = json.loads(prompt.run("jobs", "show", reply["job_id"], "--json").stdout)
            assert shown["status"] == "cancelled"
            assert prompt.run("jobs", "watch", reply["job_id"]).returncode == 1


def test_a_second_signal_ends_the_service_at_once_and_loses_nothing(prompt: Prompt) -> None:
    with ModelServer([STUCK]) as model:
        settings = {"DEPLOY_SECRET": SECRET, "LLM_BASE_URL": model.base_url, "LLM_MODELS": "test/model"}
        with prompt.start("serve", "--port", "0", **settings) as service:
            address = address_of(service)
            reply = post(address).json()
            model.wait_for(1)
            service.send_signal(signal.SIGTERM)
            while post(address, nonce="n2").status_code != 503:
                time.sleep(0.05)
            service.send_signal(signal.SIGTERM)
            service.communicate(timeout=SECONDS)
            assert service.returncode == -signal.SIGTERM
    shown = json.loads(prompt.run("jobs", "show", reply["job_id"], "--json").stdout)
    assert shown["status"] == "running"
