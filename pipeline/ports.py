"""What the use case needs from the world, on one page. Adapters implement these; ``bootstrap`` chooses them."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from pipeline.domain.brief import Brief, Check
from pipeline.domain.call_event import CallEvent, CallOutcome
from pipeline.domain.conversation import CallLimits, Conversation, Reply
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, Order, Usage
from pipeline.domain.job import Job, JobEvent, JobStatus, Stage
from pipeline.domain.notification import Delivery, DeliveryState, Notification
from pipeline.domain.provision import Provision, ProvisionOrder
from pipeline.domain.publication import Publication, Remote, Site, Target
from pipeline.domain.space import LogLine, Space, SpaceRuntime, SpaceSetting, SpaceSettings, Volume
from pipeline.domain.verdict import Seen, Verdict, Verification

T = TypeVar("T")

Progress = Callable[[str], None]
"""Told one short sentence whenever something worth showing has happened."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Model(Protocol):
    """A language model, or a chain of them: of that, name and address are those of the first."""

    name: str
    endpoint: str

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        """Send and read to the end; ``on_text`` gets each piece of text as it arrives.

        Raises GenerationFailed when nothing answered, and BudgetExhausted when the job may not ask any more.
        """


class Ledger(Protocol):
    """Every model call of a job, on record, so that caps hold over crashes and no call is paid for twice."""

    async def recall(self, job_id: str, request_digest: str) -> Reply | None:
        """The latest recorded answer to the very same request of this job."""

    async def begin(self, job_id: str, request_digest: str, model: str) -> int:
        """Record that a call is about to be made, and return its id: it counts even if no answer is recorded."""

    async def finish(self, call_id: int, reply: Reply) -> None:
        """Record the answer."""

    async def spent(self, job_id: str) -> Usage:
        """All calls of the job so far; a call without a recorded answer counts as one call."""


class Generator(Protocol):
    """Makes an app from a brief."""

    async def generate(self, order: Order, progress: Progress) -> Generation:
        """Build or revise. Raises GenerationFailed; never returns half an app."""


class Verifier(Protocol):
    """Looks at a candidate before anybody else does."""

    async def verify(self, files: AppFiles, brief: Brief, address: str) -> Verification:
        """Judge every check as if ``files`` were served at ``address``. Publishes nothing."""


class Judge(Protocol):
    """Has an opinion where neither files nor page decide."""

    async def judge(
        self, job_id: str, checks: Sequence[Check], files: AppFiles, seen: Verification, seconds: float
    ) -> tuple[Verdict, ...]:
        """Verdicts on those of ``checks`` that can be told, each with a quote from ``files`` or the page."""


class SecretScanner(Protocol):
    """The last gate before publication."""

    def scan(self, files: AppFiles, *texts: str) -> None:
        """Raise SecretFound, naming file and line, when a configured or recognisable secret is in there."""


class Workspaces(Protocol):
    """The git repositories on disk: a cache of what is published."""

    async def published(self, site: Site) -> AppFiles:
        """The files at the site's published commit. Raises WorkspaceMissing when it is not on this machine."""

    async def commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        """Make ``files`` the site's next commit and return its sha; the same call again gives the same commit.

        Raises WorkspaceMissing when the commit that it follows is not on this machine.
        """

    async def push(self, folder: str, commit_sha: str, remote: Remote, seconds: float) -> None:
        """Make ``commit_sha`` the head of the remote's main branch, unless it is already. Raises PushFailed."""

    async def clone(self, folder: str, remote: Remote, seconds: float) -> None:
        """Bring the remote's main branch into ``folder``, which this machine lacks. Raises PushFailed."""

    async def head(self, folder: str) -> str | None:
        """The sha of the last commit in ``folder``, or None."""

    async def read(self, folder: str, path: str) -> bytes | None:
        """One file at the head of ``folder``, or None."""


class Publisher(Protocol):
    """Puts a commit where visitors find it."""

    target: Target

    def address(self, site: Site) -> str:
        """Where the app will be served, as far as that is known beforehand. Ends with a slash."""

    async def publish(
        self, site: Site, commit_sha: str, files: AppFiles, brief: Brief, progress: Progress
    ) -> Publication:
        """Look at what is there, then create or update it. Never forces. Raises PublishFailed.

        ``commit_sha`` is the workspace's commit of ``files``.
        """

    async def confirm(self, publication: Publication, site: Site, files: AppFiles, progress: Progress) -> Publication:
        """Return what is live, once visitors are served exactly ``files``. Raises NotLive.

        That is ``publication``, or says more: an address or a commit that the target made only meanwhile.
        """

    async def restore(self, site: Site) -> Site:
        """Bring back the workspace of a published site that this machine lacks; return it with its head there.

        Raises PublishFailed.
        """


