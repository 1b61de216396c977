"""Which job is meant, what programs are told of it, and what --strict makes of failed checks."""

import asyncio
import json
from pathlib import Path

import pytest

from pipeline.domain.verdict import Outcome
from tests.builders import make_brief, make_verdict
from tests.fakes.command_line import InstantJobs, pipeline

pytestmark = pytest.mark.usefixtures("jobs")

REQUEST = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}


@pytest.fixture
def ids(jobs: InstantJobs) -> list[str]:
    """Two IDs that begin alike, and a third, which is the latest."""
    for nonce in ("n1", "n8", "n2"):
        asyncio.run(jobs.accept(make_brief(nonce=nonce, evaluation_url="https://evaluator.example.com/notify")))
    assert jobs.ids[0][0] == jobs.ids[1][0] != jobs.ids[2][0]
    return jobs.ids


def test_a_job_is_found_by_its_id_by_its_beginning_or_as_the_latest(ids: list[str]) -> None:
    for given, meant in [(ids[0], 0), (ids[0][:2], 0), (ids[1][:9].upper(), 1), (ids[2][:1], 2), ("latest", 2)]:
        assert pipeline("jobs", "show", given, "--json").document["job_id"] == ids[meant]


def test_a_beginning_of_several_names_them(ids: list[str]) -> None:
    ended = pipeline("jobs", "show", ids[0][0], "--json")
    assert ended.code == 2
    assert all(job_id in ended.stderr for job_id in ids[:2])
    assert ids[2] not in ended.stderr


@pytest.mark.parametrize("given", ["", "%", "_", "latest1", "\x1b[2J", "x" * 500])
def test_what_is_no_beginning_of_any_is_not_found_and_steers_nothing(given: str, ids: list[str]) -> None:
    ended = pipeline("jobs", "show", given)
    assert (ended.code, ended.stdout, "\x1b" in ended.stderr) == (1, "", False)
    assert "pipeline jobs list" in ended.stderr
    assert not any(job_id in ended.stderr for job_id in ids)


@pytest.mark.parametrize(("command", "code"), [("watch", 0), ("cancel", 1), ("redeliver", 0)])
def test_every_command_on_a_job_has_one_json_document(command: str, code: int, ids: list[str]) -> None:
    ended = pipeline("jobs", command, "latest", "--json")
    assert ended.code == code
    assert ended.document["job_id"] == ids[2]
    assert ended.document["status"] == "succeeded"


def test_the_database_that_is_read_is_named_on_standard_error(tmp_path: Path) -> None:
    ended = pipeline("jobs", "list", "--json")
    assert ended.document["jobs"] == []
    assert not (tmp_path / "generated_repos").exists()


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FAIL, 1), (Outcome.NOT_VERIFIABLE, 0), (Outcome.PASS, 0)])
def test_strict_ends_with_1_when_a_check_fails(outcome: Outcome, code: int, jobs: InstantJobs, tmp_path: Path) -> None:
    jobs.verdicts = (make_verdict(outcome=outcome),)
    (tmp_path / "brief.json").write_text(json.dumps(REQUEST))
    assert pipeline("run", "brief.json").code == 0
    assert pipeline("run", "brief.json", "--strict").code == code
    assert pipeline("jobs", "watch", "latest", "--strict").code == code


def test_fields_that_nobody_knows_are_told_with_those_that_were_meant(tmp_path: Path) -> None:
    requests = {"round1": REQUEST | {"check": []}, "round2": [REQUEST | {"round": 2, "nonce": "n2", "zzz\x1b": 1}]}
    (tmp_path / "brief.json").write_text(json.dumps(requests))
    ended = pipeline("run", "brief.json")
    assert ended.code == 0
    assert "brief.json: nobody knows the field round1.check; checks was meant, perhaps." in ended.stderr
    assert "the field round2[0].zzz . It is left out." in ended.stderr
    (tmp_path / "brief.json").write_text(json.dumps(REQUEST | {"secret": "x", "attachments": []}))
    assert "nobody knows" not in pipeline("run", "brief.json").stderr
