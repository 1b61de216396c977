"""Connections: how many there may be, and how long one may keep us waiting. Bodies have rules of their own (body)."""

import asyncio
import ctypes
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import h11
from fastapi import FastAPI
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.web.auth import network_of

HEAD_SECONDS = 10
"""For the head of a request, from its first byte, or from the connection's beginning."""
IDLE_SECONDS = 30
"""Between two requests; also for the rest of a body that nobody reads any more."""
READ_SECONDS = 60
"""For a client that takes nothing of an answer."""

MOST_CONNECTIONS = 4_096
MOST_DESCRIPTORS = 65_536
RESERVED_DESCRIPTORS = 512
"""For git, browser and database."""

LARGE_BLOCK = 1024 * 1024
_M_MMAP_THRESHOLD = -3  # mallopt(3)


class Connection(H11Protocol):
    """One of them. Only waiting for the client is limited: how long an answer takes is up to its route."""

    network = ""  # of the client
    due: float | None = None  # when the client has to have done what it is waited for

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base
        """Take it, unless its network or all together have too many."""
        super().connection_made(transport)
        self.network = network_of(self.client[0]) if self.client else ""
        self._give(HEAD_SECONDS)
        most, others = most_connections(), [each for each in self.connections if isinstance(each, Connection)]
        if len(others) > most or sum(each.network == self.network for each in others) > most // 2:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """The time for a head begins with its first byte, and ends with its last."""
        if self.due is None and self.conn.their_state is h11.IDLE:
            self._give(HEAD_SECONDS)
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE and not (self.cycle and self.cycle.response_complete):
            self.due = None

    def on_response_complete(self) -> None:
        """What is left of the body is thrown away, but not for ever."""
        super().on_response_complete()
        self.due = None
        if self.conn.their_state is h11.SEND_BODY:
            self._give(IDLE_SECONDS)

    def pause_writing(self) -> None:
        """The client does not take what is sent."""
        super().pause_writing()
        self._give(READ_SECONDS)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self.due = None

    def _give(self, seconds: float) -> None:
        self.due = self.loop.time() + seconds


class PatientServer(Server):
    """Serves ``app`` on connections that end when their clients do nothing.

    Signals are left to others: the base would close the door at once, and we still answer while jobs finish.
    """

    def __init__(self, app: FastAPI, *, close_seconds: int) -> None:
        super().__init__(
            Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,  # we have lines of our own
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=close_seconds,
                server_header=False,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if counter % 10 == 0:
            self.end_overdue(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def end_overdue(self, now: float) -> None:
        """End the connections that kept us waiting for too long."""
        for each in list(self.server_state.connections):
            if isinstance(each, Connection) and each.due is not None and each.due <= now:
                each.transport.abort()


def most_connections() -> int:
    """How many there may be, so that descriptors are left for what the work needs; one network gets half of them."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(MOST_CONNECTIONS, max(allowed - RESERVED_DESCRIPTORS, allowed // 2))


def return_memory() -> None:
    """Make glibc give back large blocks when they are freed; by itself it learns to keep what was freed once."""
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def raise_descriptor_limit() -> None:
    """To what the system lets us have, within reason: children get it as well, and some close every number there is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    with suppress(ValueError, OSError):  # macOS has a limit that is not told here
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
