"""A listener on loopback that nothing sealed may ever reach."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n"


class Canary:
    """Listens on one port for TCP and UDP, answers HTTP with nothing, and keeps what arrived.

    ``arrivals`` has the path that was asked for, ``tcp`` when nothing was, and ``udp`` for a datagram.
    """

    def __init__(self) -> None:
        self.arrivals: list[str] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._is_closing = False
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._accept, self._receive)]

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closing = True
        with socket.create_connection(("127.0.0.1", self.port)):
            pass  # wakes the thread that accepts
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", self.port))
        for thread in self._threads:
            thread.join(5)
        self._tcp.close()
        self._udp.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            if self._is_closing:
                connection.close()
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(1)
            self.arrivals.append("tcp")
            index = len(self.arrivals) - 1
            asked = connection.recv(65536).split(b" ")
            if len(asked) > 1:
                self.arrivals[index] = asked[1].decode("latin-1").lstrip("/")
            connection.sendall(_ANSWER)

    def _receive(self) -> None:
        while True:
            self._udp.recvfrom(2048)
            if self._is_closing:
                return
            self.arrivals.append("udp")
