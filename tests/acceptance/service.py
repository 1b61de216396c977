"""The product as its operators run it: a process of its own, spoken to by HTTP."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.fakes import forkserver
from tests.fakes.forkserver import PATIENCE, Forked

SECRET = "a-deploy-secret-for-tests"
COMMAND = ("serve", "--port", "0")
PATIENT = f"wait={PATIENCE:.0f}"
MEASURED = "COVERAGE_PROCESS_CONFIG"
STARTED = re.compile(r"Listening on (http://\S+)")


class Service:
    """``pipeline serve`` on a free port of loopback.

    Attributes:
        url: where it listens.
        output: what it printed so far, standard output and error together.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = {
            **forkserver.INHERITED,
            "DEPLOY_SECRET": SECRET,
            "GENERATED_REPOS_DIR": str(folder),
            "PYTHONUNBUFFERED": "1",
            "CDN_HOSTS": "none",  # no test leaves this machine
            "DEPLOY_TARGET": "local",  # whoever is signed in to GitHub here
            **environment,
        }
        self.url = ""
        self.output = ""

    def __enter__(self) -> Self:
        self.process = self._start()
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(listening,), daemon=True)
        self._reader.start()
        if not listening.wait(PATIENCE) or not self.url:
            self.kill()
            raise AssertionError(f"the service did not start:\n{self.output}")
        return self

    def _start(self) -> Forked | subprocess.Popen[str]:
        return forkserver.start(COMMAND, self._environment, joined=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if MEASURED in os.environ and self.process.poll() is None:
            self.terminate()  # what is killed leaves no record of the lines that it ran
        self.kill()

    def _read(self, listening: threading.Event) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if started := STARTED.search(line):
                self.url = started[1]
                listening.set()
        listening.set()

    def kill(self) -> None:
        """As ``kill -9``."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def terminate(self) -> int:
        """As an orchestrator stops it; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Until the process has ended by itself; return its exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def post(self, request: dict[str, Any], prefer: str | None = PATIENT) -> httpx.Response:
        """Send a brief with the right secret, and wait for its result unless told otherwise."""
        headers = {"Prefer": prefer} if prefer else {}
        body = {"secret": SECRET, **request}
        return httpx.post(f"{self.url}/api-deploy", json=body, headers=headers, timeout=PATIENCE, trust_env=False)

    def get(self, path: str) -> httpx.Response:
        """With the right secret."""
        headers = {"Authorization": f"Bearer {SECRET}"}
        return httpx.get(self.url + path, headers=headers, timeout=PATIENCE, trust_env=False)

    def finished(self, job_id: str) -> dict[str, Any]:
        """Wait until the job has ended, and return it."""
        with httpx.stream(
            "GET",
            f"{self.url}/jobs/{job_id}/events",
            headers={"Authorization": f"Bearer {SECRET}"},
            timeout=PATIENCE,
            trust_env=False,
        ) as events:
            end = time.monotonic() + 2 * PATIENCE
            for _ in events.iter_lines():  # heartbeats come for as long as it has not ended
                assert time.monotonic() < end, f"job {job_id} does not end:\n{self.output}"
        job: dict[str, Any] = self.get(f"/jobs/{job_id}").json()
        return job


class TypedService(Service):
    """The same as it is typed: an interpreter of its own, with all its imports."""

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *COMMAND],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def make_request(**fields: Any) -> dict[str, Any]:
    """The body of a valid POST /api-deploy, without its secret."""
    return {
        "email": "ada@example.com",
        "task": "sum-of-sales",
        "round": 1,
        "nonce": "n-1",
        "brief": 'Fetch data.csv, show the sum of its sales column inside #total-sales, and set the title to "Sales".',
        "checks": ["js: document.title === 'Sales'", "Repo has MIT license"],
        "attachments": [
            {"name": "data.csv", "url": "data:text/csv;base64,cmVnaW9uLHNhbGVzCk5vcnRoLDEyLjUKU291dGgsNy41Cg=="}
        ],
        **fields,
    }


def commits(folder: Path) -> list[str]:
    """Of the repository in ``folder``, newest first."""
    log = subprocess.run(["git", "-C", str(folder), "log", "--format=%H"], capture_output=True, text=True, check=True)
    return log.stdout.split()


def repository_in(folder: Path) -> Path:
    """The only one in ``folder``."""
    (repository,) = [path for path in folder.iterdir() if path.name != ".pipeline"]
    return repository


def killed_and_resumed(start: Callable[..., Service], failpoint: str, request: dict[str, Any]) -> dict[str, Any]:
    """The job of ``request``, whose first process was killed at ``failpoint``; a second one has ended it."""
    with start(FAILPOINT=failpoint) as service:
        job_id = service.post(request, prefer="respond-async").json()["job_id"]
        assert service.wait() == 137
    with start() as service:
        job = service.finished(job_id)
        assert job["status"] == "succeeded", job
        assert service.post(request).json()["commit_sha"] == job["commit_sha"]
    return job
