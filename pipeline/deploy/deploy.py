"""The use case: a brief becomes a published app. Stages in order, each behind a checkpoint."""

import asyncio
from dataclasses import replace

from pipeline.deploy.candidates import Candidate, Candidates, Ports, commit_message, notes_on_site
from pipeline.domain.brief import Brief
from pipeline.domain.errors import BuildFailed, PlanRequired, WorkspaceMissing
from pipeline.domain.job import Job, Stage
from pipeline.domain.notification import DeliveryState
from pipeline.domain.publication import Publication, Site
from pipeline.ports import Checkpoint, Progress

UNCONFIRMED_SHARE = 0.05
"""Of a job's time, what is kept for telling of an app that visitors are not served yet: 30 of 600 s."""

NOT_SERVED_YET = "visitors were not served this commit in time: the evaluator is told so, and looking goes on"


class Deploy:
    """Takes jobs from their brief to the live app. The evaluator is told by the outbox."""

    def __init__(self, ports: Ports, *, notify_unconfirmed: bool = True) -> None:
        self._ports = ports
        self._notify_unconfirmed = notify_unconfirmed

    async def __call__(self, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        """Work on ``job``.

        Raises:
            StageError: a stage failed for good; nothing after it was done.
        """
        candidates = Candidates(self._ports, job, brief, checkpoint)
        candidate, notes = await candidates.best()
        try:
            await self._put_live(job, brief, candidate, notes, checkpoint)
        except (BuildFailed, PlanRequired) as refusal:
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
        draft, seen = candidate.draft, candidate.inspection.seen
        made = replace(draft.made, notes=(*notes_on_site(job, draft), *draft.made.notes, *notes))
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
        await checkpoint.report(made, seen, candidate.files, live)

    async def _commit(self, job: Job, candidate: Candidate) -> str:
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
        await ports.sites.record(site, publication, commit_sha, [check.text for check in brief.checks])
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
            await ports.sites.record(site, recorded, head or publication.commit_sha, ())
        return live

    async def _held_in_the_end(
        self, job: Job, publication: Publication, site: Site, confirming: "asyncio.Future[Publication]"
    ) -> Publication | None:
        """What the remote holds of ours when little time is left, and ``confirming`` has not come to an end."""
        if job.notification is DeliveryState.NOT_REQUESTED or not self._notify_unconfirmed:
            return None
        kept = UNCONFIRMED_SHARE * (job.deadline - job.received_at).total_seconds()
        await asyncio.wait({confirming}, timeout=max(self._left(job) - kept, 0.0))
        return None if confirming.done() else await self._ports.publishers[site.target].held(publication, site)

    def _left(self, job: Job) -> float:
        return job.seconds_left(self._ports.clock.now())
