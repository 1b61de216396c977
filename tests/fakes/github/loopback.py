"""HTTP as GitHub speaks it."""

import itertools
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus

from tests.fakes.github.exchange import Request, Response
from tests.fakes.http_server import Handler, LoopbackServer

SOCKET_SECONDS = 60

Respond = Callable[[Request, float], Response | None]


class GitHubServer(LoopbackServer):
    """A server on loopback.

    Args:
        respond: gives the answer to a request and its arrival in seconds since 1970; None = drop the connection.
    """

    def __init__(self, respond: Respond) -> None:
        super().__init__(_Handler)
        self.respond = respond
        self.request_ids = itertools.count(1)


class _Handler(Handler):
    """Sends its answer in one piece."""

    timeout = SOCKET_SECONDS
    fake: GitHubServer

    def answer(self) -> None:
        arrived = time.time()
        response = self.fake.respond(Request(self.command, self.path, self.headers_by_name(), self.body()), arrived)
        if response is None:
            self.close_connection = True
        else:
            self._send(response)

    def _send(self, response: Response) -> None:
        headers = {
            "Server": "GitHub.com",
            "Date": formatdate(usegmt=True),
            "X-GitHub-Request-Id": f"FA4E:{next(self.fake.request_ids):06X}",
            **response.headers,
        }
        if response.status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(response.body))
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + response.body)
