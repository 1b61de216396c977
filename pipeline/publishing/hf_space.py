"""The ``hf-space`` target: an app becomes a Hugging Face Space."""

import random
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from pipeline.domain.brief import Brief
from pipeline.domain.errors import (
    HubError,
    HubUnreachable,
    NotLive,
    PaymentRequired,
    PlanRequired,
    PublishFailed,
    RateLimited,
    SpaceConflict,
)
from pipeline.domain.files import AppFiles, compare
from pipeline.domain.front_matter import split_front_matter
from pipeline.domain.publication import Publication, Site, Target
from pipeline.domain.space import STATIC, Space, SpaceSettings, sdk_of
from pipeline.ports import Clock, Progress, SpaceHost, Workspaces
from pipeline.publishing.served import ServedApp, texts_of_space
from pipeline.publishing.space_watch import SpaceWatch

BUILD_SECONDS = 1800.0
"""The Hub's own limit for an app to come up, unless the card says otherwise; the job's deadline is usually nearer."""

PATIENCE_SECONDS = 600.0
"""For which the Hub may want rests, or give no answers, before an app is given up: the job's deadline is nearer."""

OUTAGE_REST_SECONDS = 5.0

HOST_TRIES = 3
HOST_PAUSE_SECONDS = 2.0

GITATTRIBUTES = ".gitattributes"
_LARGE_FILE_RULE = re.compile(r"\S+ filter=lfs diff=lfs merge=lfs -text")
_HUBS_OWN_FILES = frozenset({GITATTRIBUTES, "README.md", "index.html", "style.css"})
_RESTORED_AT = datetime(2020, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class HfSpacePublisher:
    """The Publisher port for Target.HF_SPACE.

    A Space that exists already although nothing was published yet is taken over only when it stands where a crash of
    ours leaves it: just created, or holding exactly this app. Its name alone is no proof, although it ends with the
    owner's mark, and somebody's files are never overwritten.
    """

    target = Target.HF_SPACE

    def __init__(
        self,
        host: SpaceHost,
        workspaces: Workspaces,
        clock: Clock,
        *,
        owner: str | None = None,
        build_seconds: float = BUILD_SECONDS,
    ) -> None:
        self._host = host
        self._workspaces = workspaces
        self._clock = clock
        self._owner = owner
        self._build_seconds = build_seconds

    def address(self, site: Site) -> str:
        """Where the site is served; before its first publication a guess, good enough to verify a candidate under."""
        if site.publication:
            return site.publication.pages_url.rstrip("/") + "/"
        name = re.sub(r"[^a-z0-9]+", "-", f"{self._owner or 'owner'}-{site.repository}".lower())
        return f"https://{name}.static.hf.space/"

    async def publish(
        self,
        site: Site,
        commit_sha: str,  # noqa: ARG002 - the Hub makes a commit of its own
        files: AppFiles,
        brief: Brief,
        progress: Progress,
    ) -> Publication:
        """Make ``files`` all that the site's Space holds, in one commit; create the Space when there is none.

        Called again, it finds its own commit and makes no other. A rest that the Hub wants is kept, and an outage is
        waited for; the caller's deadline ends both.

        Raises:
            PlanRequired: the owner's plan has no Spaces of this kind.
            PublishFailed: the Space holds something that this site did not publish, or the Hub refused.
        """
        with _explained():
            return await self._patiently(lambda: self._publish(site, files, brief, progress), progress)

    async def confirm(
        self,
        publication: Publication,
        site: Site,  # noqa: ARG002 - in the port for targets that look into its workspace
        files: AppFiles,
        progress: Progress,
    ) -> Publication:
        """Watch until the Space runs this very commit and, when it is static, serves this very content.

        A Space that sleeps is visited, then restarted, and counts only once that has woken it: before, nobody knows
        whether it starts. Pages whose host cannot be reached from here are read back from the Space's repository.

        Returns:
            ``publication``, with the address of the app where the Hub gave it only now.

        Raises:
            BuildFailed: the Hub could not build or start it; the text ends with the end of the log.
            NotLive: it is at another commit, rests, or takes too long.
        """
        is_static = sdk_of(files) == STATIC
        watch = SpaceWatch(
            self._host,
            self._clock,
            space_id_of(publication),
            publication.commit_sha,
            is_static=is_static,
            progress=progress,
        )
        try:
            space = await watch.until_running(publication.pages_url, self._build_seconds)
            if is_static:
                has_address = publication.pages_url != publication.repo_url
                address = space.host or (publication.pages_url if has_address else None)
                await watch.until_served(address, publication.repo_url, files)
        except HubError as error:
            raise NotLive(f"the Space is published, but how it is doing cannot be told: {error}") from error
        progress(f"the Space {space.id} runs commit {publication.commit_sha}")
        return replace(publication, pages_url=f"{space.host}/") if space.host else publication

    async def held(self, publication: Publication, site: Site) -> Publication | None:  # noqa: ARG002 - in the port
        """The Space's head is read back."""
        try:
            space = await self._host.info(space_id_of(publication))
        except HubError:
            return None
        return publication if space.commit_sha == publication.commit_sha else None

    async def is_served(self, publication: Publication, files: AppFiles) -> bool:
        """The pages of a static Space; of another kind, that it runs."""
        if sdk_of(files) == STATIC:
            app = ServedApp(publication.pages_url, publication.commit_sha, leaves_host=True)
            return await app.first_problem(texts_of_space(files)) is None
        try:
            return (await self._host.runtime(space_id_of(publication))).stage == "RUNNING"
        except HubError:
            return False

    async def restore(self, site: Site) -> Site:
        """Make a workspace of what the Hub holds at the published commit; the same on every machine.

        Raises:
            PublishFailed: nothing was published, or the Hub does not have it any more.
        """
        if site.publication is None:
            raise PublishFailed(f"nothing was published from {site.folder} yet")
        space_id, commit_sha = space_id_of(site.publication), site.publication.commit_sha
        with _explained():
            files = await self._patiently(lambda: self._host.files(space_id, commit_sha), lambda _: None)
        head = await self._workspaces.commit(
            replace(site, head=None), without_hubs_own(files), "Restore from the Space", _RESTORED_AT
        )
        return replace(site, head=head)

    async def _patiently(self, ask: Callable[[], Awaitable[T]], progress: Progress) -> T:
        """What ``ask`` gives as soon as the Hub lets it. Raises HubError, that of the last attempt."""
        began = self._clock.monotonic()
        while True:
            try:
                return await ask()
            except (HubUnreachable, RateLimited) as error:
                rest = max(getattr(error, "retry_after_seconds", 0), OUTAGE_REST_SECONDS)
                rest += random.uniform(0, OUTAGE_REST_SECONDS)  # noqa: S311 - jobs do not come back together
                if self._clock.monotonic() + rest - began > PATIENCE_SECONDS:
                    raise
                progress(f"waiting {rest:.0f} s, because {error}")
                await self._clock.sleep(rest)

    async def _publish(self, site: Site, files: AppFiles, brief: Brief, progress: Progress) -> Publication:
        parent: str | None
        if site.publication:
            space_id, parent = space_id_of(site.publication), site.publication.commit_sha
        else:
            space = await self._new_space(site, files, progress)
            space_id, parent = space.id, space.commit_sha
        head = await self._host.commit(space_id, files, _message(brief), parent)
        progress(f"committed {len(files)} files to the Space {space_id}")
        space = await self._space_with_host(space_id)
        pages_url = f"{space.host}/" if space.host else space.url
        return Publication(Target.HF_SPACE, space.url, head, pages_url)

    async def _new_space(self, site: Site, files: AppFiles, progress: Progress) -> Space:
        space_id = f"{self._owner or await self._host.owner()}/{site.repository}"
        try:
            space = await self._host.create(space_id, sdk_of(files) or STATIC, SpaceSettings())
        except SpaceConflict:
            return await self._own_space(space_id, files)
        progress(f"created the Space {space_id}")
        return space

    async def _own_space(self, space_id: str, files: AppFiles) -> Space:
        """The Space of this name, if a crash of ours left it there."""
        space = await self._host.info(space_id)
        held = await self._host.files(space_id, space.commit_sha or "main")
        changes = compare(files, without_hubs_own(held))
        is_this_app = not (changes.added or changes.changed or changes.removed)
        if not is_this_app and not is_just_created(held):
            raise PublishFailed(
                f"there is a Space {space_id} already, and it holds something else: nothing was overwritten; rename "
                "or delete it, then send the round again"
            )
        return space

    async def _space_with_host(self, space_id: str) -> Space:
        """The Space with its address, which the Hub may give a moment later than the Space."""
        space = await self._host.info(space_id)
        for _ in range(HOST_TRIES):
            if space.host:
                break
            await self._clock.sleep(HOST_PAUSE_SECONDS)
            space = await self._host.info(space_id)
        if not space.host:
            domains = (await self._host.runtime(space_id)).domains
            space = replace(space, host=f"https://{domains[0]}" if domains else None)
        return space


def space_id_of(publication: Publication) -> str:
    """``owner/name``: the end of the address of its page."""
    return "/".join(publication.repo_url.rstrip("/").split("/")[-2:])


def without_hubs_own(files: AppFiles) -> AppFiles:
    """The app alone: without ``.gitattributes``, when it holds nothing but the Hub's rules for large files."""
    lines = (files.text(GITATTRIBUTES) or "").split("\n")
    is_hubs_own = all(_LARGE_FILE_RULE.fullmatch(line) for line in lines if line.strip())
    return files.without(GITATTRIBUTES) if is_hubs_own else files


def is_just_created(files: AppFiles) -> bool:
    """Whether a Space holds no more than the Hub itself puts into a new one: a card with one line below it, a stub."""
    card, text = split_front_matter(files.text("README.md") or "---\n---\n")
    return _HUBS_OWN_FILES.issuperset(files) and card is not None and len(text.strip().splitlines()) <= 1


def _message(brief: Brief) -> str:
    verb = "Build" if brief.round == 1 else "Revise"
    return f"{verb} {' '.join(brief.task.split())}: round {brief.round}"


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except PaymentRequired as error:
        raise PlanRequired(str(error)) from error
    except HubError as error:
        raise PublishFailed(str(error)) from error
