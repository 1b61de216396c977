"""The server: one port on loopback for the REST API, git and the published sites."""

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fakes.github.exchange import Logged, Request, Response
from tests.fakes.github.faults import Answer, Drop, Fault, FaultPlan, Hang, PushRejected
from tests.fakes.github.loopback import GitHubServer
from tests.fakes.github.pages import visit
from tests.fakes.github.pages_api import PAGES_ROUTES
from tests.fakes.github.repositories_api import REPOSITORY_ROUTES
from tests.fakes.github.routes import RestApi
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.smart_http import SmartHttp, rejection
from tests.fakes.github.state import GitHubSettings, GitHubState, PlannedFailure, Repository

LOGIN = "octocat"
TOKEN = "ghp_0fake1fake2fake3fake4fake5fake6fake7"


class FakeGitHub:
    """GitHub with one user and one token; a context manager.

    Args:
        folder: where the bare repositories go.
        organizations: that the user may create repositories in.

    Attributes:
        token: the only one that is accepted.
        log: every request that was answered, dropped or left hanging, in the order of the answers.
        failures: what went wrong in the fake itself; raised when the fake stops.
    """

    def __init__(self, folder: Path, *, organizations: tuple[str, ...] = ()) -> None:
        self.token = TOKEN
        self.log: list[Logged] = []
        self.failures: list[Exception] = []
        self._state = GitHubState(folder / "repositories", LOGIN, organizations)
        self._faults = FaultPlan()
        self._server = GitHubServer(self._respond_to)
        self.url = self._server.origin
        self._shapes = Shapes(self.url)
        self._rest = RestApi(self._state, self._shapes, TOKEN, REPOSITORY_ROUTES + PAGES_ROUTES)
        self._git = SmartHttp(self._state, TOKEN, folder / "hooks")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        if self.failures and error is None:
            raise self.failures[0]

    @property
    def api_url(self) -> str:
        """Of the REST API, as on Enterprise; without a slash at the end."""
        return self._shapes.api

    @property
    def login(self) -> str:
        return self._state.user.login

    @property
    def settings(self) -> GitHubSettings:
        return self._state.settings

    def add_fault(self, fault: Fault) -> None:
        """Let something go wrong, after the faults that are still waiting."""
        self._faults.add(fault)

    def clear_faults(self) -> None:
        self._faults.clear()

    def fail_next_build(self, message: str = "Page build failed.", *, cached: bool = False) -> None:
        """Let the next Pages build or deployment fail.

        Args:
            message: in the build's ``error``.
            cached: further builds of the same commit fail as well.
        """
        self._state.plan_failure(PlannedFailure(message, cached))

    def repository(self, owner: str, name: str) -> Repository:
        """To look at.

        Raises:
            KeyError: there is none of that name.
        """
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

    def _respond_to(self, request: Request, arrived: float) -> Response | None:
        """Answer one request, by the faults and by the state. None = the connection is dropped."""
        try:
            response = self._respond(request)
        except Exception as failure:  # noqa: BLE001 - a fault of the fake is shown to the client and to the test
            self.failures.append(failure)
            traceback.print_exception(failure, file=sys.stderr)
            response = Response.of_json(500, {"message": f"the fake itself failed: {failure!r}"})
        self.log.append(self._logged(request, response, arrived))
        return response

    def _respond(self, request: Request) -> Response | None:
        self._wait(self.settings.latency_seconds)
        fault = self._faults.take(request)
        if fault is None:
            return self._usual(request)
        if isinstance(fault.answer, Hang):
            return self._late(request, fault, fault.answer.seconds)
        if fault.when == "after":
            self._usual(request)
        return self._fault_response(request, fault.answer)

    def _late(self, request: Request, fault: Fault, seconds: float) -> Response | None:
        response = self._usual(request) if fault.when == "after" else None
        self._wait(seconds)
        if self._server.is_closing:
            return None
        return response or self._usual(request)

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._server.pause(seconds)

    def _usual(self, request: Request) -> Response:
        if request.kind == "api":
            return self._rest.answer(request)
        if request.kind == "git":
            return self._git.answer(request)
        owner, _, rest = request.path.removeprefix("/pages/").partition("/")
        repository = self._state.repository(owner, rest.partition("/")[0])
        named = (repository.owner.login, repository.name) if repository else ("", "")
        return visit(request, *named, repository.pages if repository else None)

    def _fault_response(self, request: Request, answer: Answer | Drop | PushRejected) -> Response | None:
        if isinstance(answer, Drop):
            return None
        if isinstance(answer, PushRejected):
            return rejection(request, answer)
        usual = self._rest.headers() if request.kind == "api" else {}
        headers = {**usual, **answer.headers}
        if answer.json is None:
            return Response.of_text(answer.status, answer.text, headers)
        return Response.of_json(answer.status, answer.json, headers)

    def _logged(self, request: Request, response: Response | None, arrived: float) -> Logged:
        query = f"?{request.raw_query}" if request.raw_query else ""
        status = response.status if response else None
        body = request.json if request.kind == "api" else None
        has_credentials = "authorization" in request.headers
        return Logged(
            request.kind, request.method, request.path + query, status, arrived, body, has_credentials=has_credentials
        )
