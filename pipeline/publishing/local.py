"""The ``local`` target: the repository on disk is the publication, and the service's preview route serves it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from pipeline.domain.brief import Brief
from pipeline.domain.errors import NotLive, PublishFailed, WorkspaceFailed
from pipeline.domain.files import AppFiles, compare
from pipeline.domain.publication import Publication, Site, Target
from pipeline.ports import Progress, Workspaces


class LocalPublisher:
    """The Publisher port for Target.LOCAL.

    Below ``root``, GENERATED_REPOS_DIR, are the folders of ``workspaces``. The address of previews may be a function,
    for a port that is known only once it listens.
    """

    target = Target.LOCAL

    def __init__(self, workspaces: Workspaces, root: Path, preview_address: Callable[[], str] | str) -> None:
        self._workspaces = workspaces
        self._root = root.absolute()
        self._preview_address = preview_address

    def address(self, site: Site) -> str:
        """The site's preview, with a slash at the end."""
        address = self._preview_address if isinstance(self._preview_address, str) else self._preview_address()
        return f"{address.rstrip('/')}/preview/{quote(site.folder)}/"

    async def publish(
        self,
        site: Site,
        commit_sha: str,
        files: AppFiles,  # noqa: ARG002 - in the port for targets that are sent the files themselves
        brief: Brief,  # noqa: ARG002 - in the port for targets that show a description
        progress: Progress,
    ) -> Publication:
        """See that ``commit_sha`` is the head of the site's folder: that makes it the published one."""
        head = await self._workspaces.head(site.folder)
        if head != commit_sha:
            raise PublishFailed(
                f"the folder {site.folder} is at commit {head or 'none'}, not at {commit_sha}: "
                "it was changed by hand or lost; send the round again"
            )
        progress(f"published in the folder {site.folder}")
        return Publication(Target.LOCAL, (self._root / site.folder).as_uri(), commit_sha, self.address(site))

    async def confirm(self, publication: Publication, site: Site, files: AppFiles, progress: Progress) -> Publication:
        """Read everything back from the folder's repository and compare; NotLive names the first file that differs."""
        head = await self._workspaces.head(site.folder)
        if head != publication.commit_sha:
            raise NotLive(f"the folder {site.folder} serves commit {head or 'none'}, not {publication.commit_sha}")
        try:
            served = await self._workspaces.published(replace(site, publication=publication, head=head))
        except WorkspaceFailed as error:
            raise NotLive(f"the published commit cannot be read back: {error}") from error
        changes = compare(files, served)
        different = sorted((*changes.added, *changes.changed, *changes.removed))
        if different:
            raise NotLive(
                f"commit {publication.commit_sha} differs from what was to be published, first in {different[0]}"
            )
        progress(f"read back {len(served)} files of commit {publication.commit_sha}")
        return publication

    async def held(self, publication: Publication, site: Site) -> Publication | None:
        """The folder is the remote."""
        return publication if await self._workspaces.head(site.folder) == publication.commit_sha else None

    async def is_served(self, publication: Publication, files: AppFiles) -> bool:  # noqa: ARG002 - in the port
        """What the folder holds is served."""
        return True

    async def restore(self, site: Site) -> Site:
        """Raises PublishFailed: there is no other copy."""
        raise PublishFailed(
            f"the published commit of {site.folder} is not on this machine: put that folder back below "
            "GENERATED_REPOS_DIR, or send round 1 again to start anew"
        )
