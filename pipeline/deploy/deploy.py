"""The use case: a brief becomes a published app. Stages in order, each behind a checkpoint."""

import asyncio
from dataclasses import replace

from pipeline.deploy.candidates import Candidates, notes_on_site
from pipeline.deploy.records import Candidate, Ports
from pipeline.deploy.words import commit_message
from pipeline.domain.brief import Brief
from pipeline.domain.errors import BuildFailed, ContentRefused, PlanRequired, Unpublishable, WorkspaceMissing
from pipeline.domain.job import Job, Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Publication, Site, Target
from pipeline.domain.verdict import Outcome, Seen, merge_verdicts
from pipeline.ports import Checkpoint, Progress

UNCONFIRMED_SHARE = 0.05
"""Of a job's time, what is kept for telling of an app that visitors are not served yet: 30 of 600 s."""

LIVE_LOOK_SECONDS = 40.0
"""For a look at a Space that runs; with less than twice as much left, nobody looks."""

NOT_SERVED_YET = "visitors were not served this commit in time: the evaluator is told so, and looking goes on"


class Deploy:
    """Takes jobs from their brief to the live app. The evaluator is told by the outbox."""

    def __init__(self, ports: Ports, *, notify_unconfirmed: bool = True) -> None:
        self._ports = ports
        self._notify_unconfirmed = notify_unconfirmed

    async def __call__(self, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        """Work on ``job``.

        Raises:
            Unpublishable: the app holds what must not be published.
            StageError: a stage failed for good; nothing after it was done.
        """
        candidates = Candidates(self._ports, job, brief, checkpoint)
        candidate, notes = await candidates.best()
        try:
            await self._put_live(job, brief, candidate, notes, checkpoint)
        except (BuildFailed, ContentRefused, PlanRequired) as refusal:
            candidate = await candidates.remade(candidate, refusal)
            notes = (*notes, f"made anew, because {refusal}")
            await self._put_live(job, brief, candidate, notes, checkpoint)

    async def is_served(self, job: Job, files: str) -> bool:
        """Whether visitors are served what ``job`` has published, whose files have the digest ``files``: one look."""
        if job.publication is None:
            return False
        publisher = self._ports.publishers[job.publication.target]
        return await publisher.is_served(job.publication, await self._ports.blobs.get_files(files))

    async def _put_live(
        self, job: Job, brief: Brief, candidate: Candidate, notes: tuple[str, ...], checkpoint: Checkpoint
    ) -> None:
        """Commit and publish ``candidate``, and see that visitors are served it: with that, the job has succeeded."""
        draft, site, seen = candidate.draft, candidate.draft.site, candidate.inspection.seen
        noted = (*notes_on_site(job, draft), *draft.made.notes, *candidate.inspection.notes, *notes)
        made = replace(draft.made, notes=noted)
        await checkpoint.report(made, seen, candidate.files)
        commit_sha = await checkpoint(Stage.COMMIT, lambda _: self._commit(job, candidate), str, self._left(job))
        publication = await checkpoint(
            Stage.PUBLISH,
            lambda progress: self._publish(job, brief, candidate, commit_sha, progress),
            Publication,
            self._left(job),
        )
        live = await checkpoint(
            Stage.CONFIRM,
            lambda progress: self._confirm(job, publication, candidate, progress),
            Publication,
            self._left(job),
        )
        if live.is_unconfirmed:
            made = replace(made, notes=(*made.notes, NOT_SERVED_YET))
        if site.target is Target.HF_SPACE:
            seen = await checkpoint(Stage.VERIFY, lambda _: self._look(job, brief, candidate, live), Seen)
        await checkpoint.report(made, seen, candidate.files, live)

    async def _look(self, job: Job, brief: Brief, candidate: Candidate, live: Publication) -> Seen:
        """What was seen of ``candidate``, and what is seen of it where it runs of that which was still open then."""
        ports, seen = self._ports, candidate.inspection.seen
        is_open = not seen.screenshot or seen.count(Outcome.NOT_VERIFIABLE) > 0
        has_time = self._left(job) > 2 * LIVE_LOOK_SECONDS
        if ports.live is None or live.is_unconfirmed or not is_open or not has_time:
            return seen
        files = await ports.blobs.get_files(candidate.files)
        try:
            async with asyncio.timeout(LIVE_LOOK_SECONDS):
                running = await ports.live.verify(files, brief, live.pages_url)
        except TimeoutError:
            return seen
        told = [replace(verdict, evidence=f"{verdict.evidence} (where it runs)") for verdict in running.verdicts]
        picture = await ports.blobs.put(running.picture) if running.picture and not seen.screenshot else seen.screenshot
        return replace(seen, verdicts=merge_verdicts(brief.checks, seen.verdicts, told), screenshot=picture)

    async def _commit(self, job: Job, candidate: Candidate) -> str:
        if reasons := "; ".join(f"{finding.path}: {finding.message}" for finding in candidate.forbidden):
            raise Unpublishable(
                f"{reasons}. Nothing was published: say in the brief what is wanted, and send it again."
            )
        ports, site, message = self._ports, candidate.draft.site, commit_message(job, candidate.draft.made)
        files = await ports.blobs.get_files(candidate.files)
        try:
            return await ports.workspaces.commit(site, files, message, job.received_at)
        except WorkspaceMissing:
            site = await ports.publishers[site.target].restore(site)
            return await ports.workspaces.commit(site, files, message, job.received_at)

    async def _publish(
        self, job: Job, brief: Brief, candidate: Candidate, commit_sha: str, progress: Progress
    ) -> Publication:
        ports, site = self._ports, candidate.draft.site
        if await ports.workspaces.head(site.folder) != commit_sha:
            # The commit was made on another machine. Made again here, it is the same.
            await self._commit(job, candidate)
        files = await ports.blobs.get_files(candidate.files)
        publication = await ports.publishers[site.target].publish(site, commit_sha, files, brief, progress)
        passed = {v.check.text for v in candidate.inspection.seen.verdicts if v.outcome is Outcome.PASS}
        checks = {check.text: check.text in passed for check in brief.checks}
        await ports.sites.record(site, publication, commit_sha, checks)
        return publication

    async def _confirm(
        self, job: Job, publication: Publication, candidate: Candidate, progress: Progress
    ) -> Publication:
        ports, site = self._ports, candidate.draft.site
        publisher, files = ports.publishers[site.target], await ports.blobs.get_files(candidate.files)
        confirming = asyncio.ensure_future(publisher.confirm(publication, site, files, progress))
        try:
            held = await self._held_in_the_end(job, publication, site, confirming)
            live = replace(held, is_unconfirmed=True) if held else await confirming
        finally:
            confirming.cancel()
        recorded = replace(live, is_unconfirmed=False)
        if recorded != publication:
            head = await ports.workspaces.head(site.folder)
            await ports.sites.record(site, recorded, head or publication.commit_sha, {})
        return live

    async def _held_in_the_end(
        self, job: Job, publication: Publication, site: Site, confirming: "asyncio.Future[Publication]"
    ) -> Publication | None:
        """What the remote holds of ours when little time is left, and ``confirming`` has not come to an end."""
        if job.notification is DeliveryState.NOT_REQUESTED or not self._notify_unconfirmed:
            return None
        kept = UNCONFIRMED_SHARE * job.seconds_given
        await asyncio.wait({confirming}, timeout=max(self._left(job) - kept, 0.0))
        return None if confirming.done() else await self._ports.publishers[site.target].held(publication, site)

    def _left(self, job: Job) -> float:
        return job.seconds_left(self._ports.clock.now())
