"""GitHub's REST API as one publication uses it: the home of PyGithub.

PyGithub's own retries come without a pause, its throttle waits a second per write, and at a limit it sleeps for up to
an hour in the calling thread: all of them are off. One of its objects holds one connection and the request under way,
so every publication has its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import requests
from github import Auth, Github, GithubException

from pipeline.domain.errors import PublishFailed
from pipeline.publishing.github_pages.failures import judged, message_of
from pipeline.publishing.github_pages.patience import LIMITED_SECONDS, Patience, TryAgain, WriteLimiter

REQUEST_SECONDS = 10
WHOLE_REQUEST = 3
"""Times the seconds of a request, for all of it: they begin anew with every byte."""

OK, FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub said: 200 stands for all that went well, and the JSON object is empty when there was none."""

    status: int
    document: Mapping[str, Any]

    @property
    def message(self) -> str:
        """Of an error."""
        return message_of(self.document)

    def text(self, *names: str) -> str:
        """The string at ``names``, one inside the other. Raises PublishFailed when there is none."""
        value: Any = self.document
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        if not isinstance(value, str):
            raise PublishFailed(f"GitHub's answer lacks {'.'.join(names)}: is its REST API at GITHUB_API_URL?")
        return value


class _NoAnswer(Exception):
    """The request may have had its effect, or not."""


class GitHubApi:
    """Requests of one publication, one after the other. The limiter is shared by all publications.

    In one request, GitHub may be silent for ``seconds``.
    """

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        threads: Executor,
        limiter: WriteLimiter,
        patience: Patience,
        seconds: int = REQUEST_SECONDS,
    ) -> None:
        self._api_url = api_url
        self._token = token
        self._threads = threads
        self._limiter = limiter
        self._patience = patience
        self._seconds = seconds
        self._writes_allowed = 0
        self._github = self._connect()

    async def wait_for_turn(self, writes: int) -> None:
        """Wait until so many writes may go out one after the other, without a wait between them.

        Raises PublishFailed when that takes longer than there is time left.
        """
        await self._limiter.turn(self._patience, writes)
        self._writes_allowed += writes

    async def request(
        self,
        verb: str,
        path: str,
        doing: str,
        body: Mapping[str, Any] | None = None,
        *,
        answers: frozenset[int] = frozenset(),
        passes: Callable[[Answer], bool] = lambda _: False,
        look: Callable[[], Awaitable[Answer | None]] | None = None,
    ) -> Answer:
        """Ask until there is an answer that stands.

        Args:
            verb: of HTTP.
            path: below the API's address.
            doing: for error texts, "create the repository".
            body: sent as JSON.
            answers: error statuses that are answers to the caller, unless they tell of a limit.
            passes: tells of an error answer whether a later attempt may go well.
            look: what to do before trying again after a request that may have had its effect; its answer, if there
                is one, stands for that of the request.

        Raises:
            PublishFailed: GitHub refused, or gave no answer in time.
        """
        lost = False

        async def attempt() -> Answer:
            nonlocal lost
            if lost and look and (found := await look()):
                return found
            try:
                return await self._send(verb, path, doing, body)
            except GithubException as error:
                answer = Answer(error.status, error.data if isinstance(error.data, Mapping) else {})
                if passes(answer):
                    raise TryAgain(PublishFailed(f"GitHub could not {doing} yet: {answer.message}")) from error
                failure = judged(error, doing)
                if answer.status in answers and not isinstance(failure, TryAgain):
                    return answer
                if isinstance(failure, TryAgain):
                    lost = lost or failure.is_lost
                    self._limiter.hold(LIMITED_SECONDS if failure.is_limit else failure.minimum_seconds)
                raise failure from error
            except _NoAnswer as error:
                lost = True
                raise TryAgain(PublishFailed(f"GitHub could not be reached to {doing}")) from error

        return await self._patience.retry(attempt)

    def close(self) -> None:
        """Close the connection."""
        self._github.close()

    async def _send(self, verb: str, path: str, doing: str, body: Mapping[str, Any] | None) -> Answer:
        if verb != "GET":
            if not self._writes_allowed:
                await self.wait_for_turn(1)
            self._writes_allowed -= 1
        send = self._github.requester.requestJsonAndCheck
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds * WHOLE_REQUEST):
                _, document = await loop.run_in_executor(self._threads, send, verb, path, None, None, body)
        except (requests.RequestException, TimeoutError, ValueError) as error:  # ValueError: not even text
            self._github = self._connect()  # the thread may still be busy with the old one
            raise _NoAnswer from error
        except RuntimeError as error:  # PyGithub's word for a redirect to another host
            raise PublishFailed(f"GitHub could not {doing}: it is not at GITHUB_API_URL any more") from error
        return Answer(OK, document if isinstance(document, Mapping) else {})

    def _connect(self) -> Github:
        return connect(self._api_url, self._token, self._seconds)


def connect(api_url: str, token: str, seconds: int) -> Github:
    """One connection, on which GitHub may be silent for ``seconds``."""
    return Github(
        base_url=api_url,
        auth=Auth.Token(token),
        timeout=seconds,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
