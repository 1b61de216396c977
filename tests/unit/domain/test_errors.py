"""Codes of errors stand in databases and are told over HTTP: a class that is renamed has to keep its own."""

from pipeline.domain import errors
from pipeline.domain.errors import StageError

STORED = {
    *("stage_failed", "generation_failed", "budget_exhausted", "secret_found", "site_missing", "workspace_failed"),
    *("workspace_missing", "push_failed", "publish_failed", "plan_required", "not_live", "build_failed"),
    "deadline_exceeded",
}


def test_codes_of_stages_errors_stay_as_they_were_stored() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StageError)]
    assert sorted(kind.code for kind in kinds) == sorted(STORED)


def test_the_code_of_an_error_is_its_name() -> None:
    assert errors.NotFound.code == "not_found"
    assert errors.HubTokenRefused.code == "hub_token_refused"
    assert errors.PipelineError.code == "error"
