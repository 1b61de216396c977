"""The Hub on loopback."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.faults import Fault, FaultPlan, Hang
from tests.fakes.http_server import Handler, LoopbackServer
from tests.fakes.hub import apps, contents_api, repos_api, settings_api
from tests.fakes.hub.exchange import Answer, Refused, Request, decoded, refusal
from tests.fakes.hub.hub import Hub

_ID = r"(?P<space_id>[^/]+/[^/]+?)"
_REV = r"(?P<revision>[^/]+)"
_OID = r"(?P<oid>[0-9a-f]{64})"
_SUB = r"(?P<subdomain>[^/]+)"

_TABLE: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", r"/api/whoami-v2", repos_api.whoami),
    ("POST", r"/api/validate-yaml", repos_api.validate_yaml),
    ("POST", r"/api/repos/create", repos_api.create),
    ("DELETE", r"/api/repos/delete", repos_api.delete),
    ("GET", r"/api/spaces", repos_api.list_spaces),
    ("GET", r"/api/spaces/templates", repos_api.templates),
    ("GET", r"/api/spaces/hardware", repos_api.hardware_list),
    ("GET", rf"/api/spaces/by-subdomain/{_SUB}", apps.by_subdomain),
    ("GET", rf"/api/spaces/{_ID}", contents_api.info),
    ("GET", rf"/api/spaces/{_ID}/revision/{_REV}", contents_api.info),
    ("GET", rf"/api/spaces/{_ID}/tree/{_REV}(?:/(?P<folder>.+))?", contents_api.tree),
    ("POST", rf"/api/spaces/{_ID}/paths-info/{_REV}", contents_api.paths_info),
    ("POST", rf"/api/spaces/{_ID}/preupload/{_REV}", contents_api.preupload),
    ("POST", rf"/api/spaces/{_ID}/commit/{_REV}", contents_api.commit),
    ("GET|HEAD", rf"/spaces/{_ID}/resolve/{_REV}/(?P<path>.+)", contents_api.resolve),
    ("POST", rf"/spaces/{_ID}\.git/info/lfs/objects/batch", contents_api.lfs_batch),
    ("POST", rf"/spaces/{_ID}\.git/info/lfs/objects/verify", contents_api.lfs_verify),
    ("PUT|GET|HEAD", rf"/large-files/{_OID}", contents_api.large_file),
    ("GET|POST|DELETE", rf"/api/spaces/{_ID}/(?P<kind>secrets|variables)", settings_api.settings),
    ("GET", rf"/api/spaces/{_ID}/runtime", settings_api.runtime),
    ("POST", rf"/api/spaces/{_ID}/hardware", settings_api.hardware),
    ("POST", rf"/api/spaces/{_ID}/sleeptime", settings_api.sleep_time),
    ("POST", rf"/api/spaces/{_ID}/pause", settings_api.pause),
    ("POST", rf"/api/spaces/{_ID}/restart", settings_api.restart),
    ("POST", rf"/api/spaces/{_ID}/dev-mode", settings_api.dev_mode),
    ("PUT|DELETE", rf"/api/spaces/{_ID}/volumes", settings_api.volumes),
    ("PUT", rf"/api/spaces/{_ID}/settings", settings_api.visibility),
    ("GET", rf"/api/spaces/{_ID}/logs/(?P<kind>build|run)", settings_api.logs),
    ("POST", rf"/api/spaces/{_ID}/duplicate", repos_api.duplicate),
    ("GET", rf"/api/spaces/{_ID}/host", apps.host),
    ("GET", rf"/api/spaces/{_ID}/jwt", apps.jwt),
    ("GET|HEAD", rf"/spaces/{_ID}", apps.page),
    ("GET|HEAD", rf"/app/{_SUB}(?:/(?P<path>.*))?", apps.app),
    ("GET|HEAD", rf"/static/{_SUB}(?:/(?P<path>.*))?", apps.static_app),
)
_ROUTES = [(methods.split("|"), re.compile(pattern), answer) for methods, pattern, answer in _TABLE]


def route(hub: Hub, request: Request) -> Answer:
    """The Hub's answer. Raises Refused."""
    if request.headers.get("authorization") and request.account is None:
        raise refusal(401, "Invalid credentials in Authorization header")
    for methods, pattern, answer in _ROUTES:
        if request.method in methods and (found := pattern.fullmatch(request.path)):
            parts = {name: value for name, value in found.groupdict().items() if value is not None}
            return answer(hub, request, **parts)
    raise refusal(404, "Sorry, we can't find the page you are looking for.")


