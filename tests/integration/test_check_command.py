"""``pipeline check``: a folder of files, looked at as the pipeline looks at an app."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.fakes import forkserver
from tests.integration.browser_rig import needs_browser

CHECKS = ["js: document.title === 'Sales'", "LICENSE exists", {"js": "document.body.id === 'none'"}]
BRIEF = {"email": "a@b.example", "task": "t", "round": 1, "nonce": "n", "brief": "Sell."}
SECRET = "a-secret-for-this-test-alone"
PAGE = "<!doctype html><html lang=en><title>Sales</title><h1>Sales</h1></html>"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (tmp_path / "brief.json").write_text(json.dumps(BRIEF | {"checks": CHECKS}))
    (tmp_path / "checks.json").write_text(json.dumps(CHECKS))
    (tmp_path / "wrong.json").write_text('["js: 1", 2]')
    return folder


def run(app: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return forkserver.run(["check", str(app), *arguments], os.environ | environment, app.parent)


@needs_browser
@pytest.mark.parametrize("given", [("--brief", "brief.json"), ("--checks", "checks.json")])
def test_verdicts_and_findings_are_told_and_only_strict_ends_with_1(app: Path, given: tuple[str, str]) -> None:
    done = run(app, *given, "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert [check["verdict"] for check in document["checks"]] == ["pass", "fail", "fail"]
    assert "no-viewport" in {finding["rule"] for finding in document["findings"]}
    assert not document["ok"]
    strict = run(app, *given, "--strict")
    assert strict.returncode == 1
    assert "3 checks: 1 pass, 2 fail" in strict.stdout


def test_without_checks_the_files_alone_are_looked_at(app: Path) -> None:
    done = run(app, "--strict")
    assert done.returncode == 0
    assert "there is no LICENSE in the root" in done.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--checks", "wrong.json"], "checks[1]"),
        (["--checks", "none.json"], "cannot be read"),
        (["--brief", "brief.json", "--checks", "checks.json"], "give one of the two"),
        (["--brief", "brief.json", "--round", "2"], "no round 2"),
    ],
)
def test_what_cannot_be_read_is_named(app: Path, given: list[str], told: str) -> None:
    done = run(app, *given)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_secret_in_the_folder_is_told_as_before_publishing(app: Path) -> None:
    (app / "app.js").write_text(f'const key = "{SECRET}"')
    done = run(app, DEPLOY_SECRET=SECRET)
    assert done.returncode == 1
    assert "app.js" in done.stderr
