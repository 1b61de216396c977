"""``pipeline run``: what is accepted, what is said, and the exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.brief import Wishes
from pipeline.domain.errors import Busy, Misconfigured, PipelineError
from tests.fakes.command_line import InstantJobs, pipeline

pytestmark = pytest.mark.usefixtures("jobs")

REQUEST = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
CALLBACK = "https://evaluator.example.com/notify"


def brief_file(document: Any = None, **fields: Any) -> str:
    Path("brief.json").write_text(json.dumps(document or REQUEST | fields), encoding="utf-8")
    return "brief.json"


def collection(revisions: int = 2) -> dict[str, Any]:
    rounds = [{"request": REQUEST | {"round": 2, "nonce": f"r{number}"}} for number in range(revisions)]
    return {"round1": REQUEST, "round2": rounds}


def test_a_job_that_succeeds_ends_with_0_and_shows_where_the_app_is(tmp_path: Path) -> None:
    ended = pipeline("run", brief_file(), ends_with=0)
    assert str(tmp_path / "my apps" / "sales-n1" / "index.html") in ended.stdout
    assert "1 check: 1 pass" in ended.stdout
    assert "test/model" in ended.stdout
    assert "1200 in, 800 out, 1 call, $0.0100" in ended.stdout


def test_what_a_brief_wants_for_its_job_alone_goes_with_it(jobs: InstantJobs) -> None:
    pipeline("run", brief_file(model="a/b", max_usd=0.5, deadline_seconds=90), ends_with=0)
    assert jobs.accepted[0][0].wishes == Wishes("a/b", 0.5, 90)
    ended = pipeline("run", brief_file(max_usd="canary"), ends_with=2)
    assert "max_usd: must be a number, without quotes" in ended.stderr


def test_stages_are_told_on_standard_error_alone() -> None:
    ended = pipeline("run", brief_file())
    assert "generate" in ended.stderr
    assert "1.50 s" in ended.stderr
    assert "generate " not in ended.stdout


def test_json_is_the_same_document_as_the_reply_over_http(jobs: InstantJobs) -> None:
    document = pipeline("run", brief_file(), "--json").document
    assert document["ok"] is True
    assert document["status"] == "succeeded"
    assert document["job_id"] == jobs.ids[0]
    assert document["checks"][0]["verdict"] == "pass"


def test_json_of_a_collection_lists_a_document_per_round() -> None:
    document = pipeline("run", brief_file(collection()), "--json").document
    assert [job["round"] for job in document["jobs"]] == [1, 2, 2]


def test_a_failed_job_ends_with_1_and_names_stage_and_error(jobs: InstantJobs) -> None:
    jobs.failing = {1}
    ended = pipeline("run", brief_file(), ends_with=1)
    assert "in publish: the target refused" in ended.stdout


def test_what_builds_on_a_failed_round_is_not_run(jobs: InstantJobs) -> None:
    jobs.failing = {2}
    ended = pipeline("run", brief_file(collection(3)), "--json", ends_with=1)
    assert [job["ok"] for job in ended.document["jobs"]] == [True, False]
    assert "2 more" in ended.stderr


def test_one_round_can_be_chosen(jobs: InstantJobs) -> None:
    assert pipeline("run", brief_file(collection()), "--round", "1").code == 0
    assert [brief.round for brief, _ in jobs.accepted] == [1]


def test_a_brief_is_read_from_standard_input() -> None:
    assert pipeline("run", "-", stdin=json.dumps(REQUEST)).code == 0


def test_without_a_target_nothing_is_published_whatever_environment_and_brief_say(
    jobs: InstantJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_TARGET", "hf-space")
    ended = pipeline("run", brief_file(target="github-pages"))
    assert [brief.target for brief, _ in jobs.accepted] == ["local"]
    assert "dry run" in ended.stderr
    assert "--target github-pages" in ended.stderr


def test_a_target_that_is_asked_for_wins(jobs: InstantJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "forThisTestAlone")
    ended = pipeline("run", brief_file(target="hf-space"), "--target", "github-pages")
    assert [brief.target for brief, _ in jobs.accepted] == ["github-pages"]
    assert "The brief itself" not in ended.stderr


@pytest.mark.parametrize(
    ("options", "is_told"),
    [("", False), ("--notify", True), ("--target github-pages", True), ("--target github-pages --no-notify", False)],
)
def test_the_evaluator_is_told_when_asked_for_or_when_published(
    options: str, is_told: bool, jobs: InstantJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "forThisTestAlone")
    ended = pipeline("run", brief_file(evaluation_url=CALLBACK), *options.split())
    assert [notify for _, notify in jobs.accepted] == [is_told]
    assert ("Evaluator: is told" in ended.stderr) is is_told


def test_a_brief_that_ran_before_is_replayed_and_says_what_to_do() -> None:
    source = brief_file()
    first, second = pipeline("run", source, "--json"), pipeline("run", source, "--json")
    assert second.code == 0
    assert second.document == first.document
    assert "ran before" in second.stderr
    assert "--fresh" in second.stderr


def test_fresh_builds_anew_every_time(jobs: InstantJobs) -> None:
    source = brief_file(collection())
    pipeline("run", source, "--fresh")
    pipeline("run", source, "--fresh")
    assert len(set(jobs.ids)) == 6


def test_a_key_that_was_used_for_another_brief_ends_with_1_and_says_what_to_do() -> None:
    pipeline("run", brief_file())
    ended = pipeline("run", brief_file(brief="Something else."), ends_with=1)
    assert "--fresh" in ended.stderr


def test_broken_rules_end_with_2_and_are_listed_by_field(jobs: InstantJobs) -> None:
    ended = pipeline("run", brief_file(round=True, nonce=""), "--json", ends_with=2)
    assert ended.document["ok"] is False
    assert {field["field"] for field in ended.document["fields"]} == {"round", "nonce"}
    assert "  round: " in ended.stderr
    assert jobs.ids == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"round": NaN}'], ids=["empty", "cut", "list", "NaN"])
def test_a_file_without_a_json_object_ends_with_2(text: str) -> None:
    Path("brief.json").write_text(text)
    assert pipeline("run", "brief.json").code == 2


def test_a_missing_file_ends_with_2() -> None:
    assert pipeline("run", "nowhere.json").code == 2


@pytest.mark.parametrize("arguments", [("--target", "moon"), ("--round", "0"), ("--nonsense",), ("second.json",)])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert pipeline("run", brief_file(), *arguments).code == 2


def test_a_setting_that_cannot_be_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_CONCURRENCY", "many")
    ended = pipeline("run", brief_file(), "--json", ends_with=3)
    assert "JOB_CONCURRENCY" in ended.document["error"]


@pytest.mark.parametrize(
    ("error", "code"), [(Busy("the queue is full", retry_after_seconds=5), 1), (Misconfigured("no such database"), 3)]
)
def test_errors_of_the_queue_have_their_exit_codes(error: PipelineError, code: int, jobs: InstantJobs) -> None:
    jobs.broken = error
    ended = pipeline("run", brief_file(), "--json", ends_with=code)
    assert ended.document == {"ok": False, "error": str(error)}


def test_a_terminal_is_not_steered_by_what_a_brief_says() -> None:
    ended = pipeline("run", brief_file(task="sales\x1b[2J\nstatus  succeeded"))
    assert "\x1b" not in ended.stdout + ended.stderr
    assert "sales [2J status  succeeded, round 1" in ended.stdout