@dataclass(frozen=True)
class Logged:
    """One request.

    Attributes:
        path: as sent, with the query.
        status: it was answered with; None = not at all.
        at: seconds since 1970, when it had been read.
        body: JSON document, list of NDJSON objects, or None when it is neither; secret values are in it.
    """

    method: str
    path: str
    status: int | None
    at: float
    body: Any
    token: str | None


class FakeHub(Hub, LoopbackServer):
    """The Hub as a server; a context manager.

    Attributes:
        log: every request, in the order of their answers.
    """

    def __init__(
        self, *, owner: str = "deployer", others: Mapping[str, str] | None = None, organizations: Iterable[str] = ()
    ) -> None:
        Hub.__init__(self, owner=owner, others=others, organizations=organizations)
        LoopbackServer.__init__(self, _Handler)
        self.log: list[Logged] = []
        self._faults = FaultPlan()
        self._lock = threading.RLock()

    @property
    def endpoint(self) -> str:
        return self.origin

    def calls(self, method: str, pattern: str = "") -> list[Logged]:
        """The requests with that method (``*`` = any) whose path and query match the regular expression."""
        return [entry for entry in list(self.log) if method in {"*", entry.method} and re.search(pattern, entry.path)]

    def add_fault(self, fault: Fault) -> None:
        """Let it happen; the one that was added first comes first."""
        self._faults.add(fault)

    def respond(self, request: Request, target: str) -> Answer | None:
        """The answer with all faults, on record; None = close the connection."""
        at, fault = time.time(), self._faults.take(request.method, target)
        answer = None if fault and fault.when == "before" else self._answer(request)
        if fault:
            answer = fault.answer if isinstance(fault.answer, Answer) else None
        self._record(request, target, answer, at)
        if fault and isinstance(fault.answer, Hang):
            self.pause(fault.answer.seconds)
        return answer

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            try:
                return route(self, request)
            except Refused as refused:
                return refused.answer
            except Exception as error:  # noqa: BLE001 - the real server, too, answers 500 when it fails over an input
                return Answer(500, {"error": f"Internal Error - {error!r}"})

    def _record(self, request: Request, target: str, answer: Answer | None, at: float) -> None:
        body = decoded(request.body, request.headers.get("content-type", "")) if request.body else None
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or None
        entry = Logged(request.method, target, answer.status if answer else None, at, body, token)
        with self._lock:
            self.log.append(entry)


class _Handler(Handler):
    wbufsize = 65_536
    fake: FakeHub

    def answer(self) -> None:
        parts = urlsplit(self.path)
        headers = self.headers_by_name()
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=_first_values(parts.query),
            headers=headers,
            body=self.body(),
            account=self.fake.accounts.get(headers.get("authorization", "").removeprefix("Bearer ")),
        )
        answer = self.fake.respond(request, self.path)
        if answer is None:
            self.close_connection = True
        elif answer.stream is not None:
            self._send_stream(answer)
        else:
            body = answer.body
            self.send_head(answer.status, {**_headers(answer, answer.body_type), "Content-Length": str(len(body))})
            if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
                self.wfile.write(body)

    def _send_stream(self, answer: Answer) -> None:
        self.close_connection = True
        self.send_head(answer.status, {**_headers(answer, answer.media_type), "Connection": "close"})
        self.wfile.flush()
        for piece in answer.stream or ():
            self.wfile.write(piece)
            self.wfile.flush()
            if self.fake.is_closing:
                return


def _headers(answer: Answer, media_type: str) -> dict[str, str]:
    usual = {} if answer.status == HTTPStatus.NO_CONTENT else {"Content-Type": media_type}
    named = {name: value.encode("latin-1", "replace").decode("latin-1") for name, value in answer.headers.items()}
    return usual | named


def _first_values(query: str) -> dict[str, str]:
    """One value per parameter; those of a repeated one are joined by commas, as ``expand`` wants it."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values
