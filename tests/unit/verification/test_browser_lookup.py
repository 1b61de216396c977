import importlib.util
from pathlib import Path

import pytest

from pipeline.domain.errors import Misconfigured
from pipeline.verification.browser import sealed_browser as browser
from pipeline.verification.browser.sealed_browser import find_browser


@pytest.fixture(autouse=True)
def _no_browser_of_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_PLAYWRIGHT_FOLDERS", ())


def install(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def test_none_switches_the_browser_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser("none") is None
    assert find_browser("None") is None


def test_the_setting_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "chromium", "mine")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser(str(tmp_path / "mine")) == tmp_path / "mine"


def test_a_setting_that_names_no_program_is_an_error_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="CHROMIUM") as raised:
        find_browser(str(tmp_path / "none-there"))
    assert "none-there" not in str(raised.value)


def test_programs_are_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser(None) is None
    for name in ("google-chrome", "chromium-browser", "chromium", "chromium-headless-shell"):
        install(tmp_path, name)
        assert find_browser(None) == tmp_path / name


def test_the_browser_that_playwright_installed_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(browser, "_PLAYWRIGHT_FOLDERS", (str(tmp_path / "cache"),))
    install(tmp_path / "cache" / "chromium-1200" / "chrome-linux", "chrome")
    assert find_browser(None) == tmp_path / "cache/chromium-1200/chrome-linux/chrome"
    install(tmp_path / "bin", "chromium")
    assert find_browser(None) == tmp_path / "bin" / "chromium"


def test_without_playwright_there_is_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # noqa: ARG005 - as if it were not installed
    assert find_browser(None) is None
    with pytest.raises(Misconfigured, match="playwright"):
        find_browser("chromium")
