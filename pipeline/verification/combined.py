"""Verification by reading and by looking: files are parsed, and the app is opened in a sealed browser."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.domain.acceptance import AcceptanceTest
from pipeline.domain.brief import Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import NO_BROWSER, Outcome, Trial, Verdict, Verification, merge_verdicts
from pipeline.ports import Verifier
from pipeline.verification.browser.sealed_browser import BrowserFailed, SealedBrowser
from pipeline.verification.inspection import needs_server

NEEDS_SERVER = "the app is a program: its page exists only while that runs, and generated programs are not run here"

_EMPTY = AppFiles({"index.html": b"<!doctype html><title></title>", "README.md": b"# \n"})
"""An app about which sentences of known forms are decided, one way or the other."""


class BrowserVerifier:
    """The Verifier port: what reading leaves open, and every page script, is decided in the browser.

    Without a browser, verdicts say so.
    """

    def __init__(self, static: Verifier, browser: SealedBrowser | None) -> None:
        self._static = static
        self._browser = browser

    async def verify(self, files: AppFiles, brief: Brief, address: str, earlier: Sequence[Check] = ()) -> Verification:
        """Read ``files`` and open them as if they were served at ``address``, which ends with a slash."""
        read = await self._static.verify(files, brief, address, earlier)
        if self._browser is None:
            return _with_reason(read, NO_BROWSER)
        if not self._browser.is_live and needs_server(files):
            return _with_reason(read, NEEDS_SERVER)
        asked, before = _asked(read.verdicts, read), _asked(read.earlier, read)
        try:
            look = await self._browser.look(files, list(asked), address, list(before))
        except BrowserFailed as error:
            return _with_reason(read, f"the browser failed: {error}")
        return replace(
            look,
            verdicts=merge_verdicts(brief.checks, _answered(look.verdicts, asked), read.verdicts),
            findings=(*read.findings, *look.findings),
            earlier=merge_verdicts(earlier, _answered(look.earlier, before), read.earlier),
        )


class BrowserTester:
    """The Tester port."""

    def __init__(self, static: Verifier, browser: SealedBrowser) -> None:
        self._static = static
        self._browser = browser

    async def left_open(self, brief: Brief) -> bool:
        """Whether there are checks in prose that are of no form which reading or looking decides."""
        read = await self._static.verify(_EMPTY, brief, "https://app.invalid/")
        left_open = [v.check for v in read.verdicts if v.outcome is Outcome.NOT_VERIFIABLE]
        return any(check.script is None and check not in read.questions for check in left_open)

    async def try_out(self, files: AppFiles, address: str, tests: Sequence[AcceptanceTest]) -> tuple[Trial, ...]:
        """Each of ``tests`` in turn; none of them where the app is a program, or the browser fails."""
        try:
            if not tests or needs_server(files):
                return ()
            return await self._browser.play(files, address, tests)
        except BrowserFailed as error:
            return tuple(Trial(test, Outcome.NOT_VERIFIABLE, f"the browser failed: {error}") for test in tests)


def _asked(verdicts: Sequence[Verdict], read: Verification) -> dict[Check, Check]:
    """What is asked in the page, and of which check: page scripts, and what reading has put as one."""
    left_open = [v.check for v in verdicts if v.outcome is Outcome.NOT_VERIFIABLE]
    return {read.questions.get(c, c): c for c in left_open if c.script is not None or c in read.questions}


def _answered(verdicts: Sequence[Verdict], asked: Mapping[Check, Check]) -> list[Verdict]:
    return [replace(verdict, check=asked[verdict.check]) for verdict in verdicts]


def _with_reason(read: Verification, reason: str) -> Verification:
    """Tell for each page script, and what would be asked as one, why it was not run."""
    verdicts = tuple(
        replace(v, evidence=reason) if v.check.script is not None or v.check in read.questions else v
        for v in read.verdicts
    )
    return replace(read, verdicts=verdicts)
