"""Jobs, and the codes of errors: they stand in databases and are told over HTTP."""

from datetime import timedelta

import pytest

from pipeline.domain import errors
from pipeline.domain.brief import Check
from pipeline.domain.errors import StageError
from pipeline.domain.generation import Usage
from pipeline.domain.job import JobStatus, Stage
from pipeline.domain.verdict import Outcome, Verdict, merge_verdicts
from tests.builders import make_job


def test_stages_come_in_the_order_in_which_they_are_taken() -> None:
    assert list(Stage) == ["accept", "generate", "assemble", "verify", "commit", "publish", "confirm", "notify"]


def test_only_ended_jobs_are_final() -> None:
    assert [status for status in JobStatus if not status.is_final] == [JobStatus.WAITING, JobStatus.RUNNING]


@pytest.mark.parametrize(("passed", "left"), [(0, 600), (599, 1), (601, 0), (-3600, 600)])
def test_the_time_left_is_never_negative_and_never_more_than_was_given(passed: int, left: int) -> None:
    job = make_job()
    assert job.deadline - job.received_at == timedelta(seconds=600)
    assert job.seconds_left(job.received_at + timedelta(seconds=passed)) == left


def test_an_unknown_price_makes_the_sum_unknown_and_never_zero() -> None:
    known, unknown = Usage(1, 10, 5, 0, 0.25), Usage(1, 10, 5, 0, None)
    assert (known + known).cost_usd == 0.5
    assert (known + unknown).cost_usd is None
    assert (Usage() + known) == known
    assert (known + Usage()) == known


def test_a_verdict_that_decides_wins_over_one_that_does_not() -> None:
    check, other = Check("a"), Check("b")
    undecided = Verdict(check, Outcome.NOT_VERIFIABLE, "no browser", "static")
    decided = Verdict(check, Outcome.FAIL, "seen", "browser")
    merged = merge_verdicts([check, other], [undecided], [decided])
    assert merged[0] is decided
    assert merged[1].outcome is Outcome.NOT_VERIFIABLE


STORED = {
    *("stage_failed", "generation_failed", "budget_exhausted", "secret_found", "site_missing", "workspace_failed"),
    *("workspace_missing", "push_failed", "publish_failed", "plan_required", "not_live", "build_failed"),
    *("deadline_exceeded", "content_refused", "given_up", "unpublishable", "no_model_left"),
}


def test_codes_of_stages_errors_stay_as_they_were_stored() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StageError)]
    assert sorted(kind.code for kind in kinds) == sorted(STORED)


def test_the_code_of_an_error_is_its_name() -> None:
    assert errors.NotFound.code == "not_found"
    assert errors.HubTokenRefused.code == "hub_token_refused"
    assert errors.PipelineError.code == "error"
