"""``pipeline evaluate`` against a service that is right, and with one fault each."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fakes import forkserver
from tests.fakes.faulty_service import Fault, FaultyService
from tests.integration.browser_rig import needs_browser

pytestmark = needs_browser

SECRET = "a-secret-of-this-test"
SCRIPTS = {"js: document.title === 'Hello'", "js: document.querySelector('#size').textContent === '3'"}
ANSWER, CALLBACK = "answered 200", "callback"
FIELDS, ONCE = "callback has exactly the seven fields, with the right echo", "told once"
HEAD, SECRETS, PAGE = "commit_sha is the head", "no secret in the history", "page answers 200 and is this commit's"
READ, NEW, SAME = "repository can be read", "repository is new", "repository is that of round 1"
FAULTS = {
    Fault.HANGS: ({ANSWER, CALLBACK}, "no answer within 5 seconds"),
    Fault.HTML: ({ANSWER, CALLBACK}, "a JSON object, came HTTP 200: <!doctype html>"),
    Fault.REDIRECTS: ({ANSWER}, "expected HTTP 200 with a JSON object, came HTTP 307"),
    Fault.TWICE: ({ONCE}, "2 callbacks came: after the first was answered with 200"),
    Fault.FIELDS: ({FIELDS, PAGE}, "missing: pages_url; not asked for: secret; round: expected 1, came '1'"),
    Fault.SILENT: ({CALLBACK}, "expected a POST to evaluation_url, none came"),
    Fault.IMPATIENT: ({CALLBACK}, "before the service had answered the request and got 400"),
    Fault.NO_PAGE: ({PAGE}, "expected HTTP 200 at pages_url, came: HTTP 404"),
    Fault.OLD_PAGE: ({PAGE}, "came another page"),
    Fault.NO_LICENCE: ({"LICENSE is MIT"}, "there is no LICENSE in the root"),
    Fault.NOT_HEAD: ({HEAD}, "which is in the history"),
    Fault.SECRET: ({SECRETS}, r"notes/key.txt of commit [0-9a-f]+ holds a GitHub token"),
    Fault.NO_REPOSITORY: ({READ}, r"there is none with a commit at http\S+-gone"),
    Fault.OTHER_REPOSITORY: ({SAME}, r"expected http\S+, came http"),
    Fault.OLD_REPOSITORY: ({NEW}, "its first commit is of 2020-01-01"),
}


def collection(fault: Fault) -> dict[str, Any]:
    """The rounds of a brief that bring out ``fault``."""
    checks = [*sorted(SCRIPTS), 'index.html contains "greeting"', "The page is friendly"]
    first = {"email": "ada@example.com", "task": "hello", "round": 1, "nonce": "n-1", "checks": checks}
    second = {"round": 2, "checks": [{"js": "document.querySelector('#greeting').textContent.endsWith('2')"}]}
    rounds = [first, first | second] if fault in {Fault.NONE, Fault.OTHER_REPOSITORY, Fault.NO_LICENCE} else [first]
    first, *later = [request | {"brief": f"{fault}: {number}"} for number, request in enumerate(rounds, 1)]
    return {"round1": first, "round2": later}


@contextmanager
def prepared(folder: Path, *faults: Fault) -> Iterator[FaultyService]:
    """A service, and the briefs for it in the folder ``briefs``."""
    (folder / "repositories").mkdir()
    (folder / "briefs").mkdir()
    for fault in faults:
        (folder / "briefs" / f"{fault.name.lower()}.json").write_text(json.dumps(collection(fault)))
    with FaultyService(folder / "repositories") as service:
        yield service


def evaluate(
    folder: Path, service: FaultyService, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return forkserver.run(
        ["evaluate", "briefs", "--endpoint", service.origin, "--page-timeout", "0", *arguments],
        forkserver.INHERITED | {"DEPLOY_SECRET": SECRET, "COLUMNS": "160"} | environment,
        folder,
        timeout=300,
    )


@dataclass(frozen=True)
class Played:
    """All faults at once, against one service."""

    ended: "subprocess.CompletedProcess[str]"
    requests: list[dict[str, Any]]

    def rounds(self, fault: Fault) -> list[dict[str, Any]]:
        return [r for r in json.loads(self.ended.stdout)["rounds"] if r["brief"] == fault.name.lower()]

    def points(self, fault: Fault, outcome: str) -> list[tuple[str, str]]:
        every = [point for played in self.rounds(fault) for point in played["points"]]
        return [(point["name"], point["evidence"]) for point in every if point["outcome"] == outcome]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("played")
    with prepared(folder, *Fault) as service:
        seconds = ("--timeout", "25", "--answer-timeout", "5")
        ended = evaluate(folder, service, *seconds, "--concurrency", str(len(Fault)), "--json")
        return Played(ended, service.requests)


def names(points: Sequence[tuple[str, str]]) -> set[str]:
    return {re.sub(r" within \d+ s", "", name) for name, _ in points}


def test_a_right_service_gets_every_point_that_can_be_decided(played: Played) -> None:
    first, second = played.rounds(Fault.NONE)
    assert played.points(Fault.NONE, "fail") == []
    assert names(played.points(Fault.NONE, "not decided")) == {"The page is friendly"}
    assert (first["won"], second["won"]) == (11 + 3, 11 + 1)
    assert first["repo_url"] == second["repo_url"]
    assert first["nonce"] != second["nonce"]
    assert {task["task"][:-5] for task in (first, second)} == {"hello-"}
    assert first["task"] != second["task"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_nothing_else(fault: Fault, played: Played) -> None:
    lost, words = FAULTS[fault]
    failed = played.points(fault, "fail")
    assert names(failed) - SCRIPTS == lost
    assert any(re.search(words, evidence) for _, evidence in failed), failed
    assert played.ended.returncode == 1


@pytest.mark.parametrize(("fault", "outcome"), [(Fault.NO_PAGE, "fail"), (Fault.SILENT, "not decided")])
def test_scripts_fail_without_a_page_and_are_open_without_its_address(
    fault: Fault, outcome: str, played: Played
) -> None:
    assert names(played.points(fault, outcome)) >= SCRIPTS


def test_the_secret_goes_to_the_service_alone(played: Played) -> None:
    assert {request["secret"] for request in played.requests} == {SECRET}
    assert SECRET not in played.ended.stdout + played.ended.stderr


def test_people_get_tables_a_page_and_a_file_for_ci(tmp_path: Path) -> None:
    with prepared(tmp_path, Fault.NO_LICENCE) as service:
        files = ("--report", "score.html", "--junit", "score.xml")
        chosen = ("--sent-by", "PLAIN", "--email", "bob@example.com", "--secret-env", "OTHER")
        ended = evaluate(tmp_path, service, *files, *chosen, OTHER="another")
        sent = {(request["task"], request["email"], request["secret"]) for request in service.requests}
    assert ended.returncode == 1
    assert sent == {("hello", "bob@example.com", "another")}
    assert "no_licence, round 1: 13 of 14 points, 1 not decided" in ended.stdout
    assert "✘ no_licence, round 2: LICENSE is MIT" in ended.stdout
    page = (tmp_path / "score.html").read_text()
    assert page.count('src="data:image/png;base64,') == 2
    assert not re.search(r"<script|src=\"http|href=\"(?!http|#)", page)
    suites = ET.fromstring((tmp_path / "score.xml").read_text()).findall("testsuite")  # noqa: S314 - our own
    assert [(suite.get("failures"), suite.get("skipped")) for suite in suites] == [("1", "1"), ("1", "0")]


def test_what_cannot_be_played_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with prepared(tmp_path, Fault.NONE) as service:
        assert evaluate(tmp_path, service, DEPLOY_SECRET="").returncode == 3
        assert evaluate(tmp_path, service, "--report", "no/such/folder.html").returncode == 2
        assert evaluate(tmp_path, service, "--endpoint", "ftp://here").returncode == 2
        assert evaluate(tmp_path, service, "missing.json").returncode == 2
        assert evaluate(tmp_path, service, "--callback-port", str(service.port)).returncode == 3
        assert service.requests == []
