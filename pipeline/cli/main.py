"""Where the command line begins."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark instead of a traceback.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")
    try:
        from pipeline.cli.commands import app
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    app()