class SpaceHost(Protocol):
    """A Hub as one token sees it. ``space_id`` is ``owner/name``. Every call raises HubError, and within its time."""

    async def owner(self) -> str:
        """Whose token it is; asked once."""

    async def create(self, space_id: str, settings: SpaceSettings) -> Space:
        """One call, with secrets and variables. Raises SpaceConflict when the name is taken."""

    async def commit(self, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
        """Make ``files`` all that the Space holds, in one commit on ``parent``, and return the new head's sha.

        The same call again gives the same head. Raises SpaceConflict when the head is another than ``parent``.
        """

    async def files(self, space_id: str, revision: str) -> AppFiles:
        """What the Space holds at a commit."""

    async def info(self, space_id: str) -> Space:
        """What the Hub says of it."""

    async def runtime(self, space_id: str) -> SpaceRuntime:
        """How it is doing."""

    def logs(self, space_id: str, *, build: bool, follow: bool) -> AsyncGenerator[LogLine, None]:
        """The log of the build or of the run: what there is, and with ``follow`` what comes. To be closed."""

    async def set_hardware(self, space_id: str, hardware: str, sleep_seconds: int | None = None) -> SpaceRuntime:
        """Restarts the app."""

    async def set_sleep_time(self, space_id: str, seconds: int) -> SpaceRuntime:
        """Seconds without visitors until it sleeps; -1 = never."""

    async def pause(self, space_id: str) -> SpaceRuntime:
        """Stop it until its owner restarts it."""

    async def restart(self, space_id: str, *, factory_reboot: bool = False) -> SpaceRuntime:
        """Start it anew; with ``factory_reboot`` build it anew as well."""

    async def wake(self, space_id: str) -> SpaceRuntime:
        """Start it if it sleeps, is paused or has stopped."""

    async def set_dev_mode(self, space_id: str, *, enabled: bool) -> SpaceRuntime:
        """Let its files be changed while it runs, or no more."""

    async def set_visibility(self, space_id: str, visibility: str) -> None:
        """``public``, ``private`` or ``protected``."""

    async def duplicate(self, source_id: str, target_id: str, settings: SpaceSettings) -> Space:
        """Copy a Space. Its variables are copied, its secrets are not; ``settings.sdk`` has no meaning here."""

    async def delete(self, space_id: str) -> None:
        """For good."""

    async def variables(self, space_id: str) -> tuple[SpaceSetting, ...]:
        """By name."""

    async def set_variable(self, space_id: str, key: str, value: str, description: str | None = None) -> None:
        """Add or replace. Restarts the app."""

    async def delete_variable(self, space_id: str, key: str) -> None:
        """Also when there is none. Restarts the app."""

    async def secrets(self, space_id: str) -> tuple[SpaceSetting, ...]:
        """By name, without their values."""

    async def set_secret(self, space_id: str, key: str, value: str, description: str | None = None) -> None:
        """Add or replace. Restarts the app."""

    async def delete_secret(self, space_id: str, key: str) -> None:
        """Also when there is none. Restarts the app."""

    async def set_volumes(self, space_id: str, volumes: Sequence[Volume]) -> None:
        """Make these all that is mounted."""

    async def delete_volumes(self, space_id: str) -> None:
        """Unmount everything."""


SpaceHosts = Callable[[str | None], SpaceHost]
"""The Hub as a token sees it; None = the operator's own token. Raises Misconfigured when there is none."""


class Notifier(Protocol):
    """Tells the evaluator."""

    async def notify(self, job_id: str, url: str, notification: Notification, deadline: datetime) -> DeliveryState:
        """Try until told, refused or late, at least once; every attempt is recorded. Never after a recorded 2xx."""

    async def redeliver(self, job_id: str, url: str, notification: Notification) -> DeliveryState:
        """One more attempt, asked for by hand."""


class Deliveries(Protocol):
    """Every attempt at telling, on record."""

    async def of(self, job_id: str) -> tuple[Delivery, ...]:
        """In order."""

    async def add(self, job_id: str, delivery: Delivery) -> None:
        """Keep one attempt."""


class Sites(Protocol):
    """Who owns what."""

    async def current(self, email: str, task: str) -> Site | None:
        """The newest site of (email, task)."""

    async def open(self, email: str, task: str, nonce: str, target: Target) -> Site:
        """The site that this round 1 opened, or a new one with names nobody else has."""

    async def record(self, site: Site, publication: Publication, head: str, checks: Sequence[str]) -> Site:
        """Remember what is live, the workspace's commit of it, and the checks of the round that made it so."""

    async def checks(self, site: Site) -> tuple[str, ...]:
        """Checks of the rounds published so far."""


class Blobs(Protocol):
    """Bytes under the digest of their content."""

    async def put(self, content: bytes) -> str:
        """Keep and return the SHA-256 as 64 hex digits."""

    async def get(self, digest: str) -> bytes:
        """Raises NotFound."""

    async def put_files(self, files: AppFiles) -> str:
        """Keep a whole app under one digest."""

    async def get_files(self, digest: str) -> AppFiles:
        """Raises NotFound."""


class Checkpoint(Protocol):
    """Runs a stage once: what it returned is on record, and a resumed job gets the record instead of a second run."""

    async def __call__(
        self,
        stage: Stage,
        effect: Callable[[Progress], Awaitable[T]],
        returns: type[T],
        seconds: float | None = None,
    ) -> T:
        """Run ``effect`` within ``seconds``.

        Whatever StageError it raises is recorded as well and raised again as such on every replay.
        """

    async def report(self, made: Made, seen: Seen, files: str, publication: Publication | None = None) -> None:
        """Show what is known of the chosen app, whose files have the digest ``files``, to whoever looks at the job."""

    async def report_notification(self, state: DeliveryState) -> None:
        """Show how far telling the evaluator has come."""


class Jobs(Protocol):
    """The queue and the records, as the edges see them."""

    async def accept(self, brief: Brief, *, notify: bool = True) -> tuple[Job, bool]:
        """Make ``brief`` durable and queue it; return the job and whether it is new.

        Raises KeyReused, Busy, Unavailable or InvalidInput.
        """

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""

    async def brief(self, job_id: str) -> Brief:
        """As it was accepted. Raises NotFound."""

    async def find(
        self,
        *,
        email: str | None = None,
        task: str | None = None,
        status: JobStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> tuple[list[Job], str | None]:
        """Newest first, and the cursor of the next page. Raises InvalidInput for a cursor that is none."""

    async def events(self, job_id: str, after: int = 0) -> list[JobEvent]:
        """The timeline after event ``after``."""

    def watch(self, job_id: str, after: int = 0) -> AsyncIterator[JobEvent | None]:
        """The timeline as it grows, until the job has ended; None now and then when nothing happens."""

    async def wait(self, job_id: str, seconds: float) -> Job:
        """The job once it has ended, or as it stands when ``seconds`` are over."""

    async def cancel(self, job_id: str) -> Job:
        """Stop before the next stage; a job that has ended stays as it is. Raises NotFound."""

    async def redeliver(self, job_id: str) -> Job:
        """Tell the evaluator once more. Raises NotFound, InvalidInput."""

    async def files(self, job_id: str) -> AppFiles | None:
        """The chosen app of the job, once there is one."""

    async def screenshot(self, job_id: str) -> bytes | None:
        """A PNG of the chosen app's page, once there is one."""

    async def counts(self) -> dict[JobStatus, int]:
        """Waiting and running jobs. Raises Unavailable when the storage does not answer."""


class Provisions(Protocol):
    """Orders of many Spaces, and what became of them. Each belongs to the token it came with; None = the operator's."""

    async def accept(self, order: ProvisionOrder, token: str | None) -> Provision:
        """Make ``order`` durable and queue it, or join the unfinished one that is the same.

        Raises Busy, Unavailable.
        """

    async def get(self, provision_id: str, token: str | None) -> Provision:
        """Raises NotFound, also for a foreign one."""

    async def wait(self, provision_id: str, token: str | None, seconds: float) -> Provision:
        """The provision once it has ended, or as it stands when ``seconds`` are over. Raises NotFound."""


class CallEvents(Protocol):
    """Calls whose results are fetched by other requests, until their time is over. Each belongs to its caller."""

    async def add(
        self,
        caller: str,
        function: str,
        *,
        session: str | None = None,
        job_id: str | None = None,
        outcome: CallOutcome | None = None,
    ) -> CallEvent:
        """Keep a call. Raises Busy when too many are kept, of this caller or of all together."""

    async def get(self, event_id: str, caller: str) -> CallEvent:
        """Raises NotFound, also for a foreign one."""

    async def find(self, event_id: str, session: str) -> CallEvent:
        """By session instead of caller. Raises NotFound."""

    async def undelivered(self, session: str, caller: str) -> tuple[CallEvent, ...]:
        """Calls of the session whose end has not been delivered to its caller, oldest first."""

    async def record(self, event_id: str, outcome: CallOutcome) -> None:
        """How the call ended."""

    async def mark_delivered(self, event_id: str) -> None:
        """Its caller has its end: from now on it may make room for others."""
