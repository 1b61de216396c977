"""Where the command line begins."""

import signal
import sys

from pipeline.cli.interrupts import end_soon_after

INTERRUPTED = 130
ENV_FILE = "--env-file"


def main() -> None:
    """Run the command line of this process."""
    end_soon_after(signal.SIGINT)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark instead of a traceback.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")
    try:
        from pipeline.cli.commands import app
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    app(_env_file_first(sys.argv[1:]))


def _env_file_first(arguments: list[str]) -> list[str]:
    """It is an option of every command, before or behind its name; behind ``spaces`` it is one that names secrets."""
    for place, argument in enumerate(arguments):
        if argument == "spaces":
            break
        if argument.partition("=")[0] == ENV_FILE:
            end = place + (1 if "=" in argument else 2)
            return arguments[place:end] + arguments[:place] + arguments[end:]
    return arguments
