"""From a commit on the Hub to visitors who are served it."""

from collections import deque

from pipeline.domain.errors import BuildFailed, HubError, HubUnreachable, NotLive, RateLimited
from pipeline.domain.files import AppFiles
from pipeline.domain.space import BROKEN, BUILDING, Space, SpaceRuntime
from pipeline.ports import Clock, Progress, SpaceHost
from pipeline.publishing.space_pages import pages_to_compare, problem_with, visit, visitor

FIRST_PAUSE_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 5.0
GRACE_SECONDS = 20.0
"""After a commit the Hub may go on telling the stage of the version before for as long as this."""

REST_SECONDS = 90.0
"""For stages that nobody knows to end by themselves."""

SERVED_SECONDS = 120.0
LOG_LINES = 60
LONGEST_LOG_LINE = 300

_WOKEN_BY_A_VISIT = {"SLEEPING", "STOPPED"}
_ADVICE = {
    "PAUSED": "it was paused by its owner: restart it, then send the round again",
    "SLEEPING": "a visit did not wake it: restart it, then send the round again",
    "STOPPED": "a visit did not wake it: restart it, then send the round again",
}


class SpaceWatch:
    """Watches one Space after one commit.

    Args:
        host: that knows how it is doing.
        clock: for the waits.
        space_id: ``owner/name``.
        commit_sha: that it should come to run.
        is_static: nothing is built or started; what is served tells which commit it is.
        progress: is told every new stage.
    """

    def __init__(
        self, host: SpaceHost, clock: Clock, space_id: str, commit_sha: str, *, is_static: bool, progress: Progress
    ) -> None:
        self._host = host
        self._clock = clock
        self._space_id = space_id
        self._commit_sha = commit_sha
        self._is_static = is_static
        self._progress = progress
        self._began = self._stage_began = clock.monotonic()
        self._stage = ""
        self._was_building = False

    async def until_running(self, address: str, build_seconds: float) -> Space:
        """Return the Space once it runs the commit.

        A stage is believed once a build was seen, or when the grace period is over.

        Args:
            address: to visit when it sleeps.
            build_seconds: that a build may take.

        Raises:
            BuildFailed: with the end of the log.
            NotLive: it is at another commit, rests, or takes too long.
            HubError: the Hub does not tell any more.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            runtime = await self._look(build_seconds)
            if runtime.stage in BROKEN and self._is_of_this_commit:
                raise BuildFailed(await self._failure(runtime))
            if runtime.stage == "RUNNING" and (self._is_static or self._is_of_this_commit):
                space = await self._host.info(self._space_id)
                if space.commit_sha == self._commit_sha:
                    return space
                self._check_head(space)
            seconds = self._clock.monotonic() - self._stage_began
            if seconds > (build_seconds if runtime.stage in BUILDING else REST_SECONDS):
                advice = _ADVICE.get(runtime.stage, "look at its page on the Hub")
                raise NotLive(f"the Space {self._space_id} is {runtime.stage} since {seconds:.0f} s: {advice}")
            if runtime.stage in _WOKEN_BY_A_VISIT:
                async with visitor() as client:
                    await visit(client, address)
            await self._clock.sleep(pause)
            pause = min(pause + 1, LONGEST_PAUSE_SECONDS)

    async def until_served(self, address: str, files: AppFiles) -> None:
        """Return once every page of ``files`` is served as it is.

        Raises:
            NotLive: names the first one that is not.
        """
        left = pages_to_compare(files)
        began, pause, problem = self._clock.monotonic(), FIRST_PAUSE_SECONDS, None
        async with visitor() as client:
            while left:
                for path, content in list(left.items()):
                    if problem := await problem_with(client, address, path, content):
                        break
                    del left[path]
                if problem is None:
                    return
                if self._clock.monotonic() - began > SERVED_SECONDS:
                    raise NotLive(f"the Space {self._space_id} does not serve commit {self._commit_sha}: {problem}")
                await self._clock.sleep(pause)
                pause = min(pause + 1, LONGEST_PAUSE_SECONDS)

    @property
    def _is_of_this_commit(self) -> bool:
        return self._was_building or self._clock.monotonic() - self._began >= GRACE_SECONDS

    async def _look(self, patience_seconds: float) -> SpaceRuntime:
        """How it is doing. A Hub that gives no answer for a while is waited for."""
        began = self._clock.monotonic()
        while True:
            try:
                runtime = await self._host.runtime(self._space_id)
                break
            except HubUnreachable:
                if self._clock.monotonic() - began > REST_SECONDS:
                    raise
                await self._clock.sleep(LONGEST_PAUSE_SECONDS)
            except RateLimited as error:
                if self._clock.monotonic() + error.retry_after_seconds - began > patience_seconds:
                    raise
                await self._clock.sleep(max(error.retry_after_seconds, LONGEST_PAUSE_SECONDS))
        if runtime.stage != self._stage:
            self._stage, self._stage_began = runtime.stage, self._clock.monotonic()
            self._progress(f"the Space {self._space_id} is in stage {runtime.stage}")
        self._was_building = self._was_building or runtime.stage in BUILDING
        return runtime

    def _check_head(self, space: Space) -> None:
        if self._clock.monotonic() - self._began >= GRACE_SECONDS:
            raise NotLive(f"the Space {space.id} is at commit {space.commit_sha}, not at {self._commit_sha}")

    async def _failure(self, runtime: SpaceRuntime) -> str:
        """What broke, in the Hub's words, and the end of the log that shows it."""
        is_build = runtime.stage != "RUNTIME_ERROR"
        tail: deque[str] = deque(maxlen=LOG_LINES)
        try:
            async for line in self._host.logs(self._space_id, build=is_build, follow=False):
                tail.append(line.text[:LONGEST_LOG_LINE])
        except HubError as error:
            tail.append(f"(the log cannot be read: {error})")
        said = f": {runtime.error_message}" if runtime.error_message else ""
        head = f"the Space {self._space_id} is in stage {runtime.stage}{said}"
        if not tail:
            return head
        return "\n".join([head, f"End of the {'build' if is_build else 'run'} log:", *tail])
