"""Ctrl-C: a command may end in order for a few seconds, and then it is ended."""

import os
import signal
import threading
import time

END_SECONDS = 4.0
"""What a command gets to end in order; the rest of five seconds is for a busy machine."""


def end_soon_after(*signals: int, seconds: float = END_SECONDS) -> None:
    """From the first of ``signals`` on, the process has ``seconds`` left. A later call replaces an earlier one.

    Whatever hangs: the signal's number is written by the system's own handler, while the main thread may be in a
    library's hands, or an interrupt may have been lost in a callback. Signals that have no handler, or are ignored, do
    what they always do.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_end_after_one, args=(heard, signals, seconds), name="interrupts", daemon=True).start()


def _end_after_one(heard: int, signals: tuple[int, ...], seconds: float) -> None:
    while (number := os.read(heard, 1)[0]) not in signals:
        pass
    time.sleep(seconds)
    os.write(2, b"Interrupted.\n")
    os._exit(128 + number)  # as shells have it
