"""Verification by reading and by looking: files are parsed, and the app is opened in a sealed browser."""

import re
from dataclasses import replace

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome, Verdict, Verification, merge_verdicts
from pipeline.ports import Verifier
from pipeline.verification.browser.sealed_browser import BrowserFailed, SealedBrowser

NO_BROWSER = "no browser was there to run it: install chromium-headless-shell and playwright, or set CHROMIUM"
NEEDS_SERVER = "the app is a program: its page exists only while that runs, and generated programs are not run here"

_SERVED_BY_PROGRAM = re.compile(
    r"\A---\n(?:.*\n)*?sdk:\s*[\"']?(?:docker|gradio|streamlit)\b(?:.*\n)*?---", re.IGNORECASE
)


class BrowserVerifier:
    """The Verifier port: what reading leaves open, and every page script, is decided in the browser.

    Args:
        static: judges without a browser.
        browser: None = there is none, and verdicts say so.
    """

    def __init__(self, static: Verifier, browser: SealedBrowser | None) -> None:
        self._static = static
        self._browser = browser

    async def verify(self, files: AppFiles, brief: Brief, address: str) -> Verification:
        """Read ``files`` and open them as if they were served at ``address``, which ends with a slash."""
        read = await self._static.verify(files, brief, address)
        if self._browser is None:
            return _with_reason(read, NO_BROWSER)
        if _needs_server(files):
            return _with_reason(read, NEEDS_SERVER)
        open_checks = [
            verdict.check
            for verdict in read.verdicts
            if verdict.check.script is not None or verdict.outcome is Outcome.NOT_VERIFIABLE
        ]
        try:
            look = await self._browser.look(files, list(dict.fromkeys(open_checks)), address)
        except BrowserFailed as error:
            return _with_reason(read, f"the browser failed: {error}")
        return Verification(
            merge_verdicts(brief.checks, look.verdicts, read.verdicts),
            (*read.findings, *look.findings),
            look.console,
            picture=look.screenshot,
            text=look.text,
        )


def _with_reason(read: Verification, reason: str) -> Verification:
    """Tell for each undecided page script why it was not run."""
    verdicts = tuple(
        replace(verdict, evidence=reason) if _is_undecided_script(verdict) else verdict for verdict in read.verdicts
    )
    return replace(read, verdicts=verdicts)


def _is_undecided_script(verdict: Verdict) -> bool:
    return verdict.check.script is not None and verdict.outcome is Outcome.NOT_VERIFIABLE


def _needs_server(files: AppFiles) -> bool:
    """Whether visitors are served by a program of the app: it has no page, or its Space card says so."""
    if "index.html" not in files:
        return "app.py" in files or "Dockerfile" in files
    return _SERVED_BY_PROGRAM.match((files.text("README.md") or "")[:5000]) is not None
