"""Evaluators as they are found in public get every result of a service with default settings, each once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.clock import SystemClock
from pipeline.jobs import tables
from pipeline.jobs.database import Database
from tests.acceptance.service import SECRET, Service, commits, make_request, repository_in
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.github import FakeGitHub
from tests.fakes.model import Answer, ModelServer
from tests.fakes.posting_evaluator import KINDS, Key, PostingEvaluator

MODEL_SECONDS = 20.0
PAGE = (
    '<file path="index.html">\n<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sales</title>'
    '<meta name="viewport" content="width=device-width"></head>'
    "<body><h1>Sales</h1><p id='total-sales'>20</p></body></html>\n</file>\n"
)
REVISED = PAGE.replace("20</p>", "20 in all</p>")
ROUNDS = ({"brief": "Show the sum of the sales."}, {"brief": "Say that it is all."})
BRIEF = {"task": "sum-of-sales", "checks": ["js: document.title === 'Sales'"]}


@dataclass
class Played:
    """What the four have seen of a service, and what is on GitHub."""

    evaluators: dict[str, PostingEvaluator]
    jobs: dict[str, dict[Key, dict[str, Any]]]
    heads: dict[str, list[str]]  # by the full name of each repository, newest first
    calls: int  # of the model


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("evaluators")
    slow = [Answer(text, chunk=10_000, delay=MODEL_SECONDS, contains=said) for text, said in (
        (PAGE, ROUNDS[0]["brief"]), (REVISED, ROUNDS[1]["brief"]))]  # fmt: skip
    with ExitStack() as stack:
        github, model = stack.enter_context(FakeGitHub(folder / "github")), stack.enter_context(ModelServer(slow))
        evaluators = {name: stack.enter_context(PostingEvaluator(kind)) for name, kind in KINDS.items()}
        service = stack.enter_context(
            Service(
                folder / "repos",
                DEPLOY_TARGET="github-pages",
                GITHUB_TOKEN=github.token,
                GITHUB_API_URL=github.api_url,
                LLM_BASE_URL=model.base_url,
                LLM_MODELS="test/model",
                EVALUATION_ALLOWED_ORIGINS=",".join(each.origin for each in evaluators.values()),
            )
        )
        with ThreadPoolExecutor(len(evaluators)) as threads:
            for name, evaluator in evaluators.items():
                request = make_request(**BRIEF, email=f"{name.lower()}@example.com")
                threads.submit(evaluator.play, service.url, SECRET, request, ROUNDS).add_done_callback(
                    lambda ended: ended.exception()
                )
        jobs = {
            name: {
                (job["email"], job["task"], job["round"], job["nonce"]): service.get(f"/jobs/{job['job_id']}").json()
                for job in service.get(f"/jobs?email={name.lower()}@example.com").json()["jobs"]
            }
            for name in evaluators
        }
        repositories = {each.full_name: [sha for sha, _ in each.commits()] for each in github.repositories()}
        yield Played(evaluators, jobs, repositories, len(model.calls))


@pytest.mark.parametrize("name", KINDS)
def test_every_brief_that_was_answered_has_its_result_once(played: Played, name: str) -> None:
    evaluator = played.evaluators[name]
    answered = [sent.key for sent in evaluator.sent if sent.status == 200]
    assert [key[2] for key in answered] == [1, 2]
    assert {key: len(results) for key, results in evaluator.results.items()} == dict.fromkeys(answered, 1)
    assert all(sent.seconds < 10 for sent in evaluator.sent)


@pytest.mark.parametrize("name", KINDS)
def test_both_rounds_are_one_repository_whose_commits_were_told(played: Played, name: str) -> None:
    evaluator = played.evaluators[name]
    told = [evaluator.results[sent.key][0] for sent in evaluator.sent if sent.status == 200]
    assert len({result["repo_url"] for result in told}) == 1
    assert played.heads["/".join(told[0]["repo_url"].split("/")[-2:])] == [
        result["commit_sha"] for result in reversed(told)
    ]
    assert len({result["task"] for result in told}) == (2 if KINDS[name].rehashes else 1)


def test_each_round_cost_one_call_of_the_model_and_each_owner_has_one_repository(played: Played) -> None:
    assert played.calls == 2 * len(KINDS)
    assert len(played.heads) == len(KINDS)


def test_requests_that_were_sent_again_say_whose_app_they_share(played: Played) -> None:
    first, *others = [played.jobs["B"][sent.key] for sent in played.evaluators["B"].sent if sent.key[2] == 1]
    assert len(others) == KINDS["B"].lost_answers
    for job in others:
        assert (job["status"], job["commit_sha"]) == ("succeeded", first["commit_sha"])
        assert any(first["job_id"] in note for note in job["notes"])


def test_a_revision_under_another_hash_says_which_site_it_revises(played: Played) -> None:
    for name in ("A", "D"):
        (first, second) = sorted(played.jobs[name].values(), key=lambda job: job["round"])
        assert any(first["task"] in note for note in second["notes"])


def test_it_is_a_program_as_well(tmp_path: Path) -> None:
    brief = tmp_path / "brief.json"
    brief.write_text(json.dumps([make_request(**fields) for fields in ROUNDS]))
    with EvaluatorServer() as spare:
        port = spare.port
    with Service(tmp_path / "repos", EVALUATION_ALLOWED_ORIGINS=f"http://127.0.0.1:{port}") as service:
        command = [sys.executable, "-m", "tests.fakes.posting_evaluator", "A", str(brief), "--port", str(port)]
        ended = subprocess.run(
            [*command, "--endpoint", service.url, "--secret", SECRET], capture_output=True, check=True, text=True
        )
    assert [result["round"] for result in json.loads(ended.stdout)["results"]] == [1, 2]


# Death at any point


def test_who_was_waiting_when_the_process_died_is_answered_again_and_the_evaluator_told_once(tmp_path: Path) -> None:
    with EvaluatorServer() as evaluator:
        allowed = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin}
        request = make_request(evaluation_url=evaluator.url)
        with Service(tmp_path, FAILPOINT="confirm:after_effect", **allowed) as service:
            with pytest.raises(httpx.TransportError):
                service.post(request)
            assert service.wait() == 137
        with Service(tmp_path, **allowed) as service:
            answer = service.post(request).json()
            assert service.finished(answer["job_id"])["notification"]["status"] == "delivered"
        assert len(evaluator.requests) == 1


def test_requests_that_share_an_app_survive_the_process(tmp_path: Path) -> None:
    with EvaluatorServer() as evaluator, ModelServer([Answer(PAGE, delay=60)]) as stuck, ModelServer([PAGE]) as quick:
        environment = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin, "LLM_MODELS": "test/model", "CHROMIUM": "none"}
        nonces = ("first", "second", "third")
        with Service(tmp_path, LLM_BASE_URL=stuck.base_url, **environment) as service:
            requests = [make_request(nonce=nonce, checks=[], evaluation_url=evaluator.url) for nonce in nonces]
            accepted = [service.post(request, prefer="respond-async").json()["job_id"] for request in requests]
            stuck.wait_for(1)
            service.kill()
        with Service(tmp_path, LLM_BASE_URL=quick.base_url, **environment) as service:
            jobs = [service.finished(job_id) for job_id in accepted]
            told = evaluator.wait_for(len(nonces))

    assert {job["status"] for job in jobs} == {"succeeded"}
    assert sorted(received.json["nonce"] for received in told) == sorted(nonces)
    assert commits(repository_in(tmp_path)) == [jobs[0]["commit_sha"]]
    assert (len(stuck.calls), len(quick.calls)) == (1, 1)


def test_what_was_left_for_later_survives_the_process(tmp_path: Path) -> None:
    with EvaluatorServer([400] * 4) as evaluator:
        environment = {"EVALUATION_ALLOWED_ORIGINS": evaluator.origin, "CHROMIUM": "none"}
        with Service(tmp_path, JOB_DEADLINE_SECONDS="8", **environment) as service:
            job_id = service.post(make_request(evaluation_url=evaluator.url)).json()["job_id"]
            job = service.finished(job_id)
            assert job["notification"]["status"] == "pending"
            assert job["notification"]["next_attempt_at"] is not None
            service.kill()
        is_due = tables.jobs.update().values(next_attempt_at=SystemClock().now())
        database = Database.embedded(tmp_path)
        database.transact_now(lambda connection: connection.execute(is_due))
        database.close()
        attempts = len(job["deliveries"])
        with Service(tmp_path, **environment) as service:
            evaluator.wait_for(attempts + 1)
            service.kill()

    assert len({received.headers["webhook-id"] for received in evaluator.requests}) == 1
