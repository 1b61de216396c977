"""Git as a process of its own: no settings of the machine, none of the operator's secrets, and an end to its time."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

MAX_OUTPUT_BYTES = 64 * 1024
GRACE_SECONDS = 2.0

_KEPT_VARIABLES = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "GIT_EXEC_PATH", "TMPDIR"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    }
)


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables that give git these settings and none of the machine's or the user's: git-config(1)."""
    environment = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": os.devnull,  # or else curl takes a password from the user's .netrc
        "LC_ALL": "C",
    }
    for number, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


async def run_git(
    folder: Path, arguments: Sequence[str], settings: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    """Run git in the repository ``folder``; return its exit status, and the first 64 KiB of each of its outputs.

    Arguments are seen by every user of the machine, so they hold nothing secret; settings, git's configuration for this
    call, go by way of the environment, which only the own user can read. Git is stopped when ``seconds`` are over, with
    a TimeoutError, and when this coroutine is cancelled. Raises FileNotFoundError without git.
    """
    kept = {name: value for name, value in os.environ.items() if name in _KEPT_VARIABLES}
    process = await asyncio.create_subprocess_exec(
        *("git", "-C", str(folder), *arguments),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=kept | environment_of(settings),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            told = await asyncio.gather(_beginning(process.stdout), _beginning(process.stderr))
            return await process.wait(), b"".join(told).decode(errors="replace")
    finally:
        await _end(process)


async def _beginning(stream: asyncio.StreamReader | None) -> bytes:
    """Read to the end, and keep the first 64 KiB."""
    kept = b""
    while stream and (piece := await stream.read(MAX_OUTPUT_BYTES)):
        kept += piece[: MAX_OUTPUT_BYTES - len(kept)]
    return kept


async def _end(process: Process) -> None:
    """Stop git if it still runs, with what it left running of its own children."""
    try:
        if process.returncode is None:
            _signal(process.pid, signal.SIGTERM)
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
    except TimeoutError:
        pass
    finally:
        _signal(process.pid, signal.SIGKILL)
    await process.wait()
    await asyncio.to_thread(_reap, process.pid)


def _reap(group: int) -> None:
    """Orphans pass to the first process of the machine, which has to reap them. In a container that may be this one."""
    with suppress(ChildProcessError):
        while os.waitpid(-group, 0):
            pass


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
