"""How a job comes to the app that is published: generate, assemble, look, and mend what is wrong, within the limits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pipeline.assembly import assemble, attachment_findings
from pipeline.deploy.pictures import missing_pictures, with_pictures
from pipeline.deploy.words import commit_message, regressions
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import PlanRequired, StageError, WorkspaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, Order
from pipeline.domain.job import Job, Stage
from pipeline.domain.publication import Site, SpaceSdk, Target
from pipeline.domain.publishable import UNPUBLISHABLE, publication_findings
from pipeline.domain.verdict import Finding, Outcome, Seen, Severity, Verification, merge_verdicts
from pipeline.ports import (
    Blobs,
    Camera,
    Checkpoint,
    Clock,
    Generator,
    Judge,
    Progress,
    Publisher,
    SecretScanner,
    Sites,
    Verifier,
    Workspaces,
)

MODEL_SHARE = 0.65
"""Of a job's time, what generation may use: 390 of 600 s. The rest is for verification, publication and telling."""

MAX_REPAIRS = 2
REPAIR_SECONDS = 30.0
"""With less time than this left for models, a repair is not begun."""

REMAKE_SHARE = 0.4
"""Of the time that is left when the target found the app wrong, what mending it may use: another build follows."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the use case works with; each attribute is the port of that name."""

    generator: Generator
    verifier: Verifier
    camera: Camera | None
    live: Verifier | None  # looks at apps where they run; None = nobody does
    judge: Judge | None
    secrets: SecretScanner
    workspaces: Workspaces
    publishers: Mapping[Target, Publisher]
    sites: Sites
    blobs: Blobs
    clock: Clock


@dataclass(frozen=True, slots=True)
class Draft:
    """What the generate stage leaves on record."""

    site: Site  # as it was before this job
    files: str  # digest of the generator's files
    base: str | None  # digest of the published files that were revised; None in round 1
    earlier_checks: tuple[str, ...]  # of earlier rounds, that held
    made: Made
    unmet_checks: tuple[str, ...] = ()  # of earlier rounds, that did not
    renders: Mapping[str, str] = field(default_factory=dict)  # pictures to be taken of the page


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the verify stage leaves on record.

    Attributes:
        seen: verdicts, findings and the picture's digest.
        is_repairable: a model made it, something is wrong with it, and there is time to mend it. Decided once, here:
            a resumed job must take the turns that it took before.
        notes: what the caller should know of the look.
    """

    seen: Seen
    is_repairable: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An assembled app and what is known of it."""

    draft: Draft
    files: str  # digest of all its files
    inspection: Inspection
    rejected: tuple[Inspection, ...] = ()  # of the candidates whose mending led to it, in order

    @property
    def forbidden(self) -> tuple[Finding, ...]:
        """Why it must not be published."""
        return tuple(finding for finding in self.inspection.seen.findings if finding.rule == UNPUBLISHABLE)


