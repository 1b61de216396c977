"""The worker of a queue: it is woken when there may be work, and looks by itself now and then.

DBOS looks at its queues at intervals, and a job waits for half of one on average. Short ones cost a tenth of a core
for doing nothing; long ones are enough for jobs of which nobody here tells: those that were accepted by a process that
has ended since, or by one whose places are all taken.
"""

import threading

from dbos import DBOS, Queue
from dbos._queue import queue_worker_thread  # not public; a test holds it to what we need

POLL_SECONDS = 5.0
PATIENCE_SECONDS = 10.0  # for the end of a look at the queue


class Bell(threading.Event):
    """The stop event of a DBOS worker. Its waits end early when it rings, also without being set."""

    def __init__(self) -> None:
        super().__init__()
        self._rung = threading.Event()

    def ring(self) -> None:
        """End the wait that goes on, or the next one."""
        self._rung.set()

    def set(self) -> None:
        """Stop for good."""
        super().set()
        self.ring()

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it is set, after ``timeout`` seconds at most."""
        self._rung.wait(timeout)
        self._rung.clear()
        return self.is_set()


class Worker:
    """Starts what waits in a queue, as far as its limits allow, until it is stopped.

    Args:
        dbos: launched, and with no workers of its own.
        queue: registered.
    """

    def __init__(self, dbos: DBOS, queue: Queue) -> None:
        self._bell = Bell()
        self._thread = threading.Thread(
            target=queue_worker_thread, args=(self._bell, dbos, queue), name=f"worker-{queue.name}", daemon=True
        )
        self._bell.ring()
        self._thread.start()

    def wake(self) -> None:
        """There may be work."""
        self._bell.ring()

    def stop(self) -> None:
        """Start nothing more. What runs goes on."""
        self._bell.set()
        self._thread.join(PATIENCE_SECONDS)
