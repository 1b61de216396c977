"""Git as a process of its own: no settings of the machine, none of the operator's secrets, and an end to its time."""

import asyncio
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from git import Git

MAX_OUTPUT_BYTES = 64 * 1024
GRACE_SECONDS = 2.0

_KEPT_VARIABLES = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "GIT_EXEC_PATH", "TMPDIR"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    }
)
_OWN_VARIABLES = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": os.devnull,  # or else curl takes a password from the user's .netrc
    "LC_ALL": "C",
}


class TimeUp(Exception):
    """Git had not finished at its deadline and was stopped."""


async def run_git(
    threads: Executor, folder: Path, arguments: Sequence[str], settings: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    """Run git in ``folder``.

    Args:
        threads: one of them waits for git.
        folder: of the repository.
        arguments: seen by every user of the machine, so nothing secret.
        settings: git's configuration for this call, by way of the environment, which only the own user can read.
        seconds: until it is stopped; it is stopped as well when this coroutine is cancelled.

    Returns:
        Exit status, and the first 64 KiB of what it wrote to standard output and standard error.

    Raises:
        TimeUp: it was stopped.
        GitCommandNotFound, OSError: it could not be started.
    """
    with _started(folder, arguments, settings) as process:
        return await asyncio.get_running_loop().run_in_executor(threads, _finish, process, time.monotonic() + seconds)


@contextmanager
def _started(
    folder: Path, arguments: Sequence[str], settings: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**_OWN_VARIABLES, "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    # GitPython hands on all of our environment: env(1) takes out what is not for git.
    unset = [part for name in os.environ.keys() - _KEPT_VARIABLES - environment.keys() for part in ("-u", name)]
    command = ["env", *unset, "git", *arguments]
    running = Git(folder).execute(command, as_process=True, env=environment, start_new_session=True)
    process = cast("subprocess.Popen[bytes]", running.proc)
    running.proc = None  # or else GitPython waits for it, in whatever thread collects ``running``
    try:
        yield process
    finally:
        _signal(process, signal.SIGTERM)


def _finish(process: "subprocess.Popen[bytes]", ends: float) -> tuple[int, str]:
    """Read to the end, and leave no process behind."""
    try:
        with process:
            try:
                output = _read(process, ends)
                status = process.wait(GRACE_SECONDS)
            except (TimeUp, subprocess.TimeoutExpired):
                _signal(process, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE_SECONDS)
                _signal(process, signal.SIGKILL)
                raise TimeUp from None
        return status, output.decode(errors="replace")
    finally:
        _end_group(process.pid)


def _read(process: "subprocess.Popen[bytes]", ends: float) -> bytes:
    kept = b""
    with selectors.DefaultSelector() as streams:
        for stream in (process.stdout, process.stderr):
            if stream:
                streams.register(stream, selectors.EVENT_READ)
        while streams.get_map():
            ready = streams.select(max(ends - time.monotonic(), 0))
            if not ready:
                raise TimeUp
            for key, _ in ready:
                piece = os.read(key.fd, MAX_OUTPUT_BYTES)
                if not piece:
                    streams.unregister(key.fileobj)
                kept += piece[: MAX_OUTPUT_BYTES - len(kept)]
            if time.monotonic() > ends + GRACE_SECONDS:  # it writes without end
                raise TimeUp
    return kept


def _end_group(group: int) -> None:
    """End what git left running of its own children.

    They pass to the first process of the machine, which reaps them. In a container that may be this one.
    """
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    with suppress(ChildProcessError):
        while os.waitpid(-group, 0):
            pass


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
