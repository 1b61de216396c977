"""The token of whoever is signed in to GitHub on this machine."""

import shutil
import subprocess

COMMAND_SECONDS = 10.0


def token_of_gh_command(seconds: float = COMMAND_SECONDS) -> str | None:
    """What ``gh auth token`` prints, or None without the command, without a sign-in, and after ``seconds``.

    Source: https://cli.github.com/manual/gh_auth_token
    """
    command = shutil.which("gh")
    if command is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [command, "auth", "token"], capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=seconds
        )
    except (OSError, subprocess.SubprocessError):
        return None
    token = done.stdout.decode(errors="replace").strip()
    return token if token.isascii() and token.isprintable() and token and " " not in token else None
