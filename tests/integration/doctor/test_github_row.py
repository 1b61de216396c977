from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.github import Answer, Drop, FakeGitHub, Fault, Hang
from tests.fakes.github.faults import primary_limit
from tests.integration.doctor.rig import row


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path, organizations=("the-lab",)) as server:
        yield server


async def look(github: FakeGitHub, seconds: float = 30.0, **settings: Any) -> dict[str, str]:
    found = await row("github", seconds=seconds, github_token=github.token, github_api_url=github.api_url, **settings)
    assert github.token not in str(found)
    assert github.repositories() == []
    return found


def scopes(github: FakeGitHub, told: str) -> None:
    headers = {"X-OAuth-Scopes": told, "X-RateLimit-Remaining": "4321", "X-RateLimit-Limit": "5000"}
    github.add_fault(Fault(kind="api", path="/user$", answer=Answer(200, {"login": "octocat"}, headers)))


async def test_a_classic_token_tells_its_user_scopes_and_limit(github: FakeGitHub) -> None:
    scopes(github, "gist, repo, workflow")
    found = await look(github)
    assert found["verdict"] == "ok"
    assert "octocat, scopes gist, repo, workflow; 4321 of 5000 requests left" in found["found"]
    assert found["mend"] == ""


@pytest.mark.parametrize("told", ["", "gist, read:org"])
async def test_a_classic_token_without_the_scope_for_repositories_does_not_work(github: FakeGitHub, told: str) -> None:
    scopes(github, told)
    found = await look(github)
    assert (found["verdict"], "scopes repo and workflow" in found["mend"]) == ("failed", True)


async def test_a_classic_token_without_the_scope_for_workflows_is_warned_of(github: FakeGitHub) -> None:
    scopes(github, "repo")
    found = await look(github)
    assert (found["verdict"], "workflow" in found["found"]) == ("warning", True)


async def test_a_fine_grained_token_is_tried_without_creating_anything(github: FakeGitHub) -> None:
    github.settings.permissions = {"administration=write"}
    assert (await look(github))["verdict"] == "ok"
    github.settings.permissions = {"contents=write"}
    found = await look(github)
    assert (found["verdict"], "Administration" in found["mend"]) == ("failed", True)


async def test_an_organisation_must_let_the_token_create_repositories(github: FakeGitHub) -> None:
    found = await look(github, github_owner="the-lab")
    assert (found["verdict"], "for the-lab" in found["found"]) == ("ok", True)
    found = await look(github, github_owner="strangers")
    assert (found["verdict"], "GITHUB_OWNER" in found["mend"]) == ("failed", True)


async def test_few_requests_left_are_warned_of(github: FakeGitHub) -> None:
    headers = {"X-RateLimit-Remaining": "12", "X-OAuth-Scopes": "repo, workflow"}
    github.add_fault(Fault(kind="api", path="/user$", answer=Answer(200, {"login": "octocat"}, headers)))
    assert (await look(github))["verdict"] == "warning"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401, {"message": "Bad credentials"}), "does not accept the token"),
        (primary_limit(), "limit of requests is used up"),
        (Answer(502, {"message": "Server Error"}), "502"),
        (Answer(200, {"unlike": "GitHub"}), "no answer from GitHub that makes sense"),
        (Drop(), "no answer from GitHub that makes sense"),
    ],
)
async def test_a_refusal_or_no_answer_is_told_in_words(github: FakeGitHub, answer: Any, words: str) -> None:
    github.add_fault(Fault(kind="api", path="/user$", answer=answer))
    found = await look(github)
    assert (found["verdict"], words in found["found"], found["mend"] != "") == ("failed", True, True)


async def test_a_host_that_is_silent_is_given_up_after_the_rows_time(github: FakeGitHub) -> None:
    github.add_fault(Fault(kind="api", times=None, answer=Hang(60)))
    found = await look(github, seconds=0.2)
    assert (found["verdict"], found["found"]) == ("failed", "no answer within 0.2 s")


async def test_without_a_token_it_is_not_configured_and_says_where_one_comes_from() -> None:
    found = await row("github")
    assert (found["verdict"], "gh auth login" in found["mend"]) == ("not configured", True)
