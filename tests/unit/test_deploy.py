"""The use case, without an engine: what happens in which order, and what a failure leaves undone."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import pytest

from pipeline.deploy.candidates import MAX_REPAIRS, Ports, commit_message
from pipeline.deploy.deploy import Deploy
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import (
    BuildFailed,
    GenerationFailed,
    NotLive,
    PlanRequired,
    PublishFailed,
    SecretFound,
    SiteMissing,
    StageError,
    WorkspaceMissing,
)
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Order
from pipeline.domain.job import Job, Result, Stage
from pipeline.domain.notification import DeliveryState, Notification
from pipeline.domain.publication import Publication, Site, SpaceSdk, Target
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
        self.is_lost = False
        self.loses_first_commit = False
        self.restored: Site | None = None
        self.workspace_head: str | None = None
        self.refusals: list[StageError] = []
        self.build_failures: list[StageError] = []
        self.learnt: Publication | None = None
        self.pictures: dict[str, bytes] = {}
        self.earlier: Sequence[Check] = ()
        self.base = make_files()
        self.job = replace(
            make_job(), notification=DeliveryState.PENDING if brief.evaluation_url else DeliveryState.NOT_REQUESTED
        )

    async def run(self) -> None:
        # One object stands for every port: their methods have different names.
        world: Any = self
        ports = Ports(
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
        await Deploy(ports)(self.job, self.brief, world)

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

    async def verify(
        self, _files: AppFiles, _brief: Brief, address: str, earlier: Sequence[Check] = ()
    ) -> Verification:
        assert address == "https://here/"
        self.earlier = earlier
        self._step("verify")
        return self.verifications.pop(0) if self.verifications else RIGHT

    def scan(self, _files: AppFiles, *_texts: str) -> None:
        self._step("scan")

    async def published(self, site: Site) -> AppFiles:
        if self.is_lost:
            raise WorkspaceMissing("not here")
        assert site.head is None or site == self.restored
        return self.base

    async def commit(self, site: Site, files: AppFiles, _message: str, _at: datetime) -> str:
        if self.is_lost and site.publication:
            raise WorkspaceMissing("not here")
        self._step("commit")
        self.committed = files
        is_lost = self.loses_first_commit and self.log.count("commit") == 1
        self.workspace_head = None if is_lost else make_publication().commit_sha
        return make_publication().commit_sha

    async def head(self, _folder: str) -> str | None:
        return self.workspace_head

    async def restore(self, site: Site) -> Site:
        self._step("restore")
        self.is_lost = False
        self.restored = replace(site, head="restored")
        return self.restored

    def address(self, _site: Site) -> str:
        return "https://here/"

    async def publish(
        self, _site: Site, _commit_sha: str, _files: AppFiles, _brief: Brief, _progress: Progress
    ) -> Publication:
        self._step("publish")
        if self.refusals:
            raise self.refusals.pop(0)
        assert self.committed is not None
        self.base = self.committed
        return make_publication()

    async def confirm(self, publication: Publication, _site: Site, files: AppFiles, _progress: Progress) -> Publication:
        assert files == self.committed
        self._step("confirm")
        if self.build_failures:
            raise self.build_failures.pop(0)
        return self.learnt or publication

    async def notify(self, _job_id: str, url: str, _told: Notification, _deadline: datetime) -> DeliveryState:
        assert url == self.brief.evaluation_url
        self._step("notify")
        return DeliveryState.DELIVERED

    async def put(self, content: bytes) -> str:
        self.pictures[str(len(content))] = content
        return str(len(content))

    async def get(self, digest: str) -> bytes:
        return self.pictures[digest]

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

    async def record(self, site: Site, publication: Publication, head: str, _checks: object) -> Site:
        self._world.log.append("record")
        self._world.site = replace(site, publication=publication, head=head)
        return self._world.site

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


async def test_what_the_target_says_only_when_it_is_live_is_what_the_job_and_the_site_tell() -> None:
    world = World(TOLD)
    world.learnt = replace(make_publication(), pages_url="https://live.example/")
    await world.run()
    assert world.reported[-1].publication == world.learnt
    assert world.site is not None
    assert world.site.publication == world.learnt
    assert world.site.head == make_publication().commit_sha


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
    world.verifications = [Verification(verdicts=now, earlier=(earlier,))]
    await world.run()

    assert (world.earlier, world.log.count("verify")) == ((earlier.check,), world.log.count("generate"))
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


async def test_the_model_is_shown_the_page_that_it_is_to_mend() -> None:
    world = World(make_brief())
    world.generations = [FROM_MODEL, FROM_MODEL]
    world.verifications = [replace(WRONG, screenshot=b"a picture"), RIGHT]
    await world.run()
    assert world.orders[1].rejected == (replace(WRONG, screenshot=b"a picture"),)


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


async def test_a_repair_that_changes_nothing_is_the_last() -> None:
    world = World(make_brief())
    unused = replace(FROM_MODEL, notes=("its edits had no place",))
    world.generations, world.verifications = [FROM_MODEL, unused], [WRONG, WRONG]
    await world.run()
    assert len(world.orders) == 2
    assert world.reported[-1].notes[-1] == "a repair was given up: its edits had no place"


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
    mended = replace(FROM_MODEL, files=make_files({"index.html": "mended"}))
    world.generations, world.build_failures = [FROM_MODEL, mended], [BuildFailed("no module named flask")]
    await world.run()

    (told,) = world.orders[1].rejected
    assert told.findings[0].message == "no module named flask"
    assert world.log.count("publish") == world.log.count("confirm") == 2
    assert world.committed is not None
    assert world.committed["index.html"] == b"mended"


MENDED = replace(FROM_MODEL, files=make_files({"index.html": "mended"}))


async def test_a_mending_that_changes_nothing_is_not_built_again() -> None:
    world = World(make_brief())
    world.generations, world.build_failures = [FROM_MODEL, FROM_MODEL], [BuildFailed("one")]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()
    assert world.log.count("publish") == 1


async def test_a_second_build_that_fails_is_the_end() -> None:
    world = World(TOLD)
    world.generations = [FROM_MODEL, MENDED]
    world.build_failures = [BuildFailed("one"), BuildFailed("two")]
    with pytest.raises(BuildFailed, match="two"):
        await world.run()
    assert "notify" not in world.log


async def test_a_build_of_what_no_model_made_fails_at_once() -> None:
    world = World(make_brief())
    world.build_failures = [BuildFailed("one")]
    world.generations = [replace(make_generation(), generator="scaffold", model=None)]
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


async def test_an_app_that_needs_a_paid_plan_is_made_static_when_no_kind_was_asked_for() -> None:
    world = World(make_brief())
    world.generations, world.refusals = [FROM_MODEL, MENDED], [PlanRequired("gradio is paid")]
    await world.run()
    assert world.orders[1].brief.space_type is SpaceSdk.STATIC
    assert any("gradio is paid" in note for note in world.reported[-1].notes)


async def test_an_app_of_the_kind_that_was_asked_for_is_not_replaced_by_another() -> None:
    world = World(make_brief(space_type=SpaceSdk.GRADIO))
    world.generations, world.refusals = [FROM_MODEL], [PlanRequired("gradio is paid")]
    with pytest.raises(PlanRequired):
        await world.run()
