"""``python -m tests.fakes.model``."""

import argparse
import json
import signal
import threading
from pathlib import Path

from tests.fakes.http_server import journal
from tests.fakes.model import ModelServer


def main() -> None:
    parser = argparse.ArgumentParser(description="Language models on loopback.")
    parser.add_argument("--script", type=Path, help="JSON list of entries")
    parser.add_argument("--journal", type=Path, help="file that gets every request as a JSON line")
    parser.add_argument("--strict", action="store_true", help="refuse unknown fields")
    chosen = parser.parse_args()
    server = ModelServer(
        json.loads(chosen.script.read_text()) if chosen.script else (),
        strict=chosen.strict,
        on_call=journal(chosen.journal) if chosen.journal else None,
    )
    asked_to_stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked_to_stop.set())
    with server:
        print(server.base_url, flush=True)
        asked_to_stop.wait()


if __name__ == "__main__":
    main()
