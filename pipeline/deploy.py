"""The use case: a brief becomes a published app. Stages in order, each behind a checkpoint."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.assembly import assemble
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import SiteMissing, StageError
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Order
from pipeline.domain.job import Job, Result, Stage
from pipeline.domain.notification import DeliveryState, Notification
from pipeline.domain.publication import Publication, Site, Target
from pipeline.domain.verdict import Finding, Outcome, Severity, Verification, merge_verdicts
from pipeline.ports import (
    Blobs,
    Checkpoint,
    Clock,
    Generator,
    Judge,
    Notifier,
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

MESSAGE_LENGTH = 72


@dataclass(frozen=True, slots=True)
class Draft:
    """What the generate stage leaves on record.

    Attributes:
        site: that the app belongs to, as it was before this job.
        files: digest of the generator's files.
        base: digest of the published files that were revised; None in round 1.
        earlier_checks: of the rounds before this one.
        result: how the files were made.
    """

    site: Site
    files: str
    base: str | None
    earlier_checks: tuple[str, ...]
    result: Result


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the verify stage leaves on record.

    Attributes:
        verification: verdicts and findings, without the picture.
        screenshot: digest of the picture, or None.
        is_repairable: a model made it, something is wrong with it, and there is time to mend it. Decided once, here:
            a resumed job must take the turns that it took before.
    """

    verification: Verification
    screenshot: str | None
    is_repairable: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """An assembled app and what is known of it.

    Attributes:
        site: that it belongs to.
        files: digest of all its files.
        result: how it was made and what was found.
    """

    site: Site
    files: str
    result: Result
    inspection: Inspection


