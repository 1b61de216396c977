from datetime import timedelta

from pipeline.domain.job import EventKind, Failure, JobEvent, JobStatus, Stage
from pipeline.domain.verdict import Seen
from pipeline.shapes.deploy_reply import DeployReply, FailedReply, RunningReply, deploy_reply
from pipeline.shapes.jobs import JobView, StageState, log_text, timeline
from tests.builders import NOW, make_delivery, make_finding, make_job, make_outcome, make_publication, make_verdict

URL = "http://127.0.0.1:8000"


def event(
    kind: EventKind, stage: Stage | None, detail: str = "", seconds: float | None = None, at: int = 0
) -> JobEvent:
    return JobEvent(at, "x", NOW + timedelta(seconds=at), kind, stage, detail, seconds)


def test_a_stage_that_ran_has_its_start_its_time_and_its_last_word() -> None:
    (run,) = timeline(
        [
            event(EventKind.STATUS, None, "running"),
            event(EventKind.STARTED, Stage.GENERATE, at=1),
            event(EventKind.PROGRESS, Stage.GENERATE, "300 lines", at=2),
            event(EventKind.FINISHED, Stage.GENERATE, "", 3.5, at=4),
        ]
    )
    assert (run.stage, run.state, run.seconds, run.detail) == (Stage.GENERATE, StageState.FINISHED, 3.5, "300 lines")
    assert run.started_at == NOW + timedelta(seconds=1)


def test_a_stage_that_runs_twice_is_shown_twice() -> None:
    runs = timeline(
        [
            event(EventKind.STARTED, Stage.VERIFY),
            event(EventKind.FINISHED, Stage.VERIFY, "1 of 2 checks pass", 1),
            event(EventKind.STARTED, Stage.VERIFY),
            event(EventKind.FAILED, Stage.VERIFY, "the browser is gone", 2),
        ]
    )
    assert [(run.state, run.detail) for run in runs] == [
        (StageState.FINISHED, "1 of 2 checks pass"),
        (StageState.FAILED, "the browser is gone"),
    ]


def test_a_stage_that_starts_again_without_an_end_was_interrupted() -> None:
    runs = timeline([event(EventKind.STARTED, Stage.PUBLISH), event(EventKind.STARTED, Stage.PUBLISH)])
    assert [run.state for run in runs] == [StageState.INTERRUPTED, StageState.RUNNING]


def test_a_stage_in_which_the_job_failed_is_shown_once() -> None:
    failed = event(EventKind.STATUS, Stage.VERIFY, "failed: no time was left")
    recorded = [event(EventKind.STARTED, Stage.VERIFY), event(EventKind.FAILED, Stage.VERIFY, "no time was left", 2)]
    for events in ([*recorded, failed], [recorded[0], failed]):
        (run,) = timeline(events, has_ended=True)
        assert (run.stage, run.state) == (Stage.VERIFY, StageState.FAILED)
        assert "no time was left" in run.detail
    assert timeline([failed], has_ended=True) == []


def test_an_end_whose_start_is_not_known_is_shown_all_the_same() -> None:
    (run,) = timeline([event(EventKind.FINISHED, Stage.COMMIT, "", 0.1)])
    assert (run.state, run.seconds) == (StageState.FINISHED, 0.1)


def test_a_running_job_names_the_stage_it_is_in() -> None:
    job = make_job(status=JobStatus.RUNNING)
    view = JobView.with_events(job, [event(EventKind.STARTED, Stage.PUBLISH)], URL)
    assert view.stage is Stage.PUBLISH


def test_nothing_of_an_ended_job_is_shown_as_running() -> None:
    job = make_job(status=JobStatus.CANCELLED)
    view = JobView.with_events(job, [event(EventKind.STARTED, Stage.PUBLISH)], URL)
    assert [run.state for run in view.stages] == [StageState.INTERRUPTED]
    assert view.stage is None


def test_a_job_shows_all_that_the_contract_names() -> None:
    failure = Failure(Stage.NOTIFY, "deadline_exceeded", "time was up")
    job = make_job(
        status=JobStatus.FAILED,
        **make_outcome(seen=Seen((make_verdict(),), (make_finding(),))),
        deliveries=(make_delivery(status=500), make_delivery(attempt=2, status=None, error="no answer")),
        failure=failure,
    )
    view = JobView.with_events(job, [], URL)
    assert (view.generator, view.model, view.prompts) == ("model", "test/model", ["build@1"])
    assert (view.usage.prompt_tokens, view.usage.cost_usd) == (1200, 0.01)
    assert [(check.verdict, check.evidence) for check in view.checks] == [("pass", "h1 reads Sales")]
    assert [finding.rule for finding in view.findings] == ["broken-link"]
    assert [delivery.status for delivery in view.deliveries] == [500, None]
    assert (view.notification.attempts, view.notification.last_error) == (2, "no answer")
    assert (view.stage, view.error, view.error_code) == (Stage.NOTIFY, "time was up", "deadline_exceeded")
    assert view.pages_url == make_publication().pages_url


def test_the_log_has_one_line_per_event_whatever_a_detail_holds() -> None:
    text = log_text(
        [
            event(EventKind.STARTED, Stage.GENERATE),
            event(EventKind.PROGRESS, Stage.GENERATE, "one\ntwo\x1b[31m\u2028three"),
            event(EventKind.FINISHED, Stage.GENERATE, "done", 2.04),
            event(EventKind.STATUS, None, "succeeded"),
        ]
    )
    assert text.splitlines() == [
        "2026-03-01T12:00:00.000Z  generate  started",
        "2026-03-01T12:00:00.000Z  generate  progress  one two [31m three",
        "2026-03-01T12:00:00.000Z  generate  finished  done  (2.04 s)",
        "2026-03-01T12:00:00.000Z  job       status    succeeded",
    ]


def test_a_job_that_succeeded_is_answered_with_what_is_live() -> None:
    reply = deploy_reply(make_job(status=JobStatus.SUCCEEDED, **make_outcome()), URL)
    assert isinstance(reply, DeployReply)
    assert reply.commit_sha == make_publication().commit_sha
    assert reply.target == make_publication().target


def test_a_job_under_way_is_answered_as_running() -> None:
    for status in (JobStatus.WAITING, JobStatus.RUNNING):
        assert isinstance(deploy_reply(make_job(status=status), URL), RunningReply)


def test_a_job_that_failed_or_was_cancelled_is_answered_with_the_reason() -> None:
    failed = deploy_reply(
        make_job(status=JobStatus.FAILED, failure=Failure(Stage.PUBLISH, "publish_failed", "refused")), URL
    )
    cancelled = deploy_reply(make_job(status=JobStatus.CANCELLED), URL)
    assert isinstance(failed, FailedReply)
    assert isinstance(cancelled, FailedReply)
    assert (failed.status, failed.stage, failed.error) == ("failed", Stage.PUBLISH, "refused")
    assert (cancelled.status, cancelled.stage, cancelled.error) == ("cancelled", None, "the job was cancelled")
