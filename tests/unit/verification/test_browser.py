"""The browser: which one is used, what is asked in it, and how scripts are run."""

import asyncio
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.brief import Check
from pipeline.domain.errors import Misconfigured
from pipeline.verification.browser import sealed_browser as browser
from pipeline.verification.browser.checks import NO_TURN, run_scripts, seconds_for
from pipeline.verification.browser.sealed_browser import find_browser
from tests.cases import cases

CASES = cases("browser-questions")


class Page:
    """A page that answers ``Runtime.evaluate``: each script's name leads to what it does."""

    def __init__(self, **scripts: Callable[[], Any]) -> None:
        self.run: list[str] = []
        self._scripts = scripts

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        assert method == "Runtime.evaluate"
        assert params
        expression = str(params["expression"])
        if expression.startswith("void"):
            return {"result": {"type": "undefined"}}
        name = next(name for name in self._scripts if name in expression)
        self.run.append(name)
        value = self._scripts[name]()
        if isinstance(value, float):
            await asyncio.sleep(value)
            value = True
        return {"result": {"value": [bool(value), str(value)]}}


async def test_scripts_run_once_in_order_when_they_hold() -> None:
    page = Page(first=lambda: 1, second=lambda: 2, third=lambda: 3)
    answers = await run_scripts(page, ["first", "second", "third"], 1)
    assert page.run == ["first", "second", "third"]
    assert [answer.holds for answer in answers] == [True, True, True]


async def test_only_scripts_that_did_not_hold_are_run_again() -> None:
    results = iter([0, 0, 1])
    page = Page(click=lambda: 1, late=lambda: next(results))
    answers = await run_scripts(page, ["click", "late"], 5)
    assert page.run == ["click", "late", "late", "late"]
    assert answers[1].evidence == "its value is 1"


async def test_a_script_that_does_not_answer_goes_on_beside_the_others() -> None:
    page = Page(slow=lambda: 1.3, quick=lambda: 1)
    answers = await run_scripts(page, ["slow", "quick"], 5)
    assert [answer.holds for answer in answers] == [True, True]
    assert page.run == ["slow", "quick"]


async def test_a_script_is_begun_once_those_before_it_hold() -> None:
    results = iter([0, 0, 1])
    page = Page(late=lambda: next(results), click=lambda: 1)
    answers = await run_scripts(page, ["late", "click"], 5)
    assert page.run == ["late", "late", "late", "click"]
    assert not answers[0].is_late


async def test_what_holds_only_after_a_later_script_is_marked_as_such() -> None:
    clicked: list[int] = []

    def click() -> bool:
        clicked.append(1)
        return True

    page = Page(count=lambda: len(clicked), click=click)
    answers = await run_scripts(page, ["count", "click"], 2)
    assert [answer.holds for answer in answers] == [True, True]
    assert [answer.is_late for answer in answers] == [True, False]


async def test_the_last_answer_stays_when_time_ends_during_the_next_run() -> None:
    results = iter([0, 60.0])
    page = Page(asked=lambda: next(results))
    (answer,) = await run_scripts(page, ["asked"], 1)
    assert answer.evidence == "its value is 0"


async def test_time_ends_for_all() -> None:
    page = Page(never=lambda: 60.0, also=lambda: 60.0, last=lambda: 1)
    answers = await run_scripts(page, ["never", "also", "last"], 1.5)
    assert [answer.holds for answer in answers] == [False, False, None]
    assert answers[2] == NO_TURN


async def test_a_page_that_answers_nonsense_does_not_pass() -> None:
    class Liar:
        async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:  # noqa: ARG002
            return {"result": {"value": {"yes": True}}}

    assert (await run_scripts(Liar(), ["x"], 0.3))[0].holds is False


@pytest.mark.parametrize(("text", "expected"), CASES["seconds"])
def test_the_time_for_checks_is_what_they_ask_for_within_bounds(text: str, expected: float) -> None:
    assert seconds_for([Check.from_text("js: 1"), Check.from_text(text)]) == expected


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
