"""``pipeline jobs``: what is shown and done, and the exit code."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from pipeline.domain.job import Failure, Job, Stage
from pipeline.domain.notification import DeliveryState
from tests.builders import make_brief, make_delivery
from tests.fakes.command_line import InstantJobs, pipeline
from tests.fakes.jobs import MemoryJobs

pytestmark = pytest.mark.usefixtures("jobs")

CALLBACK = "https://evaluator.example.com/notify"


def accept(jobs: InstantJobs, **fields: Any) -> str:
    """A job that has ended."""
    job, _ = asyncio.run(jobs.accept(make_brief(**fields)))
    return job.id


def accept_waiting(jobs: InstantJobs, **fields: Any) -> str:
    """A job that waits."""
    job, _ = asyncio.run(MemoryJobs.accept(jobs, make_brief(**fields)))
    return job.id


def test_list_shows_whole_ids_newest_first(jobs: InstantJobs) -> None:
    older, newer = accept(jobs, nonce="1"), accept(jobs, nonce="2")
    lines = pipeline("jobs", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [newer, older]


def test_list_as_json_is_the_page_that_http_gives(jobs: InstantJobs) -> None:
    newer = [accept(jobs, nonce=str(number)) for number in range(3)][-1]
    document = pipeline("jobs", "list", "--limit", "1", "--json").document
    assert [job["job_id"] for job in document["jobs"]] == [newer]
    assert document["next_cursor"] is not None


def test_list_says_when_there_are_older_jobs(jobs: InstantJobs) -> None:
    for number in range(3):
        accept(jobs, nonce=str(number))
    assert "raise --limit" in pipeline("jobs", "list", "--limit", "2").stderr
    assert "3 jobs." in pipeline("jobs", "list").stderr


def test_list_can_be_narrowed_down(jobs: InstantJobs) -> None:
    wanted = accept(jobs, email="bob@example.com", task="other")
    accept_waiting(jobs, email="bob@example.com", task="other", nonce="waiting")
    accept(jobs, email="bob@example.com")
    accept(jobs, task="other")
    options = ("--email", "bob@example.com", "--task", "other", "--status", "succeeded")
    assert [job["job_id"] for job in pipeline("jobs", "list", "--json", *options).document["jobs"]] == [wanted]


@pytest.mark.parametrize("options", [("--limit", "0"), ("--limit", "201"), ("--status", "odd")])
def test_list_refuses_what_cannot_be(options: tuple[str, ...]) -> None:
    assert pipeline("jobs", "list", *options).code == 2


def test_show_tells_timeline_verdicts_and_usage(jobs: InstantJobs) -> None:
    ended = pipeline("jobs", "show", accept(jobs), ends_with=0)
    for part in ("timeline", "generate", "1.50", "✔ pass", "h1 reads Sales", "1200 in"):
        assert part in ended.stdout


def test_show_tells_every_delivery(jobs: InstantJobs) -> None:
    job_id = accept(jobs, evaluation_url=CALLBACK)
    pipeline("jobs", "redeliver", job_id)
    ended = pipeline("jobs", "show", job_id)
    assert "deliveries" in ended.stdout
    assert "200" in ended.stdout


def test_show_tells_what_the_page_wrote_to_its_console(jobs: InstantJobs) -> None:
    job_id = accept(jobs)
    jobs.show_console(job_id, "error: x is not\x1b defined")
    ended = pipeline("jobs", "show", job_id)
    assert "error: x is not  defined" in ended.stdout


def test_show_saves_the_picture_of_the_page(jobs: InstantJobs, tmp_path: Path) -> None:
    job_id = accept(jobs)
    jobs.screenshots[job_id] = b"a picture"
    assert pipeline("jobs", "show", job_id, "--screenshot", str(tmp_path / "page.png")).code == 0
    assert (tmp_path / "page.png").read_bytes() == b"a picture"


def test_show_saves_the_evidence(jobs: InstantJobs, tmp_path: Path) -> None:
    assert pipeline("jobs", "show", accept(jobs), "--evidence", str(tmp_path / "evidence.zip")).code == 0
    assert {"evidence.html", "evidence.json", "evidence.xml"} <= set(ZipFile(tmp_path / "evidence.zip").namelist())


def test_show_says_when_there_is_no_picture_or_no_place_for_it(jobs: InstantJobs, tmp_path: Path) -> None:
    job_id = accept(jobs)
    assert "no picture" in pipeline("jobs", "show", job_id, "--screenshot", str(tmp_path / "page.png")).stderr
    jobs.screenshots[job_id] = b"a picture"
    ended = pipeline("jobs", "show", job_id, "--screenshot", str(tmp_path / "no folder" / "page.png"))
    assert ended.code != 0
    assert "--screenshot" in ended.stderr


def test_show_as_json_is_the_view_that_http_gives(jobs: InstantJobs) -> None:
    job_id = accept(jobs)
    document = pipeline("jobs", "show", job_id, "--json").document
    assert document["job_id"] == job_id
    assert [stage["stage"] for stage in document["stages"]] == ["generate"]


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "retry", "redeliver"])
def test_an_unknown_job_ends_with_1(command: str) -> None:
    ended = pipeline("jobs", command, "0" * 32, ends_with=1)
    assert ended.stdout == ""
    assert "Error:" in ended.stderr


def test_watch_follows_to_the_end_and_has_the_jobs_exit_code(jobs: InstantJobs) -> None:
    ended = pipeline("jobs", "watch", accept(jobs, nonce="good"), ends_with=0)
    assert "generate" in ended.stderr
    jobs.failing = {1}
    assert pipeline("jobs", "watch", accept(jobs, nonce="bad")).code == 1


def test_cancel_stops_a_job_that_has_not_ended(jobs: InstantJobs) -> None:
    ended = pipeline("jobs", "cancel", accept_waiting(jobs), ends_with=0)
    assert "is cancelled" in ended.stderr


def test_cancel_says_that_a_job_had_ended(jobs: InstantJobs) -> None:
    ended = pipeline("jobs", "cancel", accept(jobs), ends_with=1)
    assert "had ended before: succeeded" in ended.stderr


def test_retry_lets_one_job_or_all_that_failed_run_again(jobs: InstantJobs) -> None:
    job_id = accept_waiting(jobs)
    jobs.fail(job_id, Failure(Stage.PUBLISH, "publish_failed", "no"))
    assert pipeline("jobs", "retry", job_id, "--json", ends_with=0).document["status"] == "succeeded"
    assert "nothing to run again" in pipeline("jobs", "retry", job_id, ends_with=1).stderr
    jobs.fail(job_id, Failure(Stage.PUBLISH, "publish_failed", "no"))
    assert pipeline("jobs", "retry", "--failed", "--since", "2001-01-31", "--json").document["retried"] == 1
    assert "0 jobs will be run again" in pipeline("jobs", "retry", "--failed", ends_with=0).stderr
    assert pipeline("jobs", "retry", "--since", "2001-01-31").code == 2


def test_redeliver_shows_the_new_attempt(jobs: InstantJobs) -> None:
    ended = pipeline("jobs", "redeliver", accept(jobs, evaluation_url=CALLBACK), ends_with=0)
    assert "200" in ended.stdout


def test_redeliver_ends_with_1_when_the_evaluator_refuses_even_if_it_was_told_before(
    jobs: InstantJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(job_id: str) -> Job:
        job = await jobs.get(job_id)
        return replace(job, deliveries=(make_delivery(status=500),), notification=DeliveryState.DELIVERED)

    monkeypatch.setattr(jobs, "redeliver", refused)
    ended = pipeline("jobs", "redeliver", accept(jobs, evaluation_url=CALLBACK), ends_with=1)
    assert "did not take it" in ended.stderr


def test_redeliver_without_an_evaluator_ends_with_2(jobs: InstantJobs) -> None:
    assert pipeline("jobs", "redeliver", accept(jobs)).code == 2


def test_redeliver_failed_says_how_many_are_sent_again(jobs: InstantJobs) -> None:
    accept(jobs)
    ended = pipeline("jobs", "redeliver", "--failed", "--since", "2026-01-31T12:00Z", ends_with=0)
    assert "1 callback will be sent again" in ended.stderr
    assert jobs.retried == [{"since": datetime(2026, 1, 31, 12, tzinfo=UTC)}]


@pytest.mark.parametrize(
    "arguments", [(), ("--since", "2026-01-31"), ("0" * 32, "--failed"), ("--failed", "--since", "x")]
)
def test_redeliver_wants_one_job_or_failed_ones(jobs: InstantJobs, arguments: tuple[str, ...]) -> None:
    assert pipeline("jobs", "redeliver", *arguments).code == 2
    assert jobs.retried == []
