"""A stand-in for the hosts of libraries, on loopback."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.domain.address import UrlRule
from pipeline.notification.egress import EgressClient
from pipeline.verification.browser.cdn import MAX_CACHE, CdnFiles, mirrors
from tests.fakes.http_server import Handler, LoopbackServer


def cdn_files(folder: Path, hosts: Mapping[str, str], max_cache: int = MAX_CACHE) -> CdnFiles:
    """As the service has them: ``hosts`` tells which origin stands in for which host."""
    downloader = EgressClient(UrlRule(mirrors(hosts)))
    return CdnFiles(folder, downloader, hosts, max_cache=max_cache)


class CdnStandIn(LoopbackServer):
    """Serves ``files``, ``redirects`` and mere ``statuses`` by path, for whatever host it is asked as."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.files: dict[str, tuple[str, bytes]] = {}  # media type and content
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self.origin


class _Handler(Handler):
    fake: CdnStandIn

    def answer(self) -> None:
        fake = self.fake
        fake.requests.append(f"{self.headers['Host']}{self.path}")
        if location := fake.redirects.get(self.path):
            self._send(302, {"Location": location})
        elif status := fake.statuses.get(self.path):
            self._send(status, {"Content-Type": "text/plain"})
        elif self.path in fake.files:
            media_type, content = fake.files[self.path]
            self._send(200, {"Content-Type": media_type}, content)
        else:
            self._send(404, {"Content-Type": "text/plain"})

    def _send(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_head(status, {**headers, "Content-Length": str(len(content))})
        self.wfile.write(content)
