"""How a job comes to the app that is published: generate, assemble, look, and mend what is wrong, within the limits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import reduce

from pipeline.assembly import assemble, attachment_findings
from pipeline.deploy.inspecting import inspect, model_seconds, with_picture
from pipeline.deploy.pictures import with_pictures
from pipeline.deploy.records import Candidate, Draft, Inspection, Ports, better
from pipeline.domain.acceptance import AcceptanceTest
from pipeline.domain.brief import Brief, Restoration
from pipeline.domain.errors import BudgetExhausted, NoModelLeft, PlanRequired, StageError, WorkspaceMissing
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import RESTORED, Generation, Made, Order, Tried
from pipeline.domain.job import Job, Stage
from pipeline.domain.publication import Site, SpaceSdk
from pipeline.domain.verdict import Finding, Seen, Severity, with_doubts
from pipeline.ports import Checkpoint, Progress

MAX_REPAIRS = 2
WRITING_SECONDS, WRITING_SHARE = 60.0, 0.3
"""For acceptance tests, beside the first app: at most so much, and of the time that is left for models."""

SECOND_SHARE = 0.5
"""Of the time that is left for models at the first repair, what the second candidate may use."""

SECOND_SECONDS = 60.0
"""With less than this, it is not begun."""

REMAKE_SHARE = 0.4
"""Of the time that is left when the target found the app wrong, what mending it may use: another build follows."""


class Candidates:
    """The candidates of one job, each made behind the job's checkpoints."""

    def __init__(self, ports: Ports, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        self._ports = ports
        self._job = job
        self._brief = brief
        self._checkpoint = checkpoint

    async def best(self) -> tuple[Candidate, tuple[str, ...]]:
        """Generate, look, and let the model mend what is wrong; beside the first repair, another model begins anew.

        Returns:
            The best of all candidates, and what the caller should know of the way to it.

        Raises:
            StageError: not even a first one came about.
        """
        if self._brief.restores:
            return await self._restored(self._brief.restores), ()
        draft = await self._draft(lambda progress: self._first(self._model_seconds(), progress), self._model_seconds())
        best = newest = await self._looked_at(draft, (), ())
        tried, notes = [best], list[str]()
        for _ in range(MAX_REPAIRS):
            if not newest.inspection.is_repairable or len(newest.rejected) == MAX_REPAIRS:
                break
            found, why_not_more = await self._next(newest, tried)
            notes += why_not_more
            if not found:
                break
            tried += found
            best, newest = reduce(better, [best, *found]), reduce(better, found)
        return _on_record(best, tried), tuple(notes)

    async def _next(self, before: Candidate, tried: Sequence[Candidate]) -> tuple[list[Candidate], list[str]]:
        """What the model makes of ``before``, what another one makes anew, and why they make no more."""
        told, seconds = (*before.rejected, before.inspection), self._model_seconds()
        is_first = len(tried) == 1
        try:
            draft = await self._draft(
                lambda progress: self._mended(before.draft, told, seconds, progress, has_second=is_first), seconds
            )
        except StageError as error:
            return [], [f"a repair was given up: {error}"]
        found: list[Candidate] = []
        notes: list[str] = []
        for made, rejected, what in ((draft, told, "a repair"), (draft.second, (), "a second candidate")):
            if made is None:
                continue
            try:
                candidate = await self._looked_at(made, rejected, (*tried, *found))
            except StageError as error:
                notes.append(f"{what} was given up: {error}")
                continue
            if candidate.files == before.files:
                reasons = [note for note in made.made.notes if note not in before.draft.made.notes]
                notes.append(f"{what} was given up: {'; '.join(reasons) or 'the model changed nothing'}")
            else:
                found.append(candidate)
        return found, notes

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
        seconds = self._seconds_left() * REMAKE_SHARE
        told = (*refused.rejected, replace(refused.inspection, seen=Seen(findings=(finding,))))
        try:
            draft = await self._draft(lambda progress: self._generate(refused.draft, told, seconds, progress), seconds)
            mended = await self._looked_at(draft, told, (refused,))
        except StageError:
            raise refusal from None
        if mended.files == refused.files:
            raise refusal
        earlier = refused.draft.made.candidates or (refused.tried(is_chosen=False),)
        return _on_record(mended, (mended,), earlier)

    async def _draft(self, make: Callable[[Progress], Awaitable[Draft]], seconds: float) -> Draft:
        return await self._checkpoint(Stage.GENERATE, make, Draft, seconds)

    async def _looked_at(
        self, draft: Draft, rejected: tuple[Inspection, ...], before: Sequence[Candidate]
    ) -> Candidate:
        """``draft`` with all its files, seen; ``rejected`` are those it mends, ``before`` all candidates so far."""
        files = await self._checkpoint(Stage.ASSEMBLE, lambda _: self._assemble(draft), str, self._seconds_left())
        inspection = await self._inspection(draft, files, before)
        return Candidate(replace(draft, second=None), files, inspection, rejected)

    async def _inspection(self, draft: Draft, files: str, before: Sequence[Candidate]) -> Inspection:
        return await self._checkpoint(
            Stage.VERIFY,
            lambda _: inspect(self._ports, self._job, self._brief, draft, files, before=before),
            Inspection,
            self._seconds_left(),
        )

    async def _restored(self, earlier: Restoration) -> Candidate:
        """What an earlier job has published, byte for byte, and looked at once more."""
        made = Made(RESTORED, notes=(f"the files of job {earlier.job_id}, as it published them",))

        async def find(_progress: Progress) -> Draft:
            return Draft(await self._site(), earlier.files, earlier.files, (), made)

        draft = await self._draft(find, self._seconds_left())
        return Candidate(draft, draft.files, await self._inspection(draft, draft.files, ()))

    async def _first(self, seconds: float, progress: Progress) -> Draft:
        """The first app and, written beside it, tests of what the brief asks for."""
        writing = asyncio.create_task(self._tests(min(WRITING_SECONDS, seconds * WRITING_SHARE)))
        try:
            draft = await self._generate(None, (), seconds, progress)
            tests, why_none = await writing
        finally:
            writing.cancel()
        made = replace(draft.made, notes=(*draft.made.notes, why_none)) if why_none else draft.made
        return replace(draft, tests=tests, made=made)

    async def _tests(self, seconds: float) -> tuple[tuple[AcceptanceTest, ...], str]:
        ports, brief = self._ports, self._brief
        is_page = brief.space_type in {None, SpaceSdk.STATIC}
        if not ports.writer or not ports.tester or not is_page or not await ports.tester.left_open(brief):
            return (), ""
        return await ports.writer.write(self._job.id, brief, seconds=seconds)

    async def _mended(
        self, before: Draft, rejected: tuple[Inspection, ...], seconds: float, progress: Progress, *, has_second: bool
    ) -> Draft:
        """The model's repair, and beside it what the next model of the chain makes, if it may be asked."""
        begun = asyncio.create_task(self._second(before, seconds if has_second else 0.0, progress))
        try:
            try:
                draft = await self._generate(before, rejected, seconds, progress)
            except StageError as error:
                if not await begun:
                    raise
                draft = replace(before, made=replace(before.made, notes=(*before.made.notes, str(error))))
            return replace(draft, second=await begun)
        finally:
            begun.cancel()

    async def _second(self, first: Draft, seconds: float, progress: Progress) -> Draft | None:
        """Another model's app; None when there is no other model, no time, or it makes none."""
        seconds, calls = seconds * SECOND_SHARE, first.made.calls
        if seconds < SECOND_SECONDS or not calls:
            return None
        try:
            second = await self._generate(
                first, (), seconds, lambda note: progress(f"second candidate: {note}"), after=calls[-1].asked
            )
        except (NoModelLeft, BudgetExhausted):
            return None
        except StageError as error:
            progress(f"there is no second candidate: {error}")
            return None
        return second if second.made.model else None

    async def _generate(
        self,
        before: Draft | None,
        rejected: tuple[Inspection, ...],
        seconds: float,
        progress: Progress,
        *,
        after: str | None = None,
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
        shown = tuple([await with_picture(self._ports, inspection.seen) for inspection in rejected])
        spare_calls = MAX_REPAIRS if after else 0
        after = after or (before.after if before else None)
        order = Order(self._job.id, brief, site.target, base, held, unmet, seconds, shown, after, spare_calls)
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
            tests=before.tests if before else (),
            after=after,
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

    async def _assemble(self, draft: Draft) -> str:
        blobs = self._ports.blobs
        generation = Generation(await blobs.get_files(draft.files), draft.made)
        base = await blobs.get_files(draft.base) if draft.base else None
        year = self._job.received_at.year
        files = await asyncio.to_thread(assemble, generation, self._brief, draft.site.target, year=year, base=base)
        address = self._ports.publishers[draft.site.target].address(draft.site)
        return await blobs.put_files(await with_pictures(files, address, draft.renders, self._ports.camera))

    def _seconds_left(self) -> float:
        return self._job.seconds_left(self._ports.clock.now())

    def _model_seconds(self) -> float:
        return model_seconds(self._ports, self._job)


def _on_record(chosen: Candidate, tried: Sequence[Candidate], earlier: tuple[Tried, ...] = ()) -> Candidate:
    """``chosen`` with what is told of all that were tried, and its trials in their light."""
    others = [candidate for candidate in tried if candidate is not chosen]
    told = (
        *(replace(one, is_chosen=False) for one in earlier),
        *(candidate.tried(is_chosen=candidate is chosen) for candidate in tried),
    )
    made = replace(chosen.draft.made, candidates=told if len(told) > 1 else ())
    inspection = replace(chosen.inspection, seen=with_doubts(chosen.seen, [other.seen for other in others]))
    return replace(chosen, draft=replace(chosen.draft, made=made), inspection=inspection)


def notes_on_site(job: Job, draft: Draft) -> tuple[str, ...]:
    """What the caller should know when a revision is not of a site under its own task."""
    if draft.site.task != job.key.task:
        return (f"revises the site of task {draft.site.task}: this one has none, and is the same but for its ending",)
    if job.key.round > 1 and draft.base is None:
        return ("built as a new site: nothing of this email and task was published that could be revised",)
    return ()