@dataclass(frozen=True, slots=True)
class Deploy:
    """Takes jobs from their brief to the evaluator's answer; each attribute is the port of that name."""

    generator: Generator
    verifier: Verifier
    judge: Judge | None
    secrets: SecretScanner
    workspaces: Workspaces
    publishers: Mapping[Target, Publisher]
    notifier: Notifier
    sites: Sites
    blobs: Blobs
    clock: Clock

    async def __call__(self, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        """Work on ``job``.

        Raises:
            StageError: a stage failed for good; nothing after it was done.
        """
        candidate = await self._best_candidate(job, brief, checkpoint)
        site, files, result = candidate.site, candidate.files, candidate.result
        message = commit_message(job, result)
        await checkpoint.report(result, files)

        commit_sha = await checkpoint(
            Stage.COMMIT, lambda _: self._commit(job, site, files, message), str, self._left(job)
        )
        publication = await checkpoint(
            Stage.PUBLISH,
            lambda progress: self._publish(brief, site, commit_sha, progress),
            Publication,
            self._left(job),
        )
        await checkpoint(
            Stage.CONFIRM,
            lambda progress: self._confirm(publication, site, files, progress),
            bool,
            self._left(job),
        )
        await checkpoint.report(replace(result, publication=publication), files)

        if brief.evaluation_url and job.notification is not DeliveryState.NOT_REQUESTED:
            url, told = brief.evaluation_url, Notification.of(job.key, publication)
            state = await checkpoint(
                Stage.NOTIFY, lambda _: self.notifier.notify(job.id, url, told, job.deadline), DeliveryState
            )
            await checkpoint.report_notification(state)

    async def _best_candidate(self, job: Job, brief: Brief, checkpoint: Checkpoint) -> Candidate:
        """Generate, look, and let the model mend what is wrong, within the limits; the best of all candidates."""
        best = newest = await self._candidate(job, brief, (), checkpoint)
        rejected: tuple[Verification, ...] = ()
        while newest.inspection.is_repairable and len(rejected) < MAX_REPAIRS:
            rejected = (*rejected, newest.inspection.verification)
            try:
                newest = await self._candidate(job, brief, rejected, checkpoint)
            except StageError as error:
                note = f"a repair was given up: {error}"
                best = replace(best, result=replace(best.result, notes=(*best.result.notes, note)))
                break
            best = max(best, newest, key=lambda candidate: candidate.inspection.verification.rank)
        return best

    async def _candidate(
        self, job: Job, brief: Brief, rejected: tuple[Verification, ...], checkpoint: Checkpoint
    ) -> Candidate:
        seconds = self._model_seconds(job)
        draft = await checkpoint(
            Stage.GENERATE, lambda progress: self._generate(job, brief, rejected, seconds, progress), Draft, seconds
        )
        files = await checkpoint(Stage.ASSEMBLE, lambda _: self._assemble(job, brief, draft), str, self._left(job))
        inspection = await checkpoint(
            Stage.VERIFY, lambda _: self._verify(job, brief, draft, files), Inspection, self._left(job)
        )
        seen = inspection.verification
        result = replace(
            draft.result,
            verdicts=seen.verdicts,
            findings=seen.findings,
            console=seen.console,
            screenshot=inspection.screenshot,
        )
        return Candidate(draft.site, files, result, inspection)

    async def _generate(
        self, job: Job, brief: Brief, rejected: tuple[Verification, ...], seconds: float, progress: Progress
    ) -> Draft:
        base: AppFiles | None = None
        checks: tuple[str, ...] = ()
        if brief.round == 1:
            site = await self.sites.open(brief.email, brief.task, brief.nonce, job.target)
        else:
            site = await self._published_site(brief)
            base = await self.workspaces.published(site)
            checks = await self.sites.checks(site)
        order = Order(job.id, brief, site.target, base, checks, seconds, rejected)
        generation = await self.generator.generate(order, progress)
        result = Result(
            generator=generation.generator,
            model=generation.model,
            summary=generation.summary,
            prompts=generation.prompts,
            usage=generation.usage,
            calls=generation.calls,
            notes=generation.notes,
        )
        return Draft(
            site=site,
            files=await self.blobs.put_files(generation.files),
            base=await self.blobs.put_files(base) if base else None,
            earlier_checks=checks,
            result=result,
        )

    async def _published_site(self, brief: Brief) -> Site:
        site = await self.sites.current(brief.email, brief.task)
        if site is None or site.publication is None:
            raise SiteMissing("there is nothing to revise: no earlier round of this email and task was published")
        return site

    async def _assemble(self, job: Job, brief: Brief, draft: Draft) -> str:
        result = draft.result
        generation = Generation(
            files=await self.blobs.get_files(draft.files),
            generator=result.generator,
            summary=result.summary,
            model=result.model,
        )
        base = await self.blobs.get_files(draft.base) if draft.base else None
        year = job.received_at.year
        files = await asyncio.to_thread(assemble, generation, brief, draft.site.target, year=year, base=base)
        return await self.blobs.put_files(files)

    async def _verify(self, job: Job, brief: Brief, draft: Draft, digest: str) -> Inspection:
        files = await self.blobs.get_files(digest)
        await asyncio.to_thread(self.secrets.scan, files, commit_message(job, draft.result))
        address = self.publishers[draft.site.target].address(draft.site)
        verification = await self._judged(job, files, await self.verifier.verify(files, brief, address))
        # On a page of their own: checks click and type, and what one round's leave behind could fail another's.
        earlier = tuple(check for check in map(Check.from_text, draft.earlier_checks) if check not in brief.checks)
        if earlier:
            before = await self.verifier.verify(files, replace(brief, checks=earlier), address)
            verification = replace(verification, findings=verification.findings + regressions(before))
        has_time = self._model_seconds(job) >= REPAIR_SECONDS
        is_repairable = draft.result.model is not None and has_time and not verification.is_flawless
        screenshot = await self.blobs.put(verification.screenshot) if verification.screenshot else None
        return Inspection(replace(verification, screenshot=None, text=""), screenshot, is_repairable)

    async def _judged(self, job: Job, files: AppFiles, seen: Verification) -> Verification:
        """Ask the judge about prose that nobody could decide, if there is one, and time for it."""
        open_checks = [
            verdict.check
            for verdict in seen.verdicts
            if verdict.outcome is Outcome.NOT_VERIFIABLE and verdict.check.script is None
        ]
        seconds = self._model_seconds(job)
        if self.judge is None or not open_checks or seconds < REPAIR_SECONDS:
            return seen
        opinions = await self.judge.judge(job.id, open_checks, files, seen, seconds)
        checks = [verdict.check for verdict in seen.verdicts]
        return replace(seen, verdicts=merge_verdicts(checks, seen.verdicts, opinions))

    async def _commit(self, job: Job, site: Site, digest: str, message: str) -> str:
        return await self.workspaces.commit(site, await self.blobs.get_files(digest), message, job.received_at)

    async def _publish(self, brief: Brief, site: Site, commit_sha: str, progress: Progress) -> Publication:
        publication = await self.publishers[site.target].publish(site, commit_sha, brief, progress)
        await self.sites.record(site, publication, [check.text for check in brief.checks])
        return publication

    async def _confirm(self, publication: Publication, site: Site, digest: str, progress: Progress) -> bool:
        files = await self.blobs.get_files(digest)
        await self.publishers[site.target].confirm(publication, site, files, progress)
        return True

    def _left(self, job: Job) -> float:
        return job.seconds_left(self.clock.now())

    def _model_seconds(self, job: Job) -> float:
        given = (job.deadline - job.received_at).total_seconds()
        return max(self._left(job) - (1 - MODEL_SHARE) * given, 0.0)


def regressions(before: Verification) -> tuple[Finding, ...]:
    """What fails now of the checks of earlier rounds."""
    return tuple(
        Finding(Severity.ERROR, "regression", f"held in an earlier round: {old.check.text}. Now: {old.evidence}")
        for old in before.verdicts
        if old.outcome is Outcome.FAIL
    )


def commit_message(job: Job, result: Result) -> str:
    """One line on what the round did, and the job it was done for: the same for every run of the job."""
    verb = "Build" if job.key.round == 1 else "Revise"
    task = " ".join(job.key.task.split())[:MESSAGE_LENGTH]
    maker = result.model or result.generator
    return f"{verb} {task}: round {job.key.round}\n\nMade by {maker}.\nJob: {job.id}\n"
