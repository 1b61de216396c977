"""Libraries that pages load from well-known hosts: fetched here, so that the browser needs no network."""

import asyncio
import json
import os
import ssl
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from socket import SOCK_STREAM
from urllib.parse import urljoin, urlsplit

import httpx

from pipeline.domain.address import Origin, ip_literal, is_public

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
MAX_FILE = 5 * 1024 * 1024
MAX_CACHE = 256 * 1024 * 1024
MAX_URL = 2048
MAX_REDIRECTS = 5
SECONDS = 5.0
FRESH_SECONDS = 7 * 24 * 3600.0
"""Addresses without a version lead to newer files now and then."""

_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {404, 410}


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
        folder: of the cache; made when needed. Oldest files go when it holds more than ``max_cache`` bytes.
        hosts: allowed host -> origin to dial for it. Another origin than the host's own is taken as it is, without
            https or a public address being asked for: a mirror, or a stand-in in tests.
        max_cache: bytes.
    """

    def __init__(self, folder: Path, hosts: Mapping[str, str] = CDN_HOSTS, *, max_cache: int = MAX_CACHE) -> None:
        self._folder = folder
        self._hosts = hosts
        self._max_cache = max_cache
        self._tls: ssl.SSLContext | None = None

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
        """The file at ``url``, from the cache while that is fresh.

        When the host cannot be reached, an older copy is as good.

        Raises:
            CdnUnavailable: it could not be fetched.
            CdnMissing: the host answered that it is not there.
        """
        if not self.allows(url):
            raise CdnUnavailable("not an allowed address")
        url = url.partition("#")[0]
        cached, is_fresh = await asyncio.to_thread(self._cached, url)
        if cached and is_fresh:
            return cached
        try:
            async with asyncio.timeout(SECONDS):
                file = await self._download(url)
        except (CdnUnavailable, TimeoutError, httpx.HTTPError, OSError) as error:
            if cached:
                return cached
            raise CdnUnavailable(_reason(error)) from error
        await asyncio.to_thread(self._keep, url, file)
        return file

    async def _download(self, url: str) -> CdnFile:
        async with httpx.AsyncHTTPTransport(verify=self._tls_context(), trust_env=False) as transport:
            for _ in range(MAX_REDIRECTS + 1):
                if not self.allows(url):
                    raise CdnUnavailable("redirected to an address that is not allowed")
                response = await transport.handle_async_request(await self._request(url))
                async with aclosing(response):
                    location = response.headers.get("location")
                    if response.status_code in _REDIRECTS and location:
                        url = urljoin(url, location)
                        continue
                    return await _read(response)
        raise CdnUnavailable("redirected too often")

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls

    async def _request(self, url: str) -> httpx.Request:
        """GET ``url`` from its dialled origin; a public host's name is looked up once, and that address dialled."""
        asked = httpx.URL(url)
        dialled = self._hosts[asked.host]
        host = asked.host
        if dialled == f"https://{host}":
            target = asked.copy_with(host=await _public_address(host))
        else:
            target = httpx.URL(dialled).copy_with(raw_path=asked.raw_path)
            host = target.host
        return httpx.Request(
            "GET",
            target,
            headers={"Host": asked.host, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
            extensions={"sni_hostname": host, "timeout": {"connect": SECONDS, "read": SECONDS}},
        )

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
        entries = sorted(self._entries(), reverse=True)
        kept = 0
        for _, size, path in entries:
            kept += size
            if kept > self._max_cache:
                path.unlink(missing_ok=True)

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._folder.iterdir():
            with suppress(OSError):
                status = path.stat()
                yield status.st_mtime, status.st_size, path

    def _path(self, url: str) -> Path:
        return self._folder / sha256(url.encode()).hexdigest()


async def _read(response: httpx.Response) -> CdnFile:
    if response.status_code in _GONE:
        raise CdnMissing(f"answered {response.status_code}")
    if response.status_code != httpx.codes.OK:
        raise CdnUnavailable(f"answered {response.status_code}")
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_FILE:
            raise CdnUnavailable(f"larger than {MAX_FILE} bytes")
    return CdnFile(response.headers.get("content-type", "application/octet-stream"), bytes(content))


async def _public_address(host: str) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=SOCK_STREAM)
    addresses: Sequence[str] = [str(address[0]) for *_, address in found]
    if not addresses or not all(map(is_public, addresses)):
        raise CdnUnavailable("its name does not lead to a public address")
    return next((address for address in addresses if ":" not in address), addresses[0])


def _reason(error: Exception) -> str:
    if isinstance(error, CdnUnavailable):
        return str(error)
    return "no answer in time" if isinstance(error, TimeoutError | httpx.TimeoutException) else "could not be reached"


def is_for_everybody(url: str) -> bool:
    """Whether others than this machine could reach ``url``: it leads to a name, or to a public address."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if ip_literal(host):
        return is_public(host)
    return "." in host and not host.endswith((".localhost", ".local", ".internal"))
