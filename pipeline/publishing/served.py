"""What visitors of an app are served, compared with what was published."""

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from urllib.parse import quote, urljoin, urlsplit

import httpx

from pipeline.domain.files import AppFiles

INDEX_PAGE = "index.html"
AT_ONCE = 8
MOST_FILES = 50
MOST_REDIRECTS = 3
SECONDS = 20.0
CONNECT_SECONDS = 10.0
LONGEST_INSERTION = 64 * 1024

_LOADED_BY_PAGES = (
    *(".html", ".htm", ".css", ".js", ".mjs", ".map"),
    *(".json", ".webmanifest", ".xml", ".svg", ".csv", ".tsv", ".txt", ".yaml", ".yml"),
)
_CHANGED_BY_JEKYLL = re.compile(r"(?:^|/)_|\.(?:md|markdown)$", re.IGNORECASE)
# The Hub puts its variables into every page, right after <head>, perhaps on a line of their own.
_INSERTED = re.compile(rb"<script[^>]*>\s*window\.huggingface\s*=.{0,65536}?</script>", re.DOTALL)
_INSERTED_LINE = re.compile(_INSERTED.pattern + rb"\s*\n", re.DOTALL)


def texts_on_pages(files: AppFiles) -> dict[str, bytes]:
    """Path -> text that GitHub Pages serves as it is, and the index page under ``""``.

    Without ``.nojekyll``, all that Jekyll changes or drops is left out.
    """
    is_raw = ".nojekyll" in files

    def is_served(path: str, content: bytes) -> bool:
        is_for_jekyll = _CHANGED_BY_JEKYLL.search(path) or content.startswith(b"---")
        return path != "CNAME" and (is_raw or not is_for_jekyll)

    return _texts(files, is_served)


def texts_of_space(files: AppFiles) -> dict[str, bytes]:
    """Path -> text that pages load, at most 50 of them; the index page under ``""`` alone.

    README.md and LICENSE are the repository's, and a host may not serve them.
    """
    texts = _texts(files, lambda path, _: path.lower().endswith(_LOADED_BY_PAGES) and path != INDEX_PAGE)
    index = {"": files[INDEX_PAGE]} if INDEX_PAGE in files else {}
    return index | dict(islice(texts.items(), MOST_FILES))


def _texts(files: AppFiles, is_served: Callable[[str, bytes], bool]) -> dict[str, bytes]:
    texts = {
        path: content
        for path, content in files.items()
        if not re.search(r"(?:^|/)\.", path) and _is_text(content) and is_served(path, content)
    }
    return ({"": texts[INDEX_PAGE]} if INDEX_PAGE in texts else {}) | texts


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


@dataclass(frozen=True, slots=True)
class Problem:
    """What visitors get instead of what was published, in words that name the file.

    It ``is_unreachable`` when there is no way there from here: no such name, nobody listens, or a proxy refuses.
    """

    text: str
    is_unreachable: bool = False


class ServedApp:
    """An app as visitors without an account see it.

    The commit's ``mark`` is put into the query with a number, so that no cache has an answer. Redirects to other hosts
    are followed if it ``leaves_host``.
    """

    def __init__(self, address: str, mark: str, *, leaves_host: bool = False) -> None:
        self._address = address if address.endswith("/") else f"{address}/"
        self._mark = mark[:12]
        self._leaves_host = leaves_host
        self._looks = 0

    async def first_problem(self, left: dict[str, bytes]) -> Problem | None:
        """Look at all of ``left`` (path -> bytes), the first one before all others; what is right is taken out."""
        self._looks += 1
        turns = asyncio.Semaphore(AT_ONCE)
        async with _visitor() as client:

            async def look(path: str) -> Problem | None:
                async with turns:
                    problem = await self._problem(client, path, left[path])
                if problem is None:
                    del left[path]
                return problem

            for paths in (list(left)[:1], list(left)[1:]):
                problems = await asyncio.gather(*map(look, paths))
                if found := next(filter(None, problems), None):
                    return found
        return None

    async def answers(self) -> bool:
        """Whether there is any page at the address."""
        self._looks += 1
        async with _visitor() as client:
            return await self._problem(client, "", None) is None

    async def _problem(self, client: httpx.AsyncClient, path: str, expected: bytes | None) -> Problem | None:
        name = path or "the page"
        url = urljoin(self._address, f"{quote(f'./{path}')}?commit={self._mark}-{self._looks}")
        longest = 0 if expected is None else len(expected) + LONGEST_INSERTION
        try:
            async with asyncio.timeout(SECONDS):
                status, content = await self._fetch(client, url, longest)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return Problem(f"{name} cannot be reached ({type(error).__name__})", is_unreachable=True)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return Problem(f"{name} cannot be read ({type(error).__name__})")
        if status != httpx.codes.OK:
            return Problem(f"{name} is answered with HTTP {status}")
        is_same = expected is None or is_served_as(content, expected)
        return None if is_same else Problem(f"{name} is not this commit's")

    async def _fetch(self, client: httpx.AsyncClient, url: str, longest: int) -> tuple[int, bytes]:
        """Status and beginning of what is there: what goes on behind ``longest`` is not what was expected anyway."""
        status = 0
        for _ in range(MOST_REDIRECTS + 1):
            async with client.stream("GET", url) as response:
                status, target = response.status_code, urljoin(url, response.headers.get("location", ""))
                if not response.is_redirect or not self._may_follow(url, target):
                    content = b""
                    async for piece in response.aiter_bytes():
                        content += piece
                        if len(content) > longest:
                            break
                    return status, content
                url = target
        return status, b""

    def _may_follow(self, url: str, target: str) -> bool:
        return self._leaves_host or urlsplit(target).netloc == urlsplit(url).netloc


def is_served_as(served: bytes, expected: bytes) -> bool:
    """Whether both are the same but for what the Hub puts in."""
    without_insertion = (inserted.sub(b"", served, count=1) for inserted in (_INSERTED, _INSERTED_LINE))
    return served == expected or expected in without_insertion


async def visit(address: str) -> None:
    """Knock, as a visitor would, and ask for nothing: that wakes a Space."""
    with suppress(httpx.HTTPError, httpx.InvalidURL):
        async with _visitor() as client, client.stream("GET", address, follow_redirects=True):
            pass


def _visitor() -> httpx.AsyncClient:
    headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}
    return httpx.AsyncClient(
        verify=_trusted(), timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS), headers=headers
    )


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: reading all certificates takes a while, in which nothing else would run."""
    return httpx.create_ssl_context()
