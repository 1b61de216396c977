"""What operators see of a service: its start, its log, and commands beside it."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.acceptance.service import SECRET, Service, make_request
from tests.fakes.forkserver import INHERITED, REPOSITORY

EMAIL = make_request()["email"]
AWAY = "http://127.0.0.1:1"


def log(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def about(output: str, action: str) -> list[dict[str, Any]]:
    return [line for line in log(output) if line.get("action") == action]


def test_the_log_tells_the_start_each_request_each_stage_and_the_end_of_a_job(tmp_path: Path) -> None:
    settings = {"GITHUB_TOKEN": "ghp_of-the-tests", "LLM_API_KEY": "sk-of-the-tests", "LLM_MODELS": "plain"}
    with Service(tmp_path, **settings) as service:
        reply = service.post(make_request(), "wait=60").json()
        service.get("/jobs?token=in-a-query")
        service.get("/health")
        figures = service.get("/metrics").text.splitlines()
        service.terminate()
        [start] = about(service.output, "service.started")
        assert start["address"] == service.url
        assert start["targets"][0] == "github-pages: ready"
        assert "HF_TOKEN" in start["targets"][1]
        assert start["targets"][2] == "local (default): ready"
        assert str(tmp_path) in start["database"]
        assert start["jobs"] == "0 resumed, 0 waiting"
        assert {"version", "model", "browser", "limits"} <= set(start)

        requests = [(line["method"], line["path"], line["status"]) for line in about(service.output, "http.request")]
        assert requests == [("POST", "/api-deploy", 200), ("GET", "/jobs", 200)]
        stages = [line["stage"] for line in about(service.output, "job.stage")]
        assert stages == ["generate", "assemble", "verify", "commit", "publish", "confirm"]
        [end] = about(service.output, "job.ended")
        assert (end["job_id"], end["status"], end["url"]) == (reply["job_id"], "succeeded", reply["pages_url"])
        assert {line["job_id"] for line in about(service.output, "job.stage")} == {reply["job_id"]}
        assert {line["caller"] for line in about(service.output, "http.request")} == {"operator"}
        assert 'pipeline_jobs_ended_total{status="succeeded",target="local"} 1.0' in figures
        assert 'pipeline_stage_seconds_count{outcome="finished",stage="verify"} 1.0' in figures
        assert end["checks_pass"] + end["checks_fail"] + end["checks_not_verifiable"] == 2
        for secret in (SECRET, EMAIL, "in-a-query", *settings.values()):
            assert secret == "plain" or secret not in service.output


def test_what_was_under_way_is_told_at_the_next_start(tmp_path: Path) -> None:
    with Service(tmp_path, FAILPOINT="generate:before") as service:
        with suppress(Exception):
            service.post(make_request())
        service.wait()
    with Service(tmp_path) as service:
        assert about(service.output, "service.started")[0]["jobs"] == "1 resumed, 0 waiting"


def test_the_start_tells_which_file_was_read(tmp_path: Path) -> None:
    file = tmp_path / "service.env"
    file.write_text("QUEUE_LIMIT=77\n")
    with Service(tmp_path, ENV_FILE=str(file)) as service:
        [start] = about(service.output, "service.started")
        assert str(file) in start["settings"]
        assert "77 waiting" in start["limits"][0]


def on_terminal(folder: Path, until: str, *arguments: str, **environment: str) -> str:
    """What ``pipeline`` shows on a terminal of 80 columns until ``until`` is there."""
    screen, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        env={**INHERITED, "TERM": "xterm", "DEPLOY_SECRET": SECRET, "PYTHONPATH": str(REPOSITORY), **environment},
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    with process, suppress(OSError):  # Linux's word for the end of a terminal's other side
        while piece := os.read(screen, 65_536):
            shown += piece
            if until.encode() in shown:
                process.send_signal(signal.SIGINT)
                until = "\0"
    os.close(screen)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")


def test_on_a_terminal_the_start_is_a_table_that_fits(tmp_path: Path) -> None:
    shown = on_terminal(tmp_path, "Listening on", "serve", "--port", "0")
    table = shown.partition("Listening on")[0]
    for name in ("version", "address", "targets", "model", "browser", "database", "jobs", "limits"):
        assert re.search(rf"^{name} ", table, re.MULTILINE), shown
    assert "no model is configured" in table
    assert max(map(len, table.splitlines())) <= 80
    assert "{" not in shown


def test_on_a_terminal_the_doctor_has_a_table_that_fits_and_names_what_mends_each_row(tmp_path: Path) -> None:
    away = {"LLM_BASE_URL": "http://127.0.0.1:1/v1", "LLM_MODELS": "m", "EVALUATION_ALLOWED_ORIGINS": AWAY}
    shown = on_terminal(tmp_path, "\0", "doctor", "--no-calls", CHROMIUM="none", **away)
    table = shown[shown.rindex("python:") - 20 :]
    assert max(map(len, table.splitlines())) <= 80
    words = " ".join(re.sub(r"\s+", " ", table).split())
    assert "→ look at LLM_BASE_URL" in words
    assert re.search(r"^ok +address: ", table, re.MULTILINE)


def test_the_form_of_the_log_can_be_chosen(tmp_path: Path) -> None:
    with Service(tmp_path, LOG_FORMAT="text", LOG_LEVEL="debug") as service:
        service.get("/health")
        service.terminate()
        assert log(service.output) == []
        assert re.search(r"request .*method=GET path=/health status=200 ms=", service.output)
    with Service(tmp_path, LOG_LEVEL="warning") as service:
        service.get("/jobs")
        assert log(service.output) == []
