"""Kills, faults and a database that is away, all at once and by chance: nothing is lost, doubled, stuck or given up.

``make chaos`` makes it a long one. CHAOS_SEED names the run; processes are real, so that no two are quite the same.
"""

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.service import Service, commits, make_request
from tests.builders import INDEX_HTML
from tests.fakes.evaluator import Drop, EvaluatorServer, Received, Step
from tests.fakes.faults import Drop as Dropped
from tests.fakes.faults import Fault
from tests.fakes.forkserver import PATIENCE
from tests.fakes.github import FakeGitHub
from tests.fakes.github.exchange import Answer as HostAnswer
from tests.fakes.model import Answer, ModelServer

SEED = int(os.environ.get("CHAOS_SEED", "1"))
JOBS = int(os.environ.get("CHAOS_JOBS", "16"))
KILLS = int(os.environ.get("CHAOS_KILLS", "4"))
LIFE_SECONDS = float(os.environ.get("CHAOS_LIFE_SECONDS", "3"))
OUTAGE_SECONDS = 6.0
FAULTY = 0.2  # of the requests at each of the others
TELLING_SECONDS = OUTAGE_SECONDS + 4  # what was told so long before a kill is on record, also after an outage

PAGE = Answer(f'<file path="index.html">\n{INDEX_HTML.decode()}</file>\n')
MODEL_FAULTS = (
    Answer(status=503),
    Answer(status=429, headers={"Retry-After": "1"}),
    Answer(PAGE.text[:200], fault="drop"),
    Answer(status=502, body="<html>bad gateway</html>"),
)
HOST_FAULTS = (
    *(Fault(times=None, kind="api", share=FAULTY / 3, answer=HostAnswer(status, {"message": "try again"}))
      for status in (502, 503)),
    Fault(times=None, kind="api", share=FAULTY / 3, when="after", answer=Dropped()),
    Fault(times=None, kind="git", share=FAULTY, answer=HostAnswer(503, text="try again")),
    Fault(times=None, kind="site", share=FAULTY, answer=HostAnswer(500)),
)  # fmt: skip
EVALUATOR_FAULTS = (Step(500), Step(429, headers={"Retry-After": "1"}), Step(503), Step(drop=Drop.AFTER_READING))


@dataclass
class Run:
    """One service after the other on the same folder, and what is asked of them."""

    folder: Path
    settings: dict[str, str]
    service: Service | None = None
    killed_at: list[float] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)  # nonce -> job

    def lives(self, chance: random.Random) -> Iterator[Service]:
        """Services; each is killed after a while, but the last."""
        for _ in range(KILLS):
            with Service(self.folder, **self.settings) as self.service:
                yield self.service
                time.sleep(LIFE_SECONDS * chance.uniform(0.3, 1.7))
                self.killed_at.append(time.time())
                self.service.kill()
        with Service(self.folder, **self.settings) as self.service:
            yield self.service

    def send(self, request: dict[str, Any]) -> None:
        """Again and again, as an evaluator does, until it has been taken."""
        end = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < end:
            try:
                assert self.service
                answer = self.service.post(request, prefer="respond-async")
            except (httpx.HTTPError, AssertionError):
                answer = None
            if answer and answer.status_code < 300:
                self.accepted[request["nonce"]] = answer.json()["job_id"]
                return
            time.sleep(0.1)
        raise AssertionError(f"{request['nonce']} was not taken: {answer and answer.text}")

    def be_away(self) -> None:
        """The database, for a while."""
        with closing(sqlite3.connect(self.folder / ".pipeline/pipeline.sqlite", timeout=PATIENCE)) as other:
            other.isolation_level = None
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(OUTAGE_SECONDS)


def some(chance: random.Random, faults: tuple[Any, ...], usual: Any, count: int) -> list[Any]:
    return [chance.choice(faults) if chance.random() < FAULTY else usual for _ in range(count)]


def told_again_without_reason(told: list[Received], killed_at: list[float]) -> list[str]:
    """Nonces that were sent once more although the answer to them was a success, and on record before any kill."""
    made: dict[str, float] = {}
    again = []
    for received in told:
        nonce = received.json["nonce"]
        is_excused = any(made.get(nonce, 0) <= at <= made.get(nonce, 0) + TELLING_SECONDS for at in killed_at)
        if nonce in made and not is_excused:
            again.append(nonce)
        if received.status == 200:
            made[nonce] = received.at
    return again


def test_by_chance_nothing_is_lost_doubled_stuck_or_given_up(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    model_script = [*some(chance, MODEL_FAULTS, PAGE, 3 * JOBS), PAGE]
    evaluator_script = some(chance, EVALUATOR_FAULTS, Step(), 2 * JOBS)
    with (
        FakeGitHub(tmp_path / "github") as github,
        EvaluatorServer(evaluator_script) as evaluator,
        ModelServer(model_script) as model,
        ThreadPoolExecutor(8) as senders,
    ):
        for fault in HOST_FAULTS:
            github.add_fault(fault)
        run = Run(
            tmp_path / "repos",
            {
                "GITHUB_TOKEN": github.token,
                "GITHUB_API_URL": github.api_url,
                "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
                "LLM_BASE_URL": model.base_url,
                "LLM_MODELS": "test/model",
                "CHROMIUM": "none",
            },
        )
        requests = [
            make_request(
                task=f"task-{number}",
                nonce=f"n-{number}",
                brief=f"Show number {number}.",
                checks=[],
                attachments=[],
                target=("github-pages", "local")[number % 2],
                evaluation_url=evaluator.url,
            )
            for number in range(JOBS)
        ]
        sent = []
        for number, service in enumerate(run.lives(chance)):
            if number == 0:
                sent = [senders.submit(run.send, request) for request in requests]
            if number == KILLS // 2:
                threading.Thread(target=run.be_away).start()
            if number == KILLS:
                for each in sent:
                    each.result()
                jobs = list(senders.map(service.finished, run.accepted.values()))
                evaluator.wait_for(JOBS)
        told = list(evaluator.requests)
        github.clear_faults()
        published = Counter(len(list(repository.commits())) for repository in github.repositories())

    folders = [path for path in run.folder.iterdir() if path.name != ".pipeline"]
    made = {received.json["nonce"] for received in told if received.status == 200}
    print(f"{JOBS} jobs, {len(run.killed_at)} kills, {len(model.calls)} model calls, {len(told)} callbacks")
    assert Counter(job["status"] for job in jobs) == {"succeeded": JOBS}, [
        job.get("error") for job in jobs if job["status"] != "succeeded"
    ]
    assert published == {1: JOBS - JOBS // 2}
    assert sorted(len(commits(folder)) for folder in folders) == [1] * JOBS
    assert made == set(run.accepted), "somebody was not told"
    assert told_again_without_reason(told, run.killed_at) == []
