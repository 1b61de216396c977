"""The one client for addresses that callers or their apps chose.

A host is resolved once, every answer is judged, and only a judged address is dialled, so that nothing can be swapped
between the check and the connection. SNI, certificate check and Host header stay those of the name. Nothing is taken
from the environment, followed, kept alive, decoded or read without end.
"""

import asyncio
import codecs
import logging
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

from pipeline.domain.address import PUBLIC_ONLY, Origin, UrlRule, ip_literal, is_public
from pipeline.domain.download import Download
from pipeline.domain.errors import NoAnswer
from pipeline.domain.notification import KEPT_RESPONSE_BYTES
from pipeline.notification.resolver import NoSuchHost, Resolver, SystemResolver

MAX_READ_BYTES = 64 * 1024
MAX_DIALLED = 8
CONNECT_SECONDS = 5.0
LOOKUP_SECONDS = 2.0
"""For a caller who waits to hear whether a name is right."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any HTTP status, Retry-After as sent, and the first KiB of the body, made printable."""

    status: int
    retry_after: str | None
    text: str


class EgressClient:
    """The Downloader port, and posts to addresses that callers chose, as far as ``rule`` lets them.

    How many at once is up to the caller. Nothing that is bound to an event loop is kept. Unless told otherwise, names
    are looked up as the system does, and the public authorities are trusted.
    """

    def __init__(self, rule: UrlRule, resolver: Resolver | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._rule = rule
        self._resolver = resolver or SystemResolver()
        self._tls = tls

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Answer:
        """Send ``body`` once and read the answer.

        All of the exchange, from the lookup to the last byte that is read, takes ``seconds`` at most.

        Raises:
            NoAnswer: the address is refused, or no status came in time.
        """
        request = _request("POST", url, body, headers)
        async with self._exchange(url, request, seconds) as (response, ends):
            start = await _start_of_body(response, ends)
            return Answer(response.status_code, response.headers.get("retry-after"), _text(response, start))

    async def get(self, url: str, headers: Mapping[str, str], *, seconds: float, max_bytes: int) -> Download:
        """Ask once, and read the answer within ``seconds``.

        Raises:
            NoAnswer: as for ``post``; or the answer is cut short, compressed, or larger than ``max_bytes``.
        """
        request = _request("GET", url, b"", headers)
        async with self._exchange(url, request, seconds) as (response, ends):
            content = await _whole_body(response, ends, max_bytes)
        media_type = response.headers.get("content-type", "application/octet-stream")
        return Download(response.status_code, response.headers.get("location"), media_type, content)

    async def status(self, url: str, *, seconds: float) -> int:
        """That a GET is answered with, whatever follows it. Raises NoAnswer as for ``post``."""
        async with self._exchange(url, _request("GET", url, b"", {}), seconds) as (response, _):
            return int(response.status_code)

    async def is_missing(self, url: str) -> bool:
        """Whether the DNS says that there is no host of that name; False when it does not say so soon."""
        origin = Origin.of(url)
        if origin is None or origin.is_sample or ip_literal(origin.host) or self._rule.allows(origin):
            return False
        with suppress(OSError):
            try:
                async with asyncio.timeout(LOOKUP_SECONDS):
                    await self._resolver.resolve(origin.host, origin.port)
            except NoSuchHost:
                return True
        return False

    @asynccontextmanager
    async def _exchange(
        self, url: str, request: httpx.Request, seconds: float
    ) -> AsyncIterator[tuple[httpx.Response, float]]:
        """The response, its body not read yet, and when the time of the exchange ends."""
        origin = Origin.of(url)
        if origin is None or self._rule.problem(url):
            raise _refusal("a URL against the rule")
        async with self._transport() as transport:
            ends = asyncio.get_running_loop().time() + seconds
            try:
                async with asyncio.timeout_at(ends):
                    addresses = await self._addresses(origin)
                    response = await _send(transport, request, addresses)
            except TimeoutError:
                raise NoAnswer(f"no answer within {round(seconds, 1):g} seconds") from None
            async with aclosing(response):
                yield response, ends

    def _transport(self) -> httpx.AsyncHTTPTransport:
        """A pool for one exchange. The bare transport: httpx's client would follow, remember and log what it sees."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, http2=False)

    async def _addresses(self, origin: Origin) -> Sequence[str]:
        """What may be dialled for ``origin``: its addresses if all of them are allowed, else none."""
        if ip_literal(origin.host):
            return [origin.host]
        trusted = self._rule.allows(origin)
        try:
            found = list(dict.fromkeys(await self._resolver.resolve(origin.host, origin.port)))
        except OSError as error:
            if trusted:
                raise NoAnswer("the host's name could not be resolved") from error
            raise _refusal(f"{origin.host}, which could not be resolved") from error
        if not found or not (trusted or all(is_public(address) for address in found)):
            raise _refusal(f"{origin.host}, which leads to {found}")
        return found[:MAX_DIALLED]


def _refusal(what: str) -> NoAnswer:
    """The one error for every refusal; only the operator's log says why."""
    _log.warning("refused to call %s", what, extra={"action": "egress.refused"})
    return NoAnswer(f"the address {PUBLIC_ONLY}")


def _request(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Request:
    of_connection = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
    return httpx.Request(method, url, content=body, headers={**headers, **of_connection})


async def _send(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, addresses: Sequence[str]
) -> httpx.Response:
    """Send ``request`` to the first of ``addresses`` that takes a connection; nothing is ever sent twice."""
    host = request.url.raw_host.decode("ascii")
    problem = ""
    for address in addresses:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={"sni_hostname": host, "timeout": {"connect": CONNECT_SECONDS}},
        )
        try:
            return await transport.handle_async_request(pinned)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            is_certificate = "CERTIFICATE_VERIFY_FAILED" in str(error)
            problem = "the host's certificate is not valid for it" if is_certificate else "could not connect"
        except (httpx.TransportError, OSError) as error:
            raise NoAnswer("the connection broke before an answer came") from error
    raise NoAnswer(problem)


async def _start_of_body(response: httpx.Response, ends: float) -> bytes:
    """The first KiB. The status has been given by now: a body that breaks or never ends does not take it back."""
    start, size = b"", 0
    with suppress(TimeoutError, httpx.TransportError, OSError):
        async with asyncio.timeout_at(ends):
            async for chunk in response.aiter_raw():
                start += chunk[: KEPT_RESPONSE_BYTES - len(start)]
                size += len(chunk)
                if size >= MAX_READ_BYTES:
                    break
    return start


async def _whole_body(response: httpx.Response, ends: float, max_bytes: int) -> bytes:
    if _is_compressed(response):
        raise NoAnswer("the answer is compressed, which was not asked for")
    content = bytearray()
    try:
        async with asyncio.timeout_at(ends):
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > max_bytes:
                    raise NoAnswer(f"the answer is larger than {max_bytes} bytes")
    except TimeoutError:
        raise NoAnswer("the answer did not end in time") from None
    except (httpx.TransportError, OSError) as error:
        raise NoAnswer("the connection broke before the answer ended") from error
    return bytes(content)


def _is_compressed(response: httpx.Response) -> bool:
    return str(response.headers.get("content-encoding", "identity")).lower() != "identity"


def _text(response: httpx.Response, start: bytes) -> str:
    if _is_compressed(response):
        return "(a compressed answer: not read)"
    # Not final: half a character at the cut is left out. PostgreSQL takes no NUL, and terminals obey other controls.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(start)
    return "".join(
        character if character.isprintable() or character in "\t\r\n" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