class Candidates:
    """The candidates of one job, each made behind the job's checkpoints."""

    def __init__(self, ports: Ports, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        self._ports = ports
        self._job = job
        self._brief = brief
        self._checkpoint = checkpoint

    async def best(self) -> tuple[Candidate, tuple[str, ...]]:
        """Generate, look, and let the model mend what is wrong.

        Returns:
            The best of all candidates, and what the caller should know of the way to it.

        Raises:
            StageError: not even a first one came about.
        """
        best = newest = await self._make(None, (), self._model_seconds())
        while newest.inspection.is_repairable and len(newest.rejected) < MAX_REPAIRS:
            before = newest
            try:
                newest = await self._mend(before, self._model_seconds())
            except StageError as error:
                return best, (f"a repair was given up: {error}",)
            if newest.files == before.files:
                reasons = [note for note in newest.draft.made.notes if note not in before.draft.made.notes]
                return best, (f"a repair was given up: {'; '.join(reasons) or 'the model changed nothing'}",)
            best = max(best, newest, key=lambda candidate: (not candidate.forbidden, candidate.inspection.seen.rank))
        return best, ()

    async def remade(self, refused: Candidate, refusal: StageError) -> Candidate:
        """Let the model mend what the target found wrong. Once: a build takes minutes.

        Raises:
            StageError: ``refusal``, when nobody can mend it.
        """
        if refused.draft.made.model is None:
            raise refusal
        if isinstance(refusal, PlanRequired):
            if self._brief.space_type is not None:  # asked for, so nothing else will do
                raise refusal
            self._brief = replace(self._brief, space_type=SpaceSdk.STATIC)
        finding = Finding(Severity.ERROR, refusal.code, str(refusal))
        inspection = replace(refused.inspection, seen=Seen(findings=(finding,)))
        try:
            mended = await self._mend(replace(refused, inspection=inspection), self._seconds_left() * REMAKE_SHARE)
        except StageError:
            raise refusal from None
        if mended.files == refused.files:
            raise refusal
        return mended

    async def _mend(self, candidate: Candidate, seconds: float) -> Candidate:
        """What the model makes of ``candidate`` when it is told what is wrong with it."""
        return await self._make(candidate.draft, (*candidate.rejected, candidate.inspection), seconds)

    async def _make(self, before: Draft | None, rejected: tuple[Inspection, ...], seconds: float) -> Candidate:
        draft = await self._checkpoint(
            Stage.GENERATE, lambda progress: self._generate(before, rejected, seconds, progress), Draft, seconds
        )
        files = await self._checkpoint(Stage.ASSEMBLE, lambda _: self._assemble(draft), str, self._seconds_left())
        inspection = await self._checkpoint(
            Stage.VERIFY, lambda _: self._verify(draft, files), Inspection, self._seconds_left()
        )
        return Candidate(draft, files, inspection, rejected)

    async def _generate(
        self, before: Draft | None, rejected: tuple[Inspection, ...], seconds: float, progress: Progress
    ) -> Draft:
        ports, brief = self._ports, self._brief
        site = await self._site()
        base: AppFiles | None = None
        held: tuple[str, ...] = ()
        unmet: tuple[str, ...] = ()
        if before:  # what is published by now may be the candidate that is to be mended
            base = await ports.blobs.get_files(before.base) if before.base else None
            held, unmet = before.earlier_checks, before.unmet_checks
        elif brief.round > 1 and site.publication:
            site, base = await self._published_files(site)
            checks = await ports.sites.checks(site)
            held = tuple(text for text, did_hold in checks.items() if did_hold)
            unmet = tuple(text for text, did_hold in checks.items() if not did_hold)
        shown = tuple([await self._with_picture(inspection.seen) for inspection in rejected])
        order = Order(self._job.id, brief, site.target, base, held, unmet, seconds, shown)
        generation = await ports.generator.generate(order, progress)
        told = (finding.message for finding in attachment_findings(generation.files, brief, base))
        notes = (*generation.made.notes, *told)
        return Draft(
            site=site,
            files=await ports.blobs.put_files(generation.files),
            base=await ports.blobs.put_files(base) if base else None,
            earlier_checks=held,
            made=replace(generation.made, notes=notes),
            unmet_checks=unmet,
            renders=generation.renders,
        )

    async def _site(self) -> Site:
        """Of round 1 a new one, else the published one that is revised; without that, a new one as well."""
        brief, sites = self._brief, self._ports.sites
        if brief.round > 1 and (site := await sites.published(brief.email, self._job.site_task or brief.task)):
            return site
        return await sites.open(brief.email, brief.task, brief.nonce, self._job.target)

    async def _published_files(self, site: Site) -> tuple[Site, AppFiles]:
        try:
            return site, await self._ports.workspaces.published(site)
        except WorkspaceMissing:
            site = await self._ports.publishers[site.target].restore(site)
            return site, await self._ports.workspaces.published(site)

    async def _with_picture(self, seen: Seen) -> Verification:
        picture = await self._ports.blobs.get(seen.screenshot) if seen.screenshot else None
        return Verification(seen.verdicts, seen.findings, seen.console, picture=picture)

    async def _assemble(self, draft: Draft) -> str:
        blobs = self._ports.blobs
        generation = Generation(await blobs.get_files(draft.files), draft.made)
        base = await blobs.get_files(draft.base) if draft.base else None
        year = self._job.received_at.year
        files = await asyncio.to_thread(assemble, generation, self._brief, draft.site.target, year=year, base=base)
        address = self._ports.publishers[draft.site.target].address(draft.site)
        return await blobs.put_files(await with_pictures(files, address, draft.renders, self._ports.camera))

    async def _verify(self, draft: Draft, digest: str) -> Inspection:
        ports, brief = self._ports, self._brief
        files = await ports.blobs.get_files(digest)
        await asyncio.to_thread(ports.secrets.scan, files, commit_message(self._job, draft.made))
        address = ports.publishers[draft.site.target].address(draft.site)
        earlier = tuple(check for check in map(Check.from_text, draft.earlier_checks) if check not in brief.checks)
        looked = await ports.verifier.verify(files, brief, address, earlier)
        verification, notes = await self._judged(files, looked)
        base = await ports.blobs.get_files(draft.base) if draft.base else None
        attachments = attachment_findings(await ports.blobs.get_files(draft.files), brief, base)
        forbidden = publication_findings(files, brief, base)
        missing = missing_pictures(files, draft.renders)
        findings = (*verification.findings, *regressions(looked), *attachments, *missing, *forbidden)
        verification = replace(verification, findings=findings)
        has_time = self._model_seconds() >= REPAIR_SECONDS
        is_repairable = draft.made.model is not None and has_time and not verification.is_flawless
        screenshot, trace = [
            await ports.blobs.put(kept) if kept else None for kept in (verification.picture, verification.recording)
        ]
        seen = Seen(
            verification.verdicts, verification.findings, verification.console, screenshot, trace, verification.no_trace
        )
        return Inspection(seen, is_repairable, notes)

    async def _judged(self, files: AppFiles, seen: Verification) -> tuple[Verification, tuple[str, ...]]:
        """Ask the judge about prose that nobody could decide, if there is one, and time for it."""
        open_checks = [
            verdict.check
            for verdict in seen.verdicts
            if verdict.outcome is Outcome.NOT_VERIFIABLE and verdict.check.script is None
        ]
        judge, seconds = self._ports.judge, self._model_seconds()
        if judge is None or not open_checks or seconds < REPAIR_SECONDS:
            return seen, ()
        opinions, why_none = await judge.judge(self._job.id, self._brief, open_checks, files, seen, seconds=seconds)
        checks = [verdict.check for verdict in seen.verdicts]
        judged = replace(seen, verdicts=merge_verdicts(checks, seen.verdicts, opinions))
        return judged, (why_none,) if why_none else ()

    def _seconds_left(self) -> float:
        return self._job.seconds_left(self._ports.clock.now())

    def _model_seconds(self) -> float:
        return max(self._seconds_left() - (1 - MODEL_SHARE) * self._job.seconds_given, 0.0)


def notes_on_site(job: Job, draft: Draft) -> tuple[str, ...]:
    """What the caller should know when a revision is not of a site under its own task."""
    if draft.site.task != job.key.task:
        return (f"revises the site of task {draft.site.task}: this one has none, and is the same but for its ending",)
    if job.key.round > 1 and draft.base is None:
        return ("built as a new site: nothing of this email and task was published that could be revised",)
    return ()
