"""The use case, without an engine: what happens in which order, and what a failure leaves undone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.deploy.words import commit_message
from pipeline.domain.brief import Check
from pipeline.domain.errors import (
    BuildFailed,
    ContentRefused,
    GenerationFailed,
    NotLive,
    PlanRequired,
    PublishFailed,
    SecretFound,
    StageError,
    Unpublishable,
)
from pipeline.domain.job import Job
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.verdict import Outcome, Verification
from tests.builders import (
    NOW,
    make_brief,
    make_files,
    make_generation,
    make_job,
    make_made,
    make_publication,
    make_site,
    make_verdict,
)
from tests.fakes.deploy import FROM_MODEL, MENDED, WITHOUT_MODEL, World

NOTIFIED = make_brief(evaluation_url="https://evaluator.example/notify")


async def test_stages_are_taken_in_order_and_the_app_is_reported_live_last() -> None:
    world = World(NOTIFIED)
    await world.run()
    assert world.log == ["generate", "scan", "verify", "commit", "publish", "record", "confirm"]
    assert [report.publication for report in world.reported] == [None, make_publication()]


async def test_what_the_target_says_only_when_it_is_live_is_what_the_job_and_the_site_tell() -> None:
    world = World(NOTIFIED)
    world.learnt = replace(make_publication(), pages_url="https://live.example/")
    await world.run()
    assert world.reported[-1].publication == world.learnt
    assert world.site is not None
    assert world.site.publication == world.learnt
    assert world.site.head == make_publication().commit_sha


@pytest.mark.parametrize(
    ("stage", "failure", "undone"),
    [
        ("generate", GenerationFailed("no"), {"commit", "publish"}),
        ("scan", SecretFound("no"), {"verify", "commit", "publish"}),
        ("publish", PublishFailed("no"), {"record", "confirm"}),
        ("confirm", NotLive("no"), set()),
    ],
)
async def test_after_a_failure_nothing_more_is_done(stage: str, failure: StageError, undone: set[str]) -> None:
    world = World(NOTIFIED, **{stage: failure})
    with pytest.raises(type(failure)):
        await world.run()
    assert not undone & set(world.log)
    assert not any(report.publication for report in world.reported)


async def test_what_must_not_be_published_is_refused_before_it_is_committed() -> None:
    planted = make_generation(files=make_files().with_files({"CNAME": b"evil.example"}))
    world = World(NOTIFIED)
    world.generations = [planted, planted]
    with pytest.raises(Unpublishable, match="CNAME: the file names a domain"):
        await world.run()
    assert not {"commit", "publish", "notify"} & set(world.log)
    world = World(NOTIFIED)
    world.generations = [planted, make_generation()]
    await world.run()
    assert world.orders[1].rejected[0].findings[-1].path == "CNAME"
    assert "publish" in world.log


async def test_a_revision_is_given_the_published_files_and_the_checks_of_earlier_rounds() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    await world.run()
    assert world.orders[0].base == make_files()
    assert world.orders[0].earlier_checks == ("an earlier check",)
    assert world.orders[0].unmet_checks == ("one that failed",)
    assert world.earlier == (Check("an earlier check"),)


async def test_the_site_remembers_of_each_check_whether_it_passed() -> None:
    checks = [Check(outcome) for outcome in Outcome]
    world = World(make_brief(checks=tuple(checks)))
    verdicts = tuple(make_verdict(check=check, outcome=Outcome(check.text)) for check in checks)
    world.generations, world.verifications = [WITHOUT_MODEL], [Verification(verdicts)]
    await world.run()
    assert world.recorded == {"pass": True, "fail": False, "not_verifiable": False}


async def test_a_revision_keeps_the_workflows_that_an_earlier_round_asked_for() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    workflow = {".github/workflows/ci.yml": b"on: push\n"}
    world.base = make_files().with_files(workflow)
    world.generations = [make_generation(files=world.base)]
    await world.run()
    assert world.committed is not None
    assert world.committed[".github/workflows/ci.yml"] == b"on: push\n"


async def test_a_revision_of_what_was_never_published_is_built_as_a_new_site_and_says_so() -> None:
    world = World(make_brief(round=2))
    world.job = make_job(key=world.brief.key)
    await world.run()
    assert (world.orders[0].base, world.orders[0].earlier_checks) == (None, ())
    assert any("built as a new site" in note for note in world.reported[-1].made.notes)


async def test_a_revision_of_a_site_under_another_hash_works_on_that_site_and_says_so() -> None:
    world = World(make_brief(round=2, task="sales-b2b2b"))
    world.job = make_job(key=world.brief.key, site_task="sales-a1a1a")
    world.site = make_site(task="sales-a1a1a", publication=make_publication())
    await world.run()
    assert world.looked_for == "sales-a1a1a"
    assert world.orders[0].base == make_files()
    assert world.site.repository == make_site(task="sales-a1a1a").repository
    assert any("sales-a1a1a" in note for note in world.reported[-1].made.notes)


def unserved(seconds: float = 0.0, **options: bool) -> World:
    """Visitors are never served the app, and there are so many ``seconds`` left."""
    world = World(NOTIFIED)
    world.job = replace(world.job, deadline=NOW + timedelta(seconds=seconds), received_at=NOW - timedelta(seconds=600))
    world.never_served, world.options = True, options
    return world


async def test_what_the_remote_holds_is_told_unconfirmed_when_visitors_are_not_served_it_in_time() -> None:
    world = unserved()
    world.held_by_remote = make_publication(commit_sha="f" * 40)
    await world.run()
    assert world.reported[-1].publication == replace(world.held_by_remote, is_unconfirmed=True)
    assert any("not served this commit in time" in note for note in world.reported[-1].made.notes)
    assert world.site is not None
    assert world.site.publication == world.held_by_remote


async def test_what_the_remote_does_not_hold_is_not_told_unconfirmed() -> None:
    world = unserved()
    world.held_by_remote = None
    await never_ends(world)


async def test_operators_may_forbid_to_tell_of_what_is_not_served() -> None:
    await never_ends(unserved(notify_unconfirmed=False))


async def never_ends(world: World) -> None:
    """The stage's own deadline, which the engine keeps, is all that ends it."""
    running = asyncio.create_task(world.run())
    while "confirm" not in world.log:
        await asyncio.sleep(0)
    done, _ = await asyncio.wait({running}, timeout=0.1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (done, [report.publication for report in world.reported]) == (set(), [None])


def test_the_commit_message_names_task_round_maker_and_job_and_is_the_same_each_time() -> None:
    job: Job = make_job()
    message = commit_message(job, make_made(model="big"))
    assert message == commit_message(job, make_made(model="big"))
    assert message.splitlines()[0] == f"Build {job.key.task}: round 1"
    assert "big" in message
    assert job.id in message


async def test_a_workspace_that_this_machine_lacks_is_restored_before_it_is_revised() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    world.is_lost = True
    await world.run()
    assert world.log[:2] == ["restore", "generate"]
    assert world.orders[0].base == make_files()


async def test_a_commit_that_was_made_on_another_machine_is_made_again_before_it_is_published() -> None:
    world = World(make_brief())
    world.loses_first_commit = True
    await world.run()
    assert world.log.count("commit") == 2
    assert world.log.index("publish") > world.log.index("commit") + 1


async def test_what_the_target_could_not_build_goes_back_to_the_model_once_with_the_log() -> None:
    world = World(make_brief())
    world.generations, world.build_failures = [FROM_MODEL, MENDED], [BuildFailed("no module named flask")]
    await world.run()

    (told,) = world.orders[1].rejected
    assert told.findings[0].message == "no module named flask"
    assert world.log.count("publish") == world.log.count("confirm") == 2
    assert world.committed is not None
    assert world.committed["index.html"] == b"mended"


async def test_a_mending_that_changes_nothing_is_not_built_again() -> None:
    world = World(make_brief())
    world.generations, world.build_failures = [FROM_MODEL, FROM_MODEL], [BuildFailed("one")]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()
    assert world.log.count("publish") == 1


async def test_a_second_build_that_fails_is_the_end() -> None:
    world = World(NOTIFIED)
    world.generations = [FROM_MODEL, MENDED]
    world.build_failures = [BuildFailed("one"), BuildFailed("two")]
    with pytest.raises(BuildFailed, match="two"):
        await world.run()
    assert not any(report.publication for report in world.reported)


async def test_a_build_of_what_no_model_made_fails_at_once() -> None:
    world = World(make_brief())
    world.build_failures = [BuildFailed("one")]
    world.generations = [WITHOUT_MODEL]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()


async def test_a_build_that_the_model_cannot_mend_fails_with_the_log_of_the_build() -> None:
    world = World(make_brief())
    world.generations = [FROM_MODEL, GenerationFailed("no credit")]
    world.build_failures = [BuildFailed("one")]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()


async def test_a_mended_revision_still_starts_from_what_was_published_before_the_job() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    world.generations, world.build_failures = [FROM_MODEL, MENDED], [BuildFailed("one")]

    original = world.base
    await world.run()
    assert world.base != original
    assert [order.base for order in world.orders] == [original, original]


async def test_a_push_that_is_refused_for_a_secret_goes_back_to_the_model_once() -> None:
    world = World(make_brief())
    world.generations, world.refusals = [FROM_MODEL, MENDED], [ContentRefused("a key in app.js:2")]
    await world.run()
    assert [finding.message for finding in world.orders[1].rejected[0].findings] == ["a key in app.js:2"]
    world = World(make_brief())
    world.generations, world.refusals = [FROM_MODEL, MENDED], [ContentRefused("one"), ContentRefused("two")]
    with pytest.raises(ContentRefused, match="two"):
        await world.run()


async def test_an_app_that_needs_a_paid_plan_is_made_static_when_no_kind_was_asked_for() -> None:
    world = World(make_brief())
    world.generations, world.refusals = [FROM_MODEL, MENDED], [PlanRequired("gradio is paid")]
    await world.run()
    assert world.orders[1].brief.space_type is SpaceSdk.STATIC
    assert any("gradio is paid" in note for note in world.reported[-1].made.notes)


async def test_an_app_of_the_kind_that_was_asked_for_is_not_replaced_by_another() -> None:
    world = World(make_brief(space_type=SpaceSdk.GRADIO))
    world.generations, world.refusals = [FROM_MODEL], [PlanRequired("gradio is paid")]
    with pytest.raises(PlanRequired):
        await world.run()
