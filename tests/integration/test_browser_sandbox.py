"""Chromium's own sandbox: used where the system has one for it, done without in a container."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.verification.browser.launching import MOST_OF_A_REASON, SandboxMode, reason
from pipeline.verification.browser.sealed_browser import BrowserFailed, SealedBrowser
from tests.integration.browser_rig import BROWSER, RIGHT, look, outcomes

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine")

LIKE_DOCKER = [sys.executable, str(Path(__file__).parents[2] / ".ci/like_docker.py"), "1000"]


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def browser_of_user(folder: Path, monkeypatch: pytest.MonkeyPatch, become: list[str]) -> Path:
    """The browser as an ordinary user, by way of ``become``, for a service that takes itself for that user's."""
    if subprocess.run([*become, "true"], check=False, capture_output=True).returncode:
        pytest.skip(f"{become[0]} cannot do that here")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    own = 'for arg; do case $arg in --user-data-dir=*) chown 1000 "${arg#*=}" "$HOME" ;; esac; done'
    return program(folder / "browser", f'{own if os.getuid() == 0 else ""}\nexec {" ".join(become)} {BROWSER} "$@"')


@pytest.fixture
def in_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that may make no namespaces."""
    return browser_of_user(tmp_path, monkeypatch, LIKE_DOCKER)


async def test_without_a_usable_sandbox_the_browser_does_without_and_says_so_once(
    in_a_container: Path, caplog: pytest.LogCaptureFixture
) -> None:
    browser = SealedBrowser(in_a_container)
    assert (browser.version, browser.has_sandbox) == (None, None)
    for _ in range(2):  # the second in another browser
        assert outcomes(await look(browser, RIGHT, "document.title === 'Sales ünï'")) == ["pass"]
        await browser.close()
    assert browser.version
    assert browser.has_sandbox is False
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "CHROMIUM_SANDBOX=on" in warning.message
    assert "No usable sandbox" in vars(warning)["browser_said"]


async def test_who_insists_on_a_sandbox_reads_why_there_is_none(in_a_container: Path) -> None:
    browser = SealedBrowser(in_a_container, sandbox="on")
    with pytest.raises(BrowserFailed, match=r"No usable sandbox!.*exit code 1"):
        await look(browser, RIGHT)
    await browser.close()
    assert browser.has_sandbox is None


async def test_who_wants_no_sandbox_is_not_warned(in_a_container: Path, caplog: pytest.LogCaptureFixture) -> None:
    browser = SealedBrowser(in_a_container, sandbox="off")
    assert outcomes(await look(browser, RIGHT, "true")) == ["pass"]
    await browser.close()
    assert browser.has_sandbox is False
    assert caplog.records == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root is refused a sandbox by Chromium itself")
@pytest.mark.parametrize(("mode", "starts"), [("auto", True), ("off", True), ("on", False)])
async def test_root_has_no_sandbox(mode: SandboxMode, *, starts: bool) -> None:
    assert BROWSER
    browser = SealedBrowser(BROWSER, sandbox=mode)
    if starts:
        assert outcomes(await look(browser, RIGHT, "true")) == ["pass"]
    else:
        with pytest.raises(BrowserFailed, match="as root"):
            await look(browser, RIGHT)
    await browser.close()
    assert browser.has_sandbox is (False if starts else None)


async def test_an_ordinary_user_has_the_sandbox_where_the_system_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"] if os.getuid() == 0 else ["env"]
    browser_of_user(tmp_path, monkeypatch, [*become, "unshare", "--user"])  # or this system refuses everybody
    browser = SealedBrowser(browser_of_user(tmp_path, monkeypatch, become), sandbox="on")
    assert outcomes(await look(browser, RIGHT, "true")) == ["pass"]
    await browser.close()
    assert browser.has_sandbox is True


async def test_a_browser_without_its_libraries_says_which(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = "browser: error while loading shared libraries: libnss3.so: cannot open shared object file"
    browser = SealedBrowser(program(tmp_path / "browser", f"echo '{said}' >&2\nexit 127"))
    with pytest.raises(BrowserFailed, match=f"did not start: {said}; it ended with exit code 127"):
        await look(browser, RIGHT)
    await browser.close()
    assert caplog.records == []


def test_a_reason_is_what_the_browser_said_and_how_it_ended_once() -> None:
    line = "[pid=7][err] FATAL: out of luck"
    log = f"BrowserType.launch: closed\nBrowser logs:\n<launching> x\n{line}\nCall log:\n  - {line}\n  - "
    assert reason(Exception(f"{log}[pid=7] <process did exit: exitCode=null, signal=SIGTRAP>")) == (
        "FATAL: out of luck; it was ended by SIGTRAP"
    )
    assert reason(Exception(f"BrowserType.launch: Timeout 20000ms exceeded.\n{line}")) == (
        "FATAL: out of luck; Timeout 20000ms exceeded."
    )
    assert reason(TimeoutError()) == "TimeoutError"
    endless = "\n".join(f"[pid=7][err] {number} {'x' * 99}" for number in range(999))
    assert len(reason(Exception(endless))) == MOST_OF_A_REASON
    assert "998 xxx" in reason(Exception(endless))
