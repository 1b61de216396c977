"""The use case, without an engine: what happens in which order, and what a failure leaves undone."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import pytest

from pipeline.deploy import MAX_REPAIRS, Deploy, commit_message
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import GenerationFailed, NotLive, PublishFailed, SecretFound, SiteMissing, StageError
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Order
from pipeline.domain.job import Job, Result, Stage
from pipeline.domain.notification import DeliveryState, Notification
from pipeline.domain.publication import Publication, Site, Target
from pipeline.domain.verdict import Outcome, Verdict, Verification
from pipeline.ports import Progress
from tests.builders import (
    NOW,
    make_brief,
    make_files,
    make_finding,
    make_generation,
    make_job,
    make_publication,
    make_site,
    make_verdict,
)
from tests.fakes.clock import FakeClock

T = TypeVar("T")

RIGHT = Verification()
WRONG = Verification(verdicts=(make_verdict(outcome=Outcome.FAIL),))
WORSE = Verification(verdicts=(make_verdict(outcome=Outcome.FAIL),), findings=(make_finding(),))


class World:
    """Every port in memory; ``log`` tells what was done, in order."""

    target = Target.LOCAL

    def __init__(self, brief: Brief, **fails: StageError) -> None:
        self.brief = brief
        self.fails = fails
        self.log: list[str] = []
        self.orders: list[Order] = []
        self.generations: list[Generation | StageError] = []
        self.verifications: list[Verification] = []
        self.site: Site | None = None
        self.committed: AppFiles | None = None
        self.reported: list[Result] = []
        self.notified: DeliveryState | None = None
        self.kept: dict[str, AppFiles] = {}
        self.judge: Any = None
        self.base = make_files()
        self.job = replace(
            make_job(), notification=DeliveryState.PENDING if brief.evaluation_url else DeliveryState.NOT_REQUESTED
        )

    async def run(self) -> None:
        # One object stands for every port: their methods have different names.
        world: Any = self
        deploy = Deploy(
            generator=world,
            verifier=world,
            judge=self.judge,
            secrets=world,
            workspaces=world,
            publishers={Target.LOCAL: world},
            notifier=world,
            sites=Sites(self),
            blobs=world,
            clock=FakeClock(NOW),
        )
        await deploy(self.job, self.brief, world)

    def _step(self, name: str) -> None:
        self.log.append(name)
        if failure := self.fails.get(name):
            raise failure

    async def __call__(
        self, _stage: Stage, effect: Callable[[Progress], Awaitable[T]], _returns: type[T], seconds: float | None = None
    ) -> T:
        assert seconds is None or seconds <= 600
        return await effect(lambda _: None)

    async def report(self, result: Result, _files: str) -> None:
        self.reported.append(result)

    async def report_notification(self, state: DeliveryState) -> None:
        self.notified = state

    async def generate(self, order: Order, _progress: Progress) -> Generation:
        self.orders.append(order)
        self._step("generate")
        generation = self.generations.pop(0) if self.generations else make_generation()
        if isinstance(generation, StageError):
            raise generation
        return generation

    async def verify(self, _files: AppFiles, _brief: Brief, address: str) -> Verification:
        assert address == "https://here/"
        self._step("verify")
        return self.verifications.pop(0) if self.verifications else RIGHT

    def scan(self, _files: AppFiles, *_texts: str) -> None:
        self._step("scan")

    async def published(self, _site: Site) -> AppFiles:
        return self.base

    async def commit(self, _site: Site, files: AppFiles, _message: str, _at: datetime) -> str:
        self._step("commit")
        self.committed = files
        return make_publication().commit_sha

    def address(self, _site: Site) -> str:
        return "https://here/"

    async def publish(self, _site: Site, _commit_sha: str, _brief: Brief, _progress: Progress) -> Publication:
        self._step("publish")
        return make_publication()

    async def confirm(self, _publication: Publication, _site: Site, files: AppFiles, _progress: Progress) -> None:
        assert files == self.committed
        self._step("confirm")

    async def notify(self, _job_id: str, url: str, _told: Notification, _deadline: datetime) -> DeliveryState:
        assert url == self.brief.evaluation_url
        self._step("notify")
        return DeliveryState.DELIVERED

    async def put_files(self, files: AppFiles) -> str:
        self.kept[files.digest] = files
        return files.digest

    async def get_files(self, digest: str) -> AppFiles:
        return self.kept[digest]


class Sites:
    def __init__(self, world: World) -> None:
        self._world = world

    async def current(self, _email: str, _task: str) -> Site | None:
        return self._world.site

    async def open(self, _email: str, _task: str, _nonce: str, _target: Target) -> Site:
        return make_site()

    async def record(self, site: Site, publication: Publication, _checks: object) -> Site:
        self._world.log.append("record")
        return replace(site, publication=publication)

    async def checks(self, _site: Site) -> tuple[str, ...]:
        return ("an earlier check",)


TOLD = make_brief(evaluation_url="https://evaluator.example/notify")
FROM_MODEL = make_generation(generator="model", model="big")


async def test_stages_are_taken_in_order_and_the_evaluator_is_told_last() -> None:
    world = World(TOLD)
    await world.run()
    assert world.log == ["generate", "scan", "verify", "commit", "publish", "record", "confirm", "notify"]
    assert world.reported[-1].publication == make_publication()
    assert world.notified is DeliveryState.DELIVERED


async def test_nobody_is_told_when_nobody_asked_to_be() -> None:
    world = World(make_brief())
    await world.run()
    assert "notify" not in world.log


@pytest.mark.parametrize(
    ("stage", "failure", "undone"),
    [
        ("generate", GenerationFailed("no"), {"commit", "publish", "notify"}),
        ("scan", SecretFound("no"), {"verify", "commit", "publish", "notify"}),
        ("publish", PublishFailed("no"), {"record", "confirm", "notify"}),
        ("confirm", NotLive("no"), {"notify"}),
    ],
)
async def test_after_a_failure_nothing_more_is_done(stage: str, failure: StageError, undone: set[str]) -> None:
    world = World(TOLD, **{stage: failure})
    with pytest.raises(type(failure)):
        await world.run()
    assert not undone & set(world.log)


async def test_a_revision_is_given_the_published_files_and_the_checks_of_earlier_rounds() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    await world.run()
    assert world.orders[0].base == make_files()
    assert world.orders[0].earlier_checks == ("an earlier check",)


async def test_a_check_of_an_earlier_round_that_fails_now_is_a_finding_and_no_verdict() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    now = tuple(make_verdict(check=check, outcome=Outcome.PASS) for check in world.brief.checks)
    earlier = make_verdict(check=Check("an earlier check"), outcome=Outcome.FAIL, evidence="it is gone")
    world.verifications = [Verification(verdicts=now), Verification(verdicts=(earlier,))]
    await world.run()

    result = world.reported[-1]
    assert result.verdicts == now
    (finding,) = result.findings
    assert finding.rule == "regression"
    assert "it is gone" in finding.message


async def test_a_revision_keeps_the_workflows_that_an_earlier_round_asked_for() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    workflow = {".github/workflows/ci.yml": b"on: push\n"}
    world.base = make_files().with_files(workflow)
    world.generations = [make_generation(files=world.base)]
    await world.run()
    assert world.committed is not None
    assert world.committed[".github/workflows/ci.yml"] == b"on: push\n"


@pytest.mark.parametrize("site", [None, make_site()])
async def test_a_revision_of_what_was_never_published_fails(site: Site | None) -> None:
    world = World(make_brief(round=2))
    world.site = site
    with pytest.raises(SiteMissing):
        await world.run()


async def test_what_is_wrong_goes_back_to_the_model_and_the_mended_app_is_published() -> None:
    world = World(make_brief())
    mended = replace(FROM_MODEL, files=make_files({"index.html": "<title>mended</title>"}))
    world.generations, world.verifications = [FROM_MODEL, mended], [WRONG, RIGHT]
    await world.run()

    assert [order.rejected for order in world.orders] == [(), (WRONG,)]
    assert world.committed is not None
    assert world.committed["index.html"] == b"<title>mended</title>"
    assert world.reported[-1].verdicts == ()


async def test_the_best_candidate_is_published_when_repairs_make_it_worse_and_failures_stay_failures() -> None:
    world = World(make_brief())
    worse = replace(FROM_MODEL, files=make_files({"index.html": "worse"}))
    world.generations, world.verifications = [FROM_MODEL, worse, worse], [WRONG, WORSE, WORSE]
    await world.run()

    assert len(world.orders) == 1 + MAX_REPAIRS
    assert world.committed is not None
    assert world.committed["index.html"] == FROM_MODEL.files["index.html"]
    assert world.reported[-1].verdicts == WRONG.verdicts


async def test_a_repair_that_fails_leaves_the_candidate_and_says_so() -> None:
    world = World(make_brief())
    world.generations, world.verifications = [FROM_MODEL, GenerationFailed("no credit")], [WRONG]
    await world.run()
    assert "confirm" in world.log
    assert any("no credit" in note for note in world.reported[-1].notes)


async def test_what_no_model_made_is_not_sent_back_to_one() -> None:
    world = World(make_brief())
    world.generations, world.verifications = [replace(make_generation(), generator="scaffold", model=None)], [WRONG]
    await world.run()
    assert len(world.orders) == 1


async def test_without_time_there_is_no_repair() -> None:
    world = World(make_brief())
    world.job = replace(world.job, received_at=world.job.received_at, deadline=NOW.replace(microsecond=1))
    world.generations, world.verifications = [FROM_MODEL], [WRONG]
    await world.run()
    assert len(world.orders) == 1


def test_the_commit_message_names_task_round_maker_and_job_and_is_the_same_each_time() -> None:
    job: Job = make_job()
    message = commit_message(job, Result(generator="model", model="big"))
    assert message == commit_message(job, Result(generator="model", model="big"))
    assert message.splitlines()[0] == f"Build {job.key.task}: round 1"
    assert "big" in message
    assert job.id in message


class Opinion:
    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = verdicts
        self.asked: list[str] = []

    async def judge(self, _job_id: str, checks: Sequence[Check], *_: object) -> tuple[Verdict, ...]:
        self.asked += [check.text for check in checks]
        return self.verdicts


async def test_the_judge_is_asked_about_undecided_prose_only_and_never_overrules_what_was_seen() -> None:
    prose, script, decided = Check("It looks friendly"), Check.from_script("1"), Check("Has MIT license")
    world = World(make_brief(checks=(prose, script, decided)))
    undecided = [make_verdict(check=check, outcome=Outcome.NOT_VERIFIABLE) for check in (prose, script)]
    seen = make_verdict(check=decided, outcome=Outcome.PASS)
    world.verifications = [Verification(verdicts=(*undecided, seen))]
    world.judge = Opinion(
        make_verdict(check=prose, outcome=Outcome.PASS, method="judge"),
        make_verdict(check=decided, outcome=Outcome.FAIL, method="judge"),
    )
    await world.run()

    assert world.judge.asked == ["It looks friendly"]
    outcomes = {verdict.check: verdict.outcome for verdict in world.reported[-1].verdicts}
    assert outcomes[prose] is Outcome.PASS
    assert outcomes[script] is Outcome.NOT_VERIFIABLE
