"""A stand-in for the hosts of libraries, on loopback."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.domain.address import UrlRule
from pipeline.notification.egress import EgressClient
from pipeline.verification.browser.cdn import MAX_CACHE, MOST_AT_ONCE, CdnFiles, mirrors


def cdn_files(folder: Path, hosts: Mapping[str, str], max_cache: int = MAX_CACHE) -> CdnFiles:
    """As the service has them: ``hosts`` tells which origin stands in for which host."""
    downloader = EgressClient(UrlRule(mirrors(hosts)), per_host=MOST_AT_ONCE)
    return CdnFiles(folder, downloader, hosts, max_cache=max_cache)


class CdnStandIn:
    """Serves ``files`` and ``redirects`` for whatever host it is asked as.

    Attributes:
        files: path with query -> media type and content.
        redirects: path -> where to.
        statuses: path -> a status without a body.
        requests: host and path of every request.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.requests: list[str] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in.requests.append(f"{self.headers['Host']}{self.path}")
                if location := stand_in.redirects.get(self.path):
                    self._reply(302, ("Location", location), b"")
                elif status := stand_in.statuses.get(self.path):
                    self._reply(status, ("Content-Type", "text/plain"), b"")
                elif self.path in stand_in.files:
                    media_type, content = stand_in.files[self.path]
                    self._reply(200, ("Content-Type", media_type), content)
                else:
                    self._reply(404, ("Content-Type", "text/plain"), b"")

            def _reply(self, status: int, header: tuple[str, str], content: bytes) -> None:
                self.send_response(status)
                self.send_header(*header)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
