"""Libraries that pages load from well-known hosts: fetched here, so that the browser needs no network."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit, urlunsplit

from pipeline.domain.address import Origin, ip_literal, is_public
from pipeline.domain.errors import NoAnswer
from pipeline.ports import Downloader

CDN_HOSTS: Mapping[str, str] = {
    host: f"https://{host}"
    for host in (
        "cdn.jsdelivr.net",
        "cdnjs.cloudflare.com",
        "unpkg.com",
        "cdn.tailwindcss.com",
        "fonts.googleapis.com",
        "fonts.gstatic.com",
    )
}
MOST_AT_ONCE = 32
"""Downloads: a page asks for all of its files together."""

MAX_FILE = 5 * 1024 * 1024
MAX_CACHE = 256 * 1024 * 1024
MAX_URL = 2048
MAX_REDIRECTS = 5
SECONDS = 5.0
FRESH_SECONDS = 7 * 24 * 3600.0
"""Addresses without a version lead to newer files now and then."""

_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {404, 410}


def mirrors(hosts: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the origins to call that are not the hosts' own."""
    return tuple(origin for host, origin in hosts.items() if origin != f"https://{host}")


class CdnUnavailable(Exception):
    """The file could not be had from here: it may be there for others. The text says why, in short."""


class CdnMissing(Exception):
    """The host says that there is no such file."""


@dataclass(frozen=True, slots=True)
class CdnFile:
    """A file as its host gave it, decoded."""

    media_type: str
    content: bytes


class CdnFiles:
    """Fetches files of allowed hosts and keeps them on disk.

    Args:
        folder: of the cache; oldest files go when it holds more than ``max_cache`` bytes.
        downloader: trusts the ``mirrors`` of ``hosts``.
        hosts: allowed host -> origin to call for it: its own, or that of a mirror.
        max_cache: bytes.
    """

    def __init__(
        self, folder: Path, downloader: Downloader, hosts: Mapping[str, str] = CDN_HOSTS, *, max_cache: int = MAX_CACHE
    ) -> None:
        self._folder = folder
        self._downloader = downloader
        self._hosts = hosts
        self._max_cache = max_cache
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    def allows(self, url: str) -> bool:
        """Whether ``url`` is https, on the usual port of an allowed host, and of a sane length."""
        origin = Origin.of(url)
        return (
            len(url) <= MAX_URL
            and origin is not None
            and (origin.scheme, origin.port) == ("https", 443)
            and origin.host in self._hosts
        )

    async def fetch(self, url: str) -> CdnFile:
        """The file at ``url``, from the cache while that is fresh, or when the host cannot be reached.

        Raises CdnUnavailable, or CdnMissing when the host answered that it is not there.
        """
        if not self.allows(url):
            raise CdnUnavailable("not an allowed address")
        url = url.partition("#")[0]
        cached, is_fresh = await asyncio.to_thread(self._cached, url)
        if cached and is_fresh:
            return cached
        try:
            async with asyncio.timeout(SECONDS), self._places:
                file = await self._download(url)
        except (CdnUnavailable, NoAnswer, TimeoutError) as error:
            if cached:
                return cached
            raise CdnUnavailable(str(error) or "no answer in time") from error
        await asyncio.to_thread(self._keep, url, file)
        return file

    async def _download(self, url: str) -> CdnFile:
        for _ in range(MAX_REDIRECTS + 1):
            if not self.allows(url):
                raise CdnUnavailable("redirected to an address that is not allowed")
            host = urlsplit(url).hostname or ""
            called = urlunsplit((*urlsplit(self._hosts[host])[:2], *urlsplit(url)[2:]))
            answer = await self._downloader.get(called, {"Host": host}, seconds=SECONDS, max_bytes=MAX_FILE)
            if answer.status in _REDIRECTS and answer.location:
                url = urljoin(url, answer.location)
            elif answer.status in _GONE:
                raise CdnMissing(f"answered {answer.status}")
            elif answer.status != HTTPStatus.OK:
                raise CdnUnavailable(f"answered {answer.status}")
            else:
                return CdnFile(answer.media_type, answer.content)
        raise CdnUnavailable("redirected too often")

    def _cached(self, url: str) -> tuple[CdnFile | None, bool]:
        path = self._path(url)
        try:
            age = time.time() - path.stat().st_mtime
            head, _, content = path.read_bytes().partition(b"\n")
            said = json.loads(head)
        except (OSError, ValueError):
            return None, False
        if said.get("url") != url or said.get("size") != len(content):
            return None, False
        return CdnFile(str(said["media_type"]), content), age < FRESH_SECONDS

    def _keep(self, url: str, file: CdnFile) -> None:
        """Write whole or not at all; a full disk only costs the next fetch."""
        head = json.dumps({"url": url, "media_type": file.media_type, "size": len(file.content)}).encode()
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as opened:
                    opened.write(head + b"\n" + file.content)
                Path(name).replace(self._path(url))
            finally:
                Path(name).unlink(missing_ok=True)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        kept = 0
        for path in sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True):
            kept += path.stat().st_size
            if kept > self._max_cache:
                path.unlink(missing_ok=True)

    def _path(self, url: str) -> Path:
        return self._folder / sha256(url.encode()).hexdigest()


def is_for_everybody(url: str) -> bool:
    """Whether others than this machine could reach ``url``: it leads to a name, or to a public address."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if ip_literal(host):
        return is_public(host)
    return "." in host and not host.endswith((".localhost", ".local", ".internal"))
