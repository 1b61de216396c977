"""``python -m tests.fakes.model``."""

import argparse
import json
import signal
import threading
from dataclasses import asdict
from pathlib import Path

from tests.fakes.model import Call, ModelServer


class Journal:
    """Appends one JSON line per request to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, call: Call) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(call)) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Language models on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path, help="JSON list of entries")
    parser.add_argument("--journal", type=Path, help="file that gets every request as a JSON line")
    parser.add_argument("--then", choices=["repeat", "error"], default="repeat", help="what follows the script")
    parser.add_argument("--strict", action="store_true", help="refuse unknown fields")
    parser.add_argument("--key", help="the only key that is let in")
    chosen = parser.parse_args()
    server = ModelServer(
        json.loads(chosen.script.read_text()) if chosen.script else (),
        host=chosen.host,
        port=chosen.port,
        then=chosen.then,
        strict=chosen.strict,
        key=chosen.key,
        on_call=Journal(chosen.journal) if chosen.journal else None,
    )
    asked_to_stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: asked_to_stop.set())
    with server:
        print(server.base_url, flush=True)
        asked_to_stop.wait()


if __name__ == "__main__":
    main()
