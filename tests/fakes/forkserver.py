"""``python -m pipeline`` as a process of its own, without its imports: it is forked from one that has them all.

Each test process has one such server, started by its first command. The server has no thread, event loop or connection,
so that a command begins as in a fresh interpreter: with the arguments, environment and folder that it is given, streams
of its own, and default signals. (What libraries read from the environment at their import is the server's.) When the
test process ends, in whatever way, so do the server and its commands.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import TracebackType
from typing import IO, Self

REPOSITORY = Path(__file__).parents[2]
INHERITED = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
"""What every process needs of the environment of the tests."""

PATIENCE = 60.0  # seconds; far more than anything here takes
LONGEST_REQUEST = 200_000
NUMBER = struct.Struct("i")
_sending = threading.Lock()


class Forked:
    """A running command: as much of ``subprocess.Popen`` as tests use. Leaving its block kills it.

    Attributes:
        stdout, stderr: what it prints; of a command whose streams are joined, all is in ``stdout``.
        returncode: minus the signal that ended it, as with ``Popen``.
    """

    def __init__(self, status: socket.socket, stdout: IO[str], stderr: IO[str] | None) -> None:
        self._status = status
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self.pid = self._next_number(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.wait(PATIENCE)
        for stream in self._streams():
            stream.close()

    def _streams(self) -> list[IO[str]]:
        return [stream for stream in (self.stdout, self.stderr) if stream]

    def _next_number(self, timeout: float | None) -> int:
        self._status.settimeout(timeout)
        number = self._status.recv(NUMBER.size)
        if not number:
            raise ChildProcessError("the server that forks commands has ended; it says why on standard error")
        return int(NUMBER.unpack(number)[0])

    def poll(self) -> int | None:
        """The exit code, once there is one."""
        with suppress(BlockingIOError):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; the exit code.

        Raises:
            TimeoutError: it has not, in time.
        """
        if self.returncode is None:
            self.returncode = self._next_number(timeout)
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        with suppress(ProcessLookupError):  # it may be gone before the server has told
            if self.poll() is None:
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed until it ended.

        Raises:
            TimeoutError: it had not ended in time, and was killed; the message has what it printed.
        """
        with self, ThreadPoolExecutor(2) as threads:
            printed = [threads.submit(stream.read) for stream in self._streams()]
            try:
                self.wait(timeout)
            except TimeoutError as error:
                self.kill()
                said = "\n".join(text.result() for text in printed)
                raise TimeoutError(f"the command had not ended after {timeout} s; it printed:\n{said}") from error
            output, errors, *_ = [*(text.result() for text in printed), ""]
        return output, errors


def start(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None, *, joined: bool = False
) -> Forked:
    """``python -m pipeline`` with ``arguments`` and nothing to read; with ``joined``, its errors are in its output."""
    status, status_there = socket.socketpair()
    pipes = [os.pipe() for _ in range(1 if joined else 2)]
    writers = [writer for _, writer in pipes]
    request = json.dumps([list(arguments), dict(environment), str(folder or Path.cwd())])
    with status_there, _sending:
        socket.send_fds(_server(), [request.encode()], [status_there.fileno(), *writers])
    for writer in writers:
        os.close(writer)
    stdout, stderr, *_ = [*(os.fdopen(reader, encoding="utf-8") for reader, _ in pipes), None]
    assert stdout
    return Forked(status, stdout, stderr)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None, timeout: float = PATIENCE
) -> "subprocess.CompletedProcess[str]":
    process = start(arguments, environment, folder)
    output, errors = process.communicate(timeout)
    return subprocess.CompletedProcess(list(arguments), process.wait(), output, errors)


@cache
def _server() -> socket.socket:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    with there:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.forkserver", str(there.fileno())],
            cwd=REPOSITORY,
            env=INHERITED | coverage,
            stdin=subprocess.DEVNULL,
            pass_fds=[there.fileno()],
            start_new_session=True,  # Ctrl-C is for the test process, whose end is noticed
        )
    if not here.recv(1):
        raise ChildProcessError("the server that forks commands did not start; it says why on standard error")

    @atexit.register
    def end() -> None:
        here.close()
        server.wait(PATIENCE)

    return here


def _preload() -> None:
    import pipeline

    for module in walk_packages(pipeline.__path__, "pipeline."):
        if not module.name.startswith(("pipeline.__main__", "pipeline.jobs.migrations.")):
            import_module(module.name)


class _Server:
    """Forks as it is told to on ``control``, and tells how each child ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, socket.socket] = {}
        self._ended, self._wakeup = socket.socketpair()
        self._wakeup.setblocking(False)  # noqa: FBT003 - the call has no name for it

    def serve(self) -> bytes:
        """In each child: its request. In the server: nothing, once the tests have ended."""
        signal.set_wakeup_fd(self._wakeup.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._control.send(b"+")
        while True:
            ready, _, _ = select.select([self._control, self._ended], [], [])
            if self._ended in ready:
                self._ended.recv(100)
                self._tell_ends()
            if self._control in ready:
                request, descriptors, _, _ = socket.recv_fds(self._control, LONGEST_REQUEST, 3)
                if not request or self._fork(*descriptors) == 0:
                    break
        if not request:
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        return request

    def _fork(self, status: int, *outputs: int) -> int:
        if pid := os.fork():
            self._children[pid] = socket.socket(fileno=status)
            self._children[pid].send(NUMBER.pack(pid))
        else:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have it ignored in the background
            for inherited in (self._control, self._ended, self._wakeup, *self._children.values()):
                inherited.close()
            os.close(status)
            os.dup2(outputs[0], 1)
            os.dup2(outputs[-1], 2)
        for output in outputs:
            os.close(output)
        return pid

    def _tell_ends(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            with self._children.pop(pid) as told, suppress(BrokenPipeError):
                told.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _become(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """The command itself, from its first import to its end."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv[1:] = arguments
    at_once = bool(environment.get("PYTHONUNBUFFERED"))
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stdout.reconfigure(write_through=at_once)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr.reconfigure(line_buffering=True)
    code: object = 0
    try:
        runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the interpreter's last resort
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as at the interpreter's end, but without
    atexit._run_exitfuncs()  # noqa: SLF001 - taking apart what the server has imported
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _preload()
    gc.freeze()  # no collection writes to what all share
    if wanted := _Server(socket.socket(fileno=int(sys.argv[1]))).serve():
        _become(*json.loads(wanted))
