"""``pipeline batch``: a line of result for each line of the file, and the exit code."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.job import Failure, Stage
from tests.fakes.command_line import InstantJobs, pipeline

pytestmark = pytest.mark.usefixtures("jobs")


def lines_file(*lines: Any) -> str:
    text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    Path("briefs.jsonl").write_text("\n".join(text), encoding="utf-8")
    return "briefs.jsonl"


def request(number: int, **fields: Any) -> dict[str, Any]:
    required = {"email": "ada@example.com", "round": 1, "brief": "Show the sales."}
    return {**required, "task": f"t{number}", "nonce": f"n{number}", **fields}


def results(*arguments: str, ends_with: int) -> dict[int, str]:
    ended = pipeline("batch", "briefs.jsonl", "--json", *arguments, ends_with=ends_with)
    return {result["line"]: result["status"] for result in map(json.loads, ended.stdout.splitlines())}


def test_each_line_has_a_result_and_a_bad_one_is_named_and_ends_it_with_1(jobs: InstantJobs) -> None:
    lines_file(request(1), "no JSON", "", {"task": "t"}, request(5), request(1))
    status = {1: "succeeded", 2: "refused", 4: "refused", 5: "succeeded", 6: "succeeded"}
    assert results(ends_with=1) == status
    assert len(jobs.ids) == 2
    ended = pipeline("batch", "briefs.jsonl")
    assert "4  refused      email: is required" in ended.stdout
    assert "5 lines: 3 done, 2 failed" in ended.stderr


def test_what_ended_before_is_told_again_and_not_done_again(jobs: InstantJobs) -> None:
    lines_file(request(1), request(2))
    assert results(ends_with=0) == results("--resume", "--parallel", "1", ends_with=0)
    assert len(jobs.ids) == 2
    assert "2 had ended before" in pipeline("batch", "briefs.jsonl").stderr
    assert "had ended before" not in pipeline("batch", "briefs.jsonl", "--resume").stderr


def test_only_what_failed_is_run_again(jobs: InstantJobs) -> None:
    lines_file(request(1), request(2, round=2))
    jobs.failing = {2}
    assert results(ends_with=1) == {1: "succeeded", 2: "failed"}
    lines_file(request(1), request(2, round=2), request(3), request(1, brief="Something else."))
    assert results("--only", "failed", ends_with=0) == {2: "succeeded"}
    assert len(jobs.ids) == 2
    assert results("--only", "failed", ends_with=0) == {}


def test_what_an_interrupted_run_left_is_among_what_did_not_succeed(jobs: InstantJobs) -> None:
    lines_file(request(1))
    results(ends_with=0)
    jobs.fail(jobs.ids[0], Failure(Stage.PUBLISH, "publish_failed", "no"))
    assert results("--only", "failed", "--resume", ends_with=0) == {1: "succeeded"}


def test_a_key_used_for_another_body_is_refused_in_its_line(jobs: InstantJobs) -> None:
    lines_file(request(1), request(1, brief="Something else."))
    assert results(ends_with=1) == {1: "succeeded", 2: "refused"}
    assert len(jobs.ids) == 1


@pytest.mark.parametrize("arguments", [("none.jsonl",), ("empty.jsonl",), ("empty.jsonl", "--only", "done"), (".",)])
def test_a_file_without_lines_is_a_mistake(arguments: tuple[str, ...]) -> None:
    Path("empty.jsonl").write_text("\n\n", encoding="utf-8")
    assert pipeline("batch", *arguments).code == 2
