"""The use case: a brief becomes a published app. Stages in order, each behind a checkpoint."""

from dataclasses import replace

from pipeline.deploy.candidates import Candidate, Candidates, Ports, commit_message
from pipeline.domain.brief import Brief
from pipeline.domain.errors import BuildFailed, PlanRequired, WorkspaceMissing
from pipeline.domain.job import Job, Stage
from pipeline.domain.notification import DeliveryState, Notification
from pipeline.domain.publication import Publication
from pipeline.ports import Checkpoint, Progress


class Deploy:
    """Takes jobs from their brief to the evaluator's answer."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __call__(self, job: Job, brief: Brief, checkpoint: Checkpoint) -> None:
        """Work on ``job``.

        Raises:
            StageError: a stage failed for good; nothing after it was done.
        """
        candidates = Candidates(self._ports, job, brief, checkpoint)
        candidate, notes = await candidates.best()
        try:
            publication = await self._put_live(job, brief, candidate, notes, checkpoint)
        except (BuildFailed, PlanRequired) as refusal:
            candidate = await candidates.remade(candidate, refusal)
            notes = (*notes, f"made anew, because {refusal}")
            publication = await self._put_live(job, brief, candidate, notes, checkpoint)

        if brief.evaluation_url and job.notification is not DeliveryState.NOT_REQUESTED:
            url, notification = brief.evaluation_url, Notification.of(job.key, publication)
            state = await checkpoint(
                Stage.NOTIFY,
                lambda _: self._ports.notifier.notify(job.id, url, notification, job.deadline),
                DeliveryState,
            )
            await checkpoint.report_notification(state)

    async def _put_live(
        self, job: Job, brief: Brief, candidate: Candidate, notes: tuple[str, ...], checkpoint: Checkpoint
    ) -> Publication:
        """Commit and publish ``candidate``, and see that visitors are served it."""
        draft, seen = candidate.draft, candidate.inspection.seen
        made = replace(draft.made, notes=(*draft.made.notes, *notes))
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
            lambda progress: self._confirm(publication, candidate, progress),
            Publication,
            self._left(job),
        )
        await checkpoint.report(made, seen, candidate.files, live)
        return live

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

    async def _confirm(self, publication: Publication, candidate: Candidate, progress: Progress) -> Publication:
        ports, site = self._ports, candidate.draft.site
        files = await ports.blobs.get_files(candidate.files)
        live = await ports.publishers[site.target].confirm(publication, site, files, progress)
        if live != publication:
            head = await ports.workspaces.head(site.folder)
            await ports.sites.record(site, live, head or publication.commit_sha, ())
        return live

    def _left(self, job: Job) -> float:
        return job.seconds_left(self._ports.clock.now())
