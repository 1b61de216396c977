"""The processes of a browser that is at work, for tests that do to them what the system may do."""

import subprocess
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.forkserver import PATIENCE

SLOW_CHECK = "/* within 15 seconds */ new Promise(done => setTimeout(done, 5000, true))"
"""Holds on any page, after a while: time enough to do something to the browser."""


@dataclass(frozen=True)
class Processes:
    """Ids of the processes of one browser: Playwright's driver, the browser proper, its pages, and these with the rest.

    ``session`` is that of all but the driver.
    """

    session: int
    driver: set[int]
    browser: set[int]
    pages: set[int]
    all: set[int]


def open_page(ancestor: int, besides: Collection[int] = ()) -> Processes:
    """Wait for a page in a browser that ``ancestor`` has started, in a session that is none of ``besides``."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        command = ["ps", "-eo", "pid=,ppid=,sid=,stat=,args=", "ww"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        told = {int(pid): (int(parent), int(session), what) for pid, parent, session, *what in map(str.split, lines)}
        family = {ancestor}
        while more := {pid for pid, (parent, *_) in told.items() if parent in family} - family:
            family |= more
        pages = {pid for pid in family if "--type=renderer" in told[pid][2]}
        for session in {told[pid][1] for pid in pages}.difference(besides):
            members = {pid for pid, (_, own, what) in told.items() if own == session and what[0] != "Z"}
            browser = {pid for pid in members if not any(word.startswith("--type=") for word in told[pid][2])}
            driver = {told[session][0]}
            return Processes(session, driver, browser, pages & members, members | driver)
        time.sleep(0.05)
    raise AssertionError("no page was opened")


def all_ended(pids: Collection[int]) -> bool:
    """Whether they end within some time."""
    ends = time.monotonic() + PATIENCE
    while (left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) and time.monotonic() < ends:
        time.sleep(0.05)
    return not left
