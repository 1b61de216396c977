"""What is seen of an app while its pages are open."""

import asyncio
import re
from dataclasses import dataclass, field

from playwright.async_api import ConsoleMessage, Error

from pipeline.domain.brief import Check
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.browser.checks import Answer
from pipeline.verification.browser.network import MOST_OF_A_KIND, SealedNetwork
from pipeline.verification.problems import shown

MOST_CONSOLE_LINES = 50
MOST_LINE = 300  # characters

_NEVER_RUNS = re.compile(
    r"Failed to load module script|Refused to execute script|Failed to find a valid digest|SyntaxError\b"
    r"|Failed to resolve module specifier|require is not defined"
)
"""What browsers say of a script that runs nowhere, whatever can be reached."""

_REFUSED = re.compile(r"Not(?:Allowed|Supported)Error|AbortError")
"""What browsers say when a visitor has not allowed something: a sealed one asks nobody."""

_NO_WORKER = "Service Worker registration blocked"  # so says Playwright, in the page's console
_WHERE = re.compile(r"(https?://[^\s()]+?):(\d+):\d+")


@dataclass
class PageRecord:
    """What an app's pages say: console lines, findings, answers of checks, a crash, picture and text."""

    network: SealedNetwork
    ids: frozenset[str] = frozenset()  # of elements that checks name
    console: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    answers: dict[Check, Answer] = field(default_factory=dict)
    crash: asyncio.Event = field(default_factory=asyncio.Event)
    screenshot: bytes | None = None
    text: str = ""

    @property
    def is_flooded(self) -> bool:
        """Whether no more of the console is kept."""
        return len(self.console) >= MOST_CONSOLE_LINES

    @property
    def errors(self) -> list[str]:
        """What a console shows in red: errors, exceptions, and files of the app that are not there."""
        missing = [found.message for found in self.network.findings if found.rule == "missing-file"]
        return [line for line in self.console if line.startswith(("error: ", "uncaught: "))] + missing

    def console_line(self, message: ConsoleMessage) -> None:
        """Keep one line that a page wrote; errors are findings as well."""
        if self.is_flooded:
            if message.page:  # a flood: Playwright's process keeps back what nobody listens to
                message.page.remove_listener("console", self.console_line)
            return
        if message.text.startswith("Failed to load resource"):
            return  # requests that failed are recorded with their reasons
        if message.text.startswith(_NO_WORKER):
            self.network.lack("a service worker", "worker")
            return
        text = shown(message.text, MOST_LINE)
        self.console.append(f"{message.type}: {text}")
        if message.type == "error":
            url, line = str(message.location["url"]), int(message.location["lineNumber"]) + 1
            if _NEVER_RUNS.match(text):
                self._find(Severity.ERROR, "script-cannot-run", text, url, line)
            else:
                self._find(Severity.WARNING, "console-error", text, url, line)

    def page_error(self, error: Error) -> None:
        """Keep an exception that nobody caught. Without the network it needs, a page is not to blame for it."""
        text = shown(f"{error.name}: {error.message}" if error.name else error.message, MOST_LINE)
        if not self.is_flooded:
            self.console.append(f"uncaught: {text}")
        where = _WHERE.search(error.stack or "")
        url, line = (where[1], int(where[2])) if where else ("", 0)
        if _NEVER_RUNS.search(text):
            self._find(Severity.ERROR, "script-cannot-run", text, url, line)
            return
        is_excused = "content" in self.network.lacking_parts or _REFUSED.match(text)
        self._find(Severity.WARNING if is_excused else Severity.ERROR, "page-error", text, url, line)

    def _find(self, severity: Severity, rule: str, text: str, url: str, line: int) -> None:
        path = self.network.app.target(url, "") if url else None
        finding = Finding(severity, rule, text, path, line if path and line else None)
        if finding not in self.findings and sum(known.rule == rule for known in self.findings) < MOST_OF_A_KIND:
            self.findings.append(finding)
