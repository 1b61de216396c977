"""Pushing to and fetching from a repository elsewhere.

The token is sent as HTTP Basic authentication, the way GitHub and the Hub want it, and reaches git by the environment
alone: never by the address, the arguments or a file.
"""

import base64
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed
from pipeline.domain.publication import Remote
from pipeline.workspace.objects import BRANCH
from pipeline.workspace.processes import run_git

MAX_WORDS = 600

_SLOWEST = 100  # bytes a second
_LARGEST_PUSH = 64 * 1024 * 1024  # bytes; only what is used of it takes memory
_UNPACKED = 10_000  # objects: read in this process when they lie about one by one

# By what git writes, the first that fits. Its source: builtin/push.c, send-pack.c, remote-curl.c and http.c.
_PROBLEMS = (
    (r"^!.*\[remote rejected\].*\((?:internal server error|cannot lock ref|failed to update ref)", "UNREACHABLE"),
    (r"^!.*\[remote rejected\]", "REFUSED"),
    (r"^!.*\[rejected\]", "NOT_FAST_FORWARD"),
    (r"rate limit|returned error: 429\b", "UNREACHABLE"),
    (r"could not read (?:username|password)|authentication failed|returned error: 40[13]\b", "UNAUTHORIZED"),
    (r"returned error: (?:40[0456]|410|501|30\d)\b|repository '.*' not found|couldn't find remote ref", "NOT_FOUND"),
    (r"not valid: is this a git repository\?|no DAV locking support", "NOT_FOUND"),  # a web page is there
)
_ADVICE = re.compile(r"[^\w(]*$|\s*\(\?\)|.*\bhttps?://")
_WORDS = {
    PushProblem.UNREACHABLE: "gave no usable answer",
    PushProblem.NOT_FOUND: "is not there, or the token may not see it",
    PushProblem.UNAUTHORIZED: "does not let this token in: it must be valid and may need permission to write contents",
    PushProblem.NOT_FAST_FORWARD: "holds commits that this workspace lacks, and they are not overwritten: to go on "
    "from them, move the workspace's folder away and send the round again",
    PushProblem.REFUSED: "refused the commit by a rule of its own",
}


async def push_commit(folder: Path, sha: str, remote: Remote, seconds: float) -> None:
    """Make ``sha`` the head of the remote's main branch, which may be there already. Two requests. Raises as below."""
    arguments = ["push", "--porcelain", "--no-signed", "--recurse-submodules=no"]
    await _talk(folder, [*arguments, "--", remote.url, f"{sha}:{BRANCH}"], remote, seconds)


async def fetch_branch(folder: Path, remote: Remote, seconds: float, *refspecs: str) -> None:
    """Bring the remote's main branch, or ``refspecs``, with the whole history into the repository in ``folder``.

    Raises PushFailed with what the remote said, or WorkspaceFailed when git is not there.
    """
    arguments = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"]
    wanted = refspecs or [f"+{BRANCH}:{BRANCH}"]
    await _talk(folder, [*arguments, "--update-head-ok", "--", remote.url, *wanted], remote, seconds)


async def _talk(folder: Path, arguments: Sequence[str], remote: Remote, seconds: float) -> None:
    name = f"{urlsplit(remote.url).netloc}{urlsplit(remote.url).path}"
    try:
        status, output = await run_git(folder, arguments, _settings(remote, seconds), seconds)
    except TimeoutError:
        raise PushFailed(f"{name} did not answer within {round(seconds, 1):g} seconds") from None
    except FileNotFoundError:
        raise WorkspaceFailed("the git command is not there: install git on the machine of the service") from None
    if status:
        problem = push_problem(output)
        said = remote_words(output, remote)
        raise PushFailed(f"{name} {_WORDS[problem]}{f': {said}' if said else ''}", problem)


def _settings(remote: Remote, seconds: float) -> dict[str, str]:
    address = urlsplit(remote.url)
    settings = {
        "safe.directory": "*",  # the folder may belong to another user, as on a mounted volume
        "core.hooksPath": os.devnull,
        "credential.helper": "",
        "fetch.fsckObjects": "true",
        "fetch.unpackLimit": str(_UNPACKED),
        "gc.auto": "0",
        "maintenance.auto": "false",
        "http.followRedirects": "false",
        # In one request of known length: two less for git, and not every server reads those of unknown length.
        "http.postBuffer": str(_LARGEST_PUSH),
        # Ends a talk that hangs before it has to be killed.
        "http.lowSpeedLimit": str(_SLOWEST),
        "http.lowSpeedTime": str(max(int(seconds * 0.8), 1)),
        "protocol.allow": "never",
        f"protocol.{address.scheme}.allow": "always",
    }
    if remote.token:
        origin = f"{address.scheme}://{address.netloc}/"
        settings[f"http.{origin}.extraHeader"] = f"Authorization: Basic {_credentials(remote.token)}"
    return settings


def _credentials(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def push_problem(output: str) -> PushProblem:
    """What git's output says of the reason; unreachable when it says nothing that is known."""
    for pattern, name in _PROBLEMS:
        if re.search(pattern, output, re.IGNORECASE | re.MULTILINE):
            return PushProblem[name]
    return PushProblem.UNREACHABLE


def remote_words(output: str, remote: Remote) -> str:
    """What the remote, or failing that git, said: one printable line of at most 600 characters, without the token."""
    lines = re.split(r"[\r\n]+", output)
    said = [line.removeprefix("remote:") for line in lines if line.startswith("remote:")]
    said = said or [line for line in lines if line.startswith(("!", "fatal:", "error:"))]
    if len(" ".join(said)) > MAX_WORDS:  # what is wrong, and where, before advice and addresses
        said = [line for line in said if not _ADVICE.match(line)]
    text = " ".join(" ".join(said).split())
    if remote.token:
        for secret in (remote.token, _credentials(remote.token)):
            text = text.replace(secret, "***")
    printable = "".join(character for character in text if character.isprintable())
    return printable if len(printable) <= MAX_WORDS else f"{printable[: MAX_WORDS - 1]}\N{HORIZONTAL ELLIPSIS}"
