"""Which stages need not be run again."""

import pytest

from pipeline.domain.job import Failure, JobStatus, Stage
from pipeline.jobs.outcomes import StageOutcome, worth_keeping

REFUSED = {"error": "publish_failed", "message": "no"}
UNBUILT = {"error": "build_failed", "message": "the log"}
LATE = {"error": "deadline_exceeded", "message": "late"}
SECRET = {"error": "secret_found", "message": "a key"}
G, A, V, C, P, L = Stage.GENERATE, Stage.ASSEMBLE, Stage.VERIFY, Stage.COMMIT, Stage.PUBLISH, Stage.CONFIRM
WELL = {"value": "x"}


@pytest.mark.parametrize(
    ("stages", "failed_with", "kept"),
    [
        ([], None, 0),
        ([(G, WELL), (A, WELL)], None, 2),
        ([(G, LATE)], LATE, 0),
        ([(G, WELL), (A, WELL), (V, WELL), (C, WELL), (P, REFUSED)], REFUSED, 4),
        ([(G, WELL), (A, WELL), (V, SECRET)], SECRET, 0),
        ([(G, WELL), (A, WELL), (V, WELL), (G, WELL), (A, LATE)], LATE, 3),
        ([(G, WELL), (A, WELL), (V, WELL), (G, LATE), (C, WELL), (P, WELL), (L, WELL)], None, 7),
        ([(G, WELL), (A, WELL), (V, WELL), (C, WELL), (P, WELL), (L, UNBUILT), (G, LATE)], UNBUILT, 5),
        ([(G, WELL), (P, REFUSED), (C, WELL), (P, REFUSED)], REFUSED, 3),
        ([(G, WELL)], {"error": "internal_error", "message": "nobody foresaw it"}, 1),
    ],
)
def test_stages_before_the_one_that_failed_are_kept(
    stages: list[tuple[Stage, dict[str, str]]], failed_with: dict[str, str] | None, kept: int
) -> None:
    failure = Failure(Stage.ACCEPT, failed_with["error"], failed_with["message"]) if failed_with else None
    status = JobStatus.FAILED if failure else JobStatus.CANCELLED
    assert worth_keeping([StageOutcome(*stage) for stage in stages], status, failure) == kept
