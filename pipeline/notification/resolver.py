"""From names to addresses, with a time limit that holds even when a name server hangs."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

RESOLVE_SECONDS = 5.0
MAX_LOOKUPS = 256  # as many as may be told at once


class NoSuchHost(OSError):
    """The DNS says that there is no such name; whatever else goes wrong with a lookup may pass."""


class Resolver(Protocol):
    """Turns names into addresses."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every IP address of ``host``, best first. Raises NoSuchHost, or OSError when it takes too long."""


class SystemResolver:
    """The operating system's resolver, in threads of its own, at most ``max_lookups`` of them.

    A lookup cannot be interrupted: a hanging name server keeps its thread for as long as it likes. Such threads are
    counted, never waited for, and end with the process; the loop's own threads are left to others.
    """

    def __init__(self, seconds: float = RESOLVE_SECONDS, max_lookups: int = MAX_LOOKUPS) -> None:
        self._seconds = seconds
        self._free_threads = threading.BoundedSemaphore(max_lookups)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every IP address of ``host``, in the system's order. Raises OSError, of which TimeoutError is one."""
        if not self._free_threads.acquire(blocking=False):
            raise TimeoutError("every lookup that may be under way hangs")
        answer: Future[list[str]] = Future()
        threading.Thread(target=self._look_up, args=(host, port, answer), name="resolver", daemon=True).start()
        async with asyncio.timeout(self._seconds):
            return await asyncio.wrap_future(answer)

    def _look_up(self, host: str, port: int, answer: "Future[list[str]]") -> None:
        answer.set_running_or_notify_cancel()  # from here on nobody can cancel it, so that its outcome can be set
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            is_missing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME
            answer.set_exception((NoSuchHost if is_missing else OSError)(str(error)))
        else:
            answer.set_result([str(address[0]) for *_, address in found])
        finally:
            self._free_threads.release()
