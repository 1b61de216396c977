"""What the use cases need from the world. Adapters implement these; ``bootstrap`` chooses them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from pipeline.domain.acceptance import AcceptanceTest
from pipeline.domain.brief import Brief, Check
from pipeline.domain.call_event import CallEvent, CallOutcome
from pipeline.domain.conversation import CallLimits, Conversation, Reply
from pipeline.domain.download import Download
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, Order, Usage
from pipeline.domain.job import Stage
from pipeline.domain.notification import Delivery, Notification, Trigger
from pipeline.domain.publication import Publication, Remote, Site, Target
from pipeline.domain.verdict import Seen, Trial, Verdict, Verification
from pipeline.ports.batches import Batches as Batches
from pipeline.ports.jobs import Jobs as Jobs
from pipeline.ports.space_host import SpaceHost as SpaceHost
from pipeline.ports.space_host import SpaceHosts as SpaceHosts

T = TypeVar("T")

Progress = Callable[[str], None]
"""Told one short sentence whenever something worth showing has happened."""


Pictured = tuple[AppFiles, bytes | None]
"""An app, and a PNG of its page."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Model(Protocol):
    """A language model, or a chain of them: of that, name and account are those of the first."""

    name: str
    account: str  # what its provider bills and limits together: not to be shown

    async def ask(self, job_id: str, conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        """Read to the end; ``on_text`` gets each piece as it arrives. Raises GenerationFailed, BudgetExhausted."""


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

    async def verify(self, files: AppFiles, brief: Brief, address: str, earlier: Sequence[Check] = ()) -> Verification:
        """Judge every check as if ``files`` were served at ``address``. Publishes nothing.

        Checks of ``earlier`` rounds are judged as well, untouched by what those of the brief do to the page.
        """


class Camera(Protocol):
    """Takes pictures of what an app's page shows."""

    async def take(self, files: AppFiles, address: str, wanted: Mapping[str, str]) -> Mapping[str, bytes]:
        """A picture for each path of ``wanted`` whose CSS selector finds an element, in the format of its name."""


class Downloader(Protocol):
    """Calls public https addresses, and origins that the operator trusts, and nothing else."""

    async def get(self, url: str, headers: Mapping[str, str], *, seconds: float, max_bytes: int) -> Download:
        """Ask once. Raises NoAnswer: refused, no answer in time, or one that is compressed or too large."""


class Judge(Protocol):
    """Has an opinion where neither files nor page decide."""

    async def judge(
        self, job_id: str, brief: Brief, checks: Sequence[Check], files: AppFiles, seen: Verification, *, seconds: float
    ) -> tuple[tuple[Verdict, ...], str]:
        """Verdicts on those of ``checks`` that can be told, each with a quote from ``files`` or the page.

        When there is none, the text says why.
        """

    async def prefers_second(
        self, job_id: str, brief: Brief, first: Pictured, second: Pictured, *, seconds: float
    ) -> bool | None:
        """Whether the second of two apps is the better one; None when that cannot be told."""


class TestWriter(Protocol):
    """Says what visitors of an app should be able to do, before there is one."""

    async def write(self, job_id: str, brief: Brief, *, seconds: float) -> tuple[tuple[AcceptanceTest, ...], str]:
        """Tests from brief and checks alone. When there is none, the text says why."""


class Tester(Protocol):
    """Visits apps before anybody else does."""

    async def left_open(self, brief: Brief) -> bool:
        """Whether there are checks in prose that no rule decides."""

    async def try_out(self, files: AppFiles, address: str, tests: Sequence[AcceptanceTest]) -> tuple[Trial, ...]:
        """Each of ``tests`` as if ``files`` were served at ``address``."""


class SecretScanner(Protocol):
    """The last gate before publication."""

    def scan(self, files: AppFiles, *texts: str) -> None:
        """Raise SecretFound, naming file and line, when a configured or recognisable secret is in there."""


class Workspaces(Protocol):
    """The git repositories on disk: a cache of what is published."""

    async def published(self, site: Site) -> AppFiles:
        """The files at the site's published commit. Raises WorkspaceMissing when it is not on this machine."""

    async def commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        """Make ``files`` the site's next commit; the same call again gives the same sha. Raises WorkspaceMissing."""

    async def push(self, folder: str, commit_sha: str, remote: Remote, seconds: float) -> None:
        """Make ``commit_sha`` the head of the remote's main branch, unless it is already. Raises PushFailed."""

    async def clone(self, folder: str, remote: Remote, seconds: float) -> None:
        """Bring the remote's main branch into ``folder``, which this machine lacks. Raises PushFailed."""

    async def head(self, folder: str) -> str | None:
        """The sha of the last commit in ``folder``, or None."""

    async def read(self, folder: str, path: str, commit_sha: str | None = None) -> bytes | None:
        """One file of a commit in ``folder``, else of the last one, or None."""


class Publisher(Protocol):
    """Puts a commit where visitors find it."""

    target: Target

    def address(self, site: Site) -> str:
        """Where the app will be served, as far as that is known beforehand. Ends with a slash."""

    async def publish(
        self, site: Site, commit_sha: str, files: AppFiles, brief: Brief, progress: Progress
    ) -> Publication:
        """Look at what is there, then make it ``files``, which the workspace has at ``commit_sha``. Never forces.

        Raises PublishFailed.
        """

    async def confirm(self, publication: Publication, site: Site, files: AppFiles, progress: Progress) -> Publication:
        """What is live, once visitors are served just ``files``; may say more than ``publication``. Raises NotLive."""

    async def held(self, publication: Publication, site: Site) -> Publication | None:
        """``publication`` with the head that the remote holds, if that is ours; None also when it cannot be told."""

    async def is_served(self, publication: Publication, files: AppFiles) -> bool:
        """Whether visitors are served just ``files``: one look, which changes nothing."""

    async def restore(self, site: Site) -> Site:
        """Bring back a workspace that this machine lacks; return the site with its head there. Raises PublishFailed."""


class Notifier(Protocol):
    """Tells the evaluator."""

    async def tell(self, job_id: str, url: str, notification: Notification, number: int, trigger: Trigger) -> Delivery:
        """Attempt ``number`` from 1, with the same id and body each time: one POST, and what came of it."""


class Sites(Protocol):
    """Who owns what."""

    async def published(self, email: str, task: str) -> Site | None:
        """The newest published site of (email, task), else of the same task up to the last hyphen."""

    async def shown(self, folder: str) -> Site | None:
        """The site of ``folder``, if it is of target ``local`` and has been published."""

    async def open(self, email: str, task: str, nonce: str, target: Target) -> Site:
        """The site that this round 1 opened, or a new one with names nobody else has."""

    async def record(self, site: Site, publication: Publication, head: str, checks: Mapping[str, bool]) -> Site:
        """Remember what is live, the workspace's commit of it, and of each check of the round, whether it passed."""

    async def checks(self, site: Site) -> Mapping[str, bool]:
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
        self, stage: Stage, effect: Callable[[Progress], Awaitable[T]], returns: type[T], seconds: float | None = None
    ) -> T:
        """Run ``effect`` within ``seconds``. A StageError that it raises is recorded as well, and raised on replay."""

    async def report(self, made: Made, seen: Seen, files: str, publication: Publication | None = None) -> None:
        """Show what is known of the chosen app, whose files have the digest ``files``, to whoever looks at the job.

        With its ``publication`` it is live: the job has succeeded, and the evaluator is told.
        """


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
