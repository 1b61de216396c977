"""What a static Space serves, held against the files that it should serve."""

import re
import ssl
from collections.abc import Iterator
from functools import cache
from itertools import islice
from urllib.parse import quote

import httpx

from pipeline.domain.files import AppFiles

INDEX_PAGE = "index.html"
TEXT_SUFFIXES = (
    *(".html", ".htm", ".css", ".js", ".mjs", ".map"),
    *(".json", ".webmanifest", ".xml", ".svg", ".csv", ".tsv", ".txt", ".yaml", ".yml"),
)
"""Of files that pages load. README.md, LICENSE and dot files are the repository's, and a host may not serve them."""

SECONDS = 10.0
MOST_FILES = 50
LONGEST_INSERTION = 64 * 1024

# The Hub puts its variables into every page, right after <head>, perhaps on a line of their own.
_INSERTED = re.compile(rb"<script[^>]*>\s*window\.huggingface\s*=.{0,65536}?</script>", re.DOTALL)
_INSERTED_LINE = re.compile(_INSERTED.pattern + rb"\s*\n", re.DOTALL)


def visitor() -> httpx.AsyncClient:
    """Somebody without an account who looks at pages. To be closed by the caller."""
    return httpx.AsyncClient(verify=_trusted(), timeout=SECONDS, follow_redirects=True, max_redirects=3)


def pages_to_compare(files: AppFiles) -> dict[str, bytes]:
    """Path below the address -> what has to be served there; the index page at the address itself, and first."""
    chosen = dict(islice(_texts(files), MOST_FILES))
    index = {"": files[INDEX_PAGE]} if INDEX_PAGE in files else {}
    return index | chosen


class NobodyAnswers(Exception):
    """There is no way to the address from here: no such name, nobody listens, or a proxy in between refuses."""


async def problem_with(client: httpx.AsyncClient, address: str, path: str, expected: bytes) -> str | None:
    """What is wrong with what ``address`` and ``path`` serve, or None when it is ``expected``. Raises NobodyAnswers."""
    name = path or "the page"
    url = f"{address.rstrip('/')}/{quote(path)}"
    try:
        async with client.stream("GET", url, headers={"cache-control": "no-cache"}) as response:
            if response.status_code != httpx.codes.OK:
                return f"{name} is answered with HTTP {response.status_code}"
            served = await _content(response, len(expected) + LONGEST_INSERTION)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise NobodyAnswers(f"{name} cannot be reached ({type(error).__name__})") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{name} cannot be read ({type(error).__name__})"
    return None if is_served_as(served, expected) else f"{name} is not this commit's"


def is_served_as(served: bytes, expected: bytes) -> bool:
    """Whether both are the same but for what the Hub puts in."""
    without_insertion = (inserted.sub(b"", served, count=1) for inserted in (_INSERTED, _INSERTED_LINE))
    return served == expected or expected in without_insertion


async def visit(client: httpx.AsyncClient, address: str) -> None:
    """Knock, as a visitor would, and ask for nothing: that wakes a Space."""
    try:
        async with client.stream("GET", address):
            pass
    except (httpx.HTTPError, httpx.InvalidURL):
        return


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: reading all certificates takes a while, in which nothing else would run."""
    return httpx.create_ssl_context()


def _texts(files: AppFiles) -> Iterator[tuple[str, bytes]]:
    for path, content in files.items():
        is_hidden = any(part.startswith(".") for part in path.split("/"))
        is_text = path.lower().endswith(TEXT_SUFFIXES)
        if is_text and not is_hidden and path != INDEX_PAGE:
            yield path, content


async def _content(response: httpx.Response, longest: int) -> bytes:
    """The body; what is longer than ``longest`` is cut off, for it is not what was expected anyway."""
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > longest:
            break
    return bytes(content)
