"""The server: one port on loopback for the REST API, git and the published sites."""

import itertools
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from tests.fakes.faults import Drop, Fault, FaultPlan, Hang
from tests.fakes.github.exchange import Answer, Logged, Request
from tests.fakes.github.faults import PushRejected
from tests.fakes.github.pages import visit
from tests.fakes.github.pages_api import PAGES_ROUTES
from tests.fakes.github.repositories_api import REPOSITORY_ROUTES
from tests.fakes.github.routes import RestApi
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.smart_http import SmartHttp, rejection
from tests.fakes.github.state import GitHubSettings, GitHubState, PlannedFailure, Repository
from tests.fakes.http_server import Handler, LoopbackServer

LOGIN = "octocat"
TOKEN = "ghp_0fake1fake2fake3fake4fake5fake6fake7"


class FakeGitHub(LoopbackServer):
    """GitHub with one user and one token; a context manager.

    Attributes:
        log: every request that was answered, dropped or left hanging, in the order of the answers.
        failures: what went wrong in the fake itself; raised when the fake stops.
    """

    login = LOGIN
    token = TOKEN

    def __init__(self, folder: Path, *, organizations: tuple[str, ...] = ()) -> None:
        super().__init__(_Handler)
        self.url = self.origin
        self.log: list[Logged] = []
        self.failures: list[Exception] = []
        self.request_ids = itertools.count(1)
        self._state = GitHubState(folder / "repositories", LOGIN, organizations)
        self._faults = FaultPlan()
        self._rest = RestApi(self._state, Shapes(self.url), TOKEN, REPOSITORY_ROUTES + PAGES_ROUTES)
        self._git = SmartHttp(self._state, TOKEN, folder / "hooks")

    def close(self) -> None:
        super().close()
        if self.failures:
            raise self.failures[0]

    @property
    def api_url(self) -> str:
        """Of the REST API, as on Enterprise; without a slash at the end."""
        return Shapes(self.url).api

    @property
    def settings(self) -> GitHubSettings:
        return self._state.settings

    def add_fault(self, fault: Fault) -> None:
        """Let something go wrong, after the faults that are still waiting."""
        self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    def fail_next_build(self, message: str = "Page build failed.", *, cached: bool = False) -> None:
        """Let the next Pages build or deployment fail, with ``cached`` also further ones of the same commit."""
        self._state.plan_failure(PlannedFailure(message, cached))

    def repository(self, owner: str, name: str) -> Repository:
        """To look at. Raises KeyError when there is none of that name."""
        found = self._state.repository(owner, name)
        if found is None:
            raise KeyError(f"{owner}/{name}")
        return found

    def repositories(self) -> list[Repository]:
        return self._state.repositories()

    def create(
        self,
        owner: str,
        name: str,
        description: str = "",
        *,
        private: bool = False,
        files: Mapping[str, bytes] | None = None,
    ) -> Repository:
        """Prepare a repository, of whomever; an owner who is unknown becomes a user."""
        repository = self._state.create(owner, name)
        repository.description = description or None
        repository.private = private
        repository.visible_from = 0.0
        if files is not None:
            self.commit(repository, files, "Initial commit")
        return repository

    def commit(self, repository: Repository, files: Mapping[str, bytes], message: str, branch: str = "main") -> str:
        """Make ``files`` the branch's next commit, as a push by somebody else would, and return its sha."""
        author = f"{repository.owner.login} <{repository.owner.login}@localhost>"
        sha = repository.git.add_commit(files, message, author, branch)
        self._state.pushed(repository)
        return sha

    def respond(self, request: Request) -> Answer | None:
        """The answer by the faults and by the state, on record; None = the connection is dropped."""
        arrived = time.time()
        try:
            answer = self._respond(request)
        except Exception as failure:  # noqa: BLE001 - a fault of the fake is shown to the client and to the test
            self.failures.append(failure)
            traceback.print_exception(failure, file=sys.stderr)
            answer = Answer(500, {"message": f"the fake itself failed: {failure!r}"})
        body, status = request.json if request.kind == "api" else None, answer.status if answer else None
        has_credentials = "authorization" in request.headers
        entry = Logged(request.kind, request.method, request.full_path, status, arrived, body, has_credentials)
        self.log.append(entry)
        return answer

    def _respond(self, request: Request) -> Answer | None:
        self.pause(self.settings.latency_seconds)
        fault = None if request.is_probe else self._faults.take(request.method, request.full_path, request.kind)
        if fault is None:
            return self._usual(request)
        usual = self._usual(request) if fault.when == "after" else None
        match fault.answer:
            case Hang(seconds):
                return None if self.pause(seconds) else usual or self._usual(request)
            case PushRejected():
                return rejection(request, fault.answer)
            case Answer():
                headers = self._rest.headers() if request.kind == "api" else {}
                return replace(fault.answer, headers={**headers, **fault.answer.headers})
            case Drop():
                return None
        raise TypeError(fault.answer)

    def _usual(self, request: Request) -> Answer:
        if request.kind == "api":
            return self._rest.answer(request)
        if request.kind == "git":
            return self._git.answer(request)
        owner, _, rest = request.path.removeprefix("/pages/").partition("/")
        repository = self._state.repository(owner, rest.partition("/")[0])
        named = (repository.owner.login, repository.name) if repository else ("", "")
        return visit(request, *named, repository.pages if repository else None)


class _Handler(Handler):
    wbufsize = 65_536  # head and body in one piece
    fake: FakeGitHub

    def version_string(self) -> str:
        return "GitHub.com"

    def answer(self) -> None:
        answer = self.fake.respond(Request(self.command, self.path, self.headers_by_name(), self.body()))
        if answer is None:
            self.close_connection = True
            return
        headers = {"X-GitHub-Request-Id": f"FA4E:{next(self.fake.request_ids):06X}"}
        if answer.status != HTTPStatus.NO_CONTENT:
            headers |= {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body))}
        self.send_head(answer.status, headers | dict(answer.headers))
        if self.command != "HEAD":
            self.wfile.write(answer.body)
