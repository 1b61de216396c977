"""Every port of the deploy use case in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from pipeline.deploy.deploy import Deploy
from pipeline.deploy.records import Ports
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import NoModelLeft, StageError, WorkspaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, Order
from pipeline.domain.job import Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Publication, Site, Target
from pipeline.domain.verdict import Outcome, Seen, Verification
from pipeline.ports import Progress
from tests.builders import (
    NOW,
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
FROM_MODEL = make_generation(generator="model", model="big")
MENDED = make_generation(make_files({"index.html": "mended"}), model="big")
WITHOUT_MODEL = make_generation(generator="plain", model=None)


@dataclass(frozen=True)
class Report:
    """What a job was told of its app."""

    made: Made
    seen: Seen
    publication: Publication | None


class World:
    """Every port in memory; ``log`` tells what was done, in order."""

    target = Target.LOCAL

    def __init__(self, brief: Brief, **fails: StageError) -> None:
        self.brief = brief
        self.options: dict[str, bool] = {}
        self.fails = fails
        self.log: list[str] = []
        self.recorded: dict[str, bool] = {}
        self.orders: list[Order] = []
        self.generations: list[Generation | StageError] = []
        self.verifications: list[Verification] = []
        self.site: Site | None = None
        self.looked_for = ""
        self.committed: AppFiles | None = None
        self.reported: list[Report] = []
        self.kept: dict[str, AppFiles] = {}
        self.judge: Any = None
        self.tester: Any = None
        self.second: Generation | StageError = NoModelLeft("no other")
        self.has_camera = True
        self.live: Any = None
        self.is_lost = False
        self.loses_first_commit = False
        self.restored: Site | None = None
        self.workspace_head: str | None = None
        self.refusals: list[StageError] = []
        self.build_failures: list[StageError] = []
        self.learnt: Publication | None = None
        self.never_served = False
        self.held_by_remote: Publication | None = make_publication()
        self.pictures: dict[str, bytes] = {}
        self.earlier: Sequence[Check] = ()
        self.base = make_files()
        self.job = replace(
            make_job(), notification=DeliveryState.PENDING if brief.evaluation_url else DeliveryState.NOT_REQUESTED
        )

    async def take(self, _files: AppFiles, _address: str, wanted: Mapping[str, str]) -> dict[str, bytes]:
        return {path: b"taken" for path, selector in wanted.items() if selector == "#there"}

    async def run(self) -> None:
        # One object stands for every port: their methods have different names.
        world: Any = self
        ports = Ports(
            generator=world,
            verifier=world,
            camera=world if self.has_camera else None,
            live=self.live,
            tester=self.tester,
            writer=self.tester,
            judge=self.judge,
            secrets=world,
            workspaces=world,
            publishers=dict.fromkeys(Target, world),
            sites=Sites(self),
            blobs=world,
            clock=FakeClock(NOW),
        )
        await Deploy(ports, **self.options)(self.job, self.brief, world)

    def _step(self, name: str) -> None:
        self.log.append(name)
        if failure := self.fails.get(name):
            raise failure

    async def __call__(
        self, _stage: Stage, effect: Callable[[Progress], Awaitable[T]], _returns: type[T], seconds: float | None = None
    ) -> T:
        assert seconds is None or seconds <= 600
        return await effect(lambda _: None)

    async def report(self, made: Made, seen: Seen, _files: str, publication: Publication | None = None) -> None:
        self.reported.append(Report(made, seen, publication))

    async def generate(self, order: Order, _progress: Progress) -> Generation:
        if order.after and not order.rejected and isinstance(self.second, NoModelLeft):
            raise self.second
        self.orders.append(order)
        self._step("generate")
        if order.after and not order.rejected:
            if isinstance(self.second, StageError):
                raise self.second
            return self.second
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
        if self.never_served:
            await asyncio.Event().wait()
        if self.build_failures:
            raise self.build_failures.pop(0)
        return self.learnt or publication

    async def held(self, _publication: Publication, _site: Site) -> Publication | None:
        return self.held_by_remote

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

    async def published(self, _email: str, task: str) -> Site | None:
        self._world.looked_for = task
        return self._world.site

    async def shown(self, folder: str) -> Site | None:
        raise NotImplementedError(folder)

    async def open(self, _email: str, _task: str, nonce: str, _target: Target) -> Site:
        return make_site(nonce=nonce)

    async def record(self, site: Site, publication: Publication, head: str, checks: Mapping[str, bool]) -> Site:
        self._world.log.append("record")
        self._world.recorded.update(checks)
        self._world.site = replace(site, publication=publication, head=head)
        return self._world.site

    async def checks(self, _site: Site) -> dict[str, bool]:
        return {"an earlier check": True, "one that failed": False}
