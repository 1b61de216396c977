"""How Chromium is started: with its own sandbox where the system lets it have one. And why it did not start."""

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

SandboxMode = Literal["auto", "on", "off"]

MOST_OF_A_REASON = 4000

# What Chromium says when the system refuses the namespaces that its sandbox is made of (content/browser/zygote_host,
# sandbox/linux/suid/client, sandbox/linux/services). Release builds that find out too late only trap.
_NO_SANDBOX = re.compile(
    "No usable sandbox|SUID sandbox helper binary|setuid sandbox is not running as root|"
    "Failed to move to new namespace|Trace/breakpoint trap|signal=SIGTRAP"
)
_SAID = re.compile(r"\[pid=\d+\]\[(?:err|out)\] (.*\S)")
_ENDED = re.compile(r"<process did exit: exitCode=(?:(\d+)|null), signal=(?:(\w+)|null)>")

_WITHOUT = (
    "The browser runs without a sandbox of its own: this system refuses it the namespaces for one, as containers do by "
    "default. That is acceptable here, because pages are opened without a network, without anything of our "
    "environment, and by an ordinary user; a container around it all is a sandbox itself. To have the browser's own, "
    "allow user namespaces (in a container by another seccomp profile), and set CHROMIUM_SANDBOX=on to insist on it; "
    "CHROMIUM_SANDBOX=off goes without and says nothing."
)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Launcher:
    """Starts browsers, and tells of them. In the mode ``auto``, the first that starts decides for all."""

    executable: Path
    mode: SandboxMode = "auto"
    sandbox: bool | None = None  # whether they have one; None until one was started
    version: str | None = None

    async def launch(self, playwright: "Playwright", **options: Any) -> "Browser":
        """Start one with Playwright's ``options``. Raises Playwright's Error, which ``reason`` puts into words."""
        from playwright.async_api import Error

        wanted = self._wants_sandbox()
        start = playwright.chromium.launch
        try:
            browser = await start(executable_path=self.executable, chromium_sandbox=wanted, **options)
        except Error as error:
            if self.mode != "auto" or not wanted or self.sandbox or not _NO_SANDBOX.search(str(error)):
                raise
            wanted = False
            browser = await start(executable_path=self.executable, chromium_sandbox=wanted, **options)
            if self.sandbox is None:
                _log.warning(_WITHOUT, extra={"browser_said": reason(error)})
        self.sandbox, self.version = wanted, browser.version
        return browser

    def _wants_sandbox(self) -> bool:
        if self.mode == "auto":
            return os.geteuid() != 0 if self.sandbox is None else self.sandbox  # Chromium has none for root
        return self.mode == "on"


def reason(error: Exception) -> str:
    """What the browser itself said, and how it ended; without that, the first line of ``error``."""
    text = str(error)
    first = (text.strip().splitlines() or [type(error).__name__])[0].removeprefix("BrowserType.launch: ")
    if ended := _ENDED.search(text):
        code, signal = ended.groups()
        first = f"it ended with exit code {code}" if code else f"it was ended by {signal}"
    return "; ".join([*dict.fromkeys(_SAID.findall(text)), first])[-MOST_OF_A_REASON:]
