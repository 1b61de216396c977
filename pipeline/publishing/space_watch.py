"""From a commit on the Hub to visitors who are served it."""

from collections import deque
from contextlib import aclosing, suppress

from pipeline.domain.errors import BuildFailed, HubError, HubUnreachable, NotLive, RateLimited
from pipeline.domain.files import AppFiles
from pipeline.domain.space import BROKEN, BUILDING, GRACE_SECONDS, Space, SpaceRuntime
from pipeline.ports import Clock, Progress, SpaceHost
from pipeline.publishing.served import INDEX_PAGE, ServedApp, texts_of_space, visit

FIRST_PAUSE_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 5.0
REST_SECONDS = 90.0
"""For stages that nobody knows to end by themselves."""

WAKING_SECONDS = 20.0
"""What visits have to wake a Space, before it is restarted."""

SERVED_SECONDS = 600.0
"""The job's deadline is usually nearer, and then the evaluator is told all the same."""

UNREACHABLE_SECONDS = 15.0
"""When the app's host could not be reached for so long, it is taken to be out of reach from here for good."""

LOG_LINES = 60
LONGEST_LOG_LINE = 300

_WOKEN_BY_A_VISIT = {"SLEEPING", "STOPPED"}
_ADVICE = {
    "PAUSED": "it was paused by its owner: restart it, then send the round again",
    "SLEEPING": "neither a visit nor a restart woke it: look at its log, then send the round again",
    "STOPPED": "neither a visit nor a restart woke it: look at its log, then send the round again",
}


class SpaceWatch:
    """Watches one Space after one commit. Of a static one, which is never built, what is served tells the commit."""

    def __init__(
        self, host: SpaceHost, clock: Clock, space_id: str, commit_sha: str, *, is_static: bool, progress: Progress
    ) -> None:
        self._host = host
        self._clock = clock
        self._space_id = space_id
        self._commit_sha = commit_sha
        self._is_static = is_static
        self._progress = progress
        self._was_restarted = False

    async def until_running(self, address: str, build_seconds: float) -> Space:
        """Return the Space once it runs the commit.

        A Hub that names the head is held
        to it; of one that names none, the stage is all there is to know.

        Raises:
            BuildFailed: with the end of the log.
            NotLive: it is at another commit, rests, or takes too long.
            HubError: the Hub does not tell any more.
        """
        looks = self._host.watch(self._space_id, build_seconds + REST_SECONDS, has_changed=True)
        async with aclosing(looks):
            async for look in looks:
                stage = look.runtime.stage
                if look.is_new:
                    self._progress(f"the Space {self._space_id} is in stage {stage}")
                if stage in BROKEN and look.is_current:
                    raise BuildFailed(await failure_of(self._host, self._space_id, look.runtime))
                if stage == "RUNNING" and (self._is_static or look.is_current):
                    try:
                        space = await self._host.info(self._space_id)
                    except (HubUnreachable, RateLimited) as error:
                        await self._clock.sleep(getattr(error, "retry_after_seconds", 0))
                        continue
                    if space.commit_sha in {None, self._commit_sha}:
                        return space
                    if look.waited >= GRACE_SECONDS:
                        raise NotLive(
                            f"the Space {space.id} is at {space.commit_sha}, not at commit {self._commit_sha}"
                        )
                if look.in_stage > (build_seconds if stage in BUILDING else REST_SECONDS):
                    break
                if stage in _WOKEN_BY_A_VISIT:
                    await self._wake(address, look.in_stage)
        advice = _ADVICE.get(stage, "look at its page on the Hub")
        raise NotLive(f"the Space {self._space_id} is {stage} since {look.in_stage:.0f} s: {advice}")

    async def until_served(self, address: str | None, repository: str, files: AppFiles) -> None:
        """Return once every page of ``files`` is served as it is.

        A host that never answers from here tells nothing about the Space. Then, and when the Hub names no host, the
        pages are read back from the repository: what a static Space holds at its head is what it serves.

        Raises:
            NotLive: names the first one that is neither served nor held.
        """
        left, app = texts_of_space(files), ServedApp(address or "", self._commit_sha, leaves_host=True)
        began, pause, has_answered = self._clock.monotonic(), FIRST_PAUSE_SECONDS, False
        while address:
            problem = await app.first_problem(left)
            if problem is None:
                return
            has_answered = has_answered or not problem.is_unreachable
            seconds = self._clock.monotonic() - began
            if seconds > UNREACHABLE_SECONDS and not has_answered:
                break
            if seconds > SERVED_SECONDS:
                raise NotLive(f"the Space {self._space_id} does not serve commit {self._commit_sha}: {problem.text}")
            await self._clock.sleep(pause)
            pause = min(pause + 1, LONGEST_PAUSE_SECONDS)
        await self._read_back(f"{repository}/resolve/{self._commit_sha}", files)

    async def _read_back(self, address: str, files: AppFiles) -> None:
        """Source of the address: the Hub's paths for downloads, ``/spaces/{id}/resolve/{revision}/{path}``."""
        left = {path or INDEX_PAGE: content for path, content in texts_of_space(files).items()}
        count, began, app = len(left), self._clock.monotonic(), ServedApp(address, self._commit_sha, leaves_host=True)
        while problem := await app.first_problem(left):
            if self._clock.monotonic() - began > REST_SECONDS:
                raise NotLive(
                    f"the Space {self._space_id} has no host that answers here, and in its repository {problem.text}"
                )
            await self._clock.sleep(LONGEST_PAUSE_SECONDS)
        self._progress(f"no host of {self._space_id} answers here; read back {count} pages from its repository")

    async def _wake(self, address: str, seconds: float) -> None:
        """Visit it, and restart it, once, when visits have not helped for a while."""
        await visit(address)
        if seconds > WAKING_SECONDS and not self._was_restarted:
            self._was_restarted = True
            with suppress(HubError):  # then it sleeps on, and that is told
                await self._host.restart(self._space_id)


async def failure_of(host: SpaceHost, space_id: str, runtime: SpaceRuntime) -> str:
    """What broke, in the Hub's words, and the end of the log that shows it."""
    is_build = runtime.stage != "RUNTIME_ERROR"
    tail: deque[str] = deque(maxlen=LOG_LINES)
    try:
        async for line in host.logs(space_id, build=is_build, follow=False):
            tail.append(line.text[:LONGEST_LOG_LINE])
    except HubError as error:
        tail.append(f"(the log cannot be read: {error})")
    said = f": {runtime.error_message}" if runtime.error_message else ""
    head = f"the Space {space_id} is in stage {runtime.stage}{said}"
    if not tail:
        return head
    return "\n".join([head, f"End of the {'build' if is_build else 'run'} log:", *tail])
