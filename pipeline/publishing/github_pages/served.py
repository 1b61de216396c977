"""What visitors of a published site are served, compared with what was to be published."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urljoin, urlsplit

import httpx

from pipeline.domain.files import AppFiles

AT_ONCE = 8
PAGE_SECONDS = 20.0
MAX_REDIRECTS = 3
INDEX_PAGE = "index.html"

_NOT_SERVED = re.compile(r"(?:^|/)\.|^CNAME$")
_CHANGED_BY_JEKYLL = re.compile(r"(?:^|/)_|\.(?:md|markdown)$", re.IGNORECASE)


def served_texts(files: AppFiles) -> dict[str, bytes]:
    """The text files that visitors get byte for byte, and under ``""`` the index page.

    Hidden files are left out, and without ``.nojekyll`` all that Jekyll changes or drops.
    """
    raw = ".nojekyll" in files
    texts = {
        path: content
        for path, content in files.items()
        if not _NOT_SERVED.search(path) and _is_text(content) and (raw or not _is_for_jekyll(path, content))
    }
    return ({"": texts[INDEX_PAGE]} if INDEX_PAGE in texts else {}) | texts


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _is_for_jekyll(path: str, content: bytes) -> bool:
    return bool(_CHANGED_BY_JEKYLL.search(path)) or content.startswith(b"---")


class ServedSite:
    """A site as visitors see it. Asks without credentials, and takes nothing from the environment.

    Args:
        pages_url: of the site, as GitHub gave it.
        tls: whom to trust.
    """

    def __init__(self, pages_url: str, tls: ssl.SSLContext) -> None:
        self._pages_url = pages_url if pages_url.endswith("/") else f"{pages_url}/"
        self._tls = tls

    async def first_difference(self, expected: Mapping[str, bytes], mark: str) -> tuple[str, str] | None:
        """Look at all of ``expected``, the index page first.

        Args:
            expected: path below the site -> bytes.
            mark: put into the query, so that no cache has an answer; a new one for every look.

        Returns:
            A path, and what visitors get there instead ("404", "another page"); None when all is as expected.
        """
        first, rest = list(expected)[:1], list(expected)[1:]
        async with self._client() as client:
            turns = asyncio.Semaphore(AT_ONCE)

            async def look(path: str) -> str | None:
                async with turns:
                    return await self._difference(client, path, expected[path], mark)

            for paths in (first, rest):
                problems = await asyncio.gather(*map(look, paths))
                for path, problem in zip(paths, problems, strict=True):
                    if problem:
                        return path, problem
        return None

    async def answers(self, mark: str) -> bool:
        """Whether there is any page at the site's address."""
        async with self._client() as client:
            return await self._difference(client, "", None, mark) is None

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}
        async with httpx.AsyncClient(
            verify=self._tls, trust_env=False, timeout=PAGE_SECONDS, headers=headers
        ) as client:
            yield client

    async def _difference(self, client: httpx.AsyncClient, path: str, expected: bytes | None, mark: str) -> str | None:
        url = urljoin(self._pages_url, f"{quote(f'./{path}')}?{mark}")
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                status, content = await _fetch(client, url, 1 if expected is None else len(expected) + 1)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError):
            return "no answer"
        if status != httpx.codes.OK:
            return f"status {status}"
        return None if expected is None or content == expected else "another content"


async def _fetch(client: httpx.AsyncClient, url: str, longest: int) -> tuple[int, bytes]:
    """Status and the first ``longest`` bytes. Redirects are followed on the same host only."""
    status = 0
    for _ in range(MAX_REDIRECTS + 1):
        async with client.stream("GET", url) as response:
            status, target = response.status_code, urljoin(url, response.headers.get("location", ""))
            if not response.is_redirect or urlsplit(target).netloc != urlsplit(url).netloc:
                content = b""
                async for chunk in response.aiter_bytes():
                    content += chunk[: longest - len(content)]
                    if len(content) >= longest:
                        break
                return status, content
            url = target
    return status, b""
