import os
from typing import Any

import pytest
import requests
from github import GithubException, RateLimitExceededException

from tests.fakes.github import Answer, Drop, Fault, Hang, PushRejected, faults
from tests.integration.fake_github.rig import LONG, PAGE, Octocat, site


def test_a_fault_meets_so_many_requests_of_its_sort(octocat: Octocat) -> None:
    octocat.github.add_fault(
        Fault(kind="api", method="POST", path="^/user/repos$", times=2, answer=faults.bad_gateway())
    )
    assert octocat.client.get_user().login == "octocat"
    for _ in range(2):
        with pytest.raises(GithubException) as refused:
            octocat.create()
        assert refused.value.status == 502
    assert octocat.create().name == "sales"


def test_a_fault_without_a_number_stays_until_it_is_cleared(octocat: Octocat) -> None:
    octocat.github.add_fault(Fault(kind="api", path="/repos/", times=None, answer=faults.bad_gateway()))
    octocat.create()
    for _ in range(3):
        with pytest.raises(GithubException) as refused:
            octocat.client.get_repo("octocat/sales")
        assert refused.value.status == 502
    octocat.github.clear_faults()
    assert octocat.client.get_repo("octocat/sales").name == "sales"


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_an_answer_is_lost_before_or_after_the_effect(octocat: Octocat, when: Any, count: int) -> None:
    octocat.github.add_fault(Fault(kind="api", method="POST", path="/user/repos", when=when, answer=Drop()))
    with pytest.raises(requests.ConnectionError):
        octocat.create()
    assert len(octocat.github.repositories()) == count
    assert octocat.github.log[-1].status is None


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (faults.secondary_limit(), 403, RateLimitExceededException),
        (faults.secondary_limit(7), 403, RateLimitExceededException),
        (faults.primary_limit(), 403, RateLimitExceededException),
        (faults.too_many_requests(), 429, GithubException),
        (faults.too_many_requests(7), 429, GithubException),
    ],
)
def test_limits_are_told_apart_by_pygithub(
    octocat: Octocat, answer: Answer, status: int, kind: type[GithubException]
) -> None:
    octocat.github.add_fault(Fault(kind="api", answer=answer))
    with pytest.raises(kind) as refused:
        octocat.create()
    headers = refused.value.headers or {}
    assert refused.value.status == status
    assert headers.get("retry-after") == answer.headers.get("Retry-After")
    assert headers["x-ratelimit-remaining"] == answer.headers.get("X-RateLimit-Remaining", "5000")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (faults.secret_found("app.js", 3), ["remote: error: GH013", "path: app.js:3", "repository rule violations"]),
        (faults.workflow_scope_missing(), ["refusing to allow a Personal Access Token", "`workflow` scope"]),
        (faults.branch_protected(), ["remote: error: GH006", "protected branch hook declined"]),
    ],
)
def test_a_push_is_refused_in_gits_own_words(octocat: Octocat, answer: PushRejected, shown: list[str]) -> None:
    repository = octocat.create()
    sha = octocat.checkout.commit({"big.bin": os.urandom(2 * 1024 * 1024)})
    octocat.github.add_fault(Fault(kind="git", method="POST", path="git-receive-pack", answer=answer))
    refused = octocat.checkout.push(repository)
    assert refused.returncode == 1
    assert "! [remote rejected] main -> main" in refused.stderr
    assert all(part in refused.stderr for part in shown)
    assert ("GH013" in refused.stderr) == (sha in refused.stderr)
    assert octocat.github.repository("octocat", "sales").head() is None
    assert octocat.checkout.push(repository).returncode == 0


@pytest.mark.parametrize(("when", "is_there"), [("before", False), ("after", True)])
def test_a_push_fails_with_a_502_before_or_after_the_effect(octocat: Octocat, when: Any, is_there: bool) -> None:
    repository = octocat.create()
    sha = octocat.checkout.commit(PAGE)
    octocat.github.add_fault(
        Fault(kind="git", method="POST", path="git-receive-pack", when=when, answer=faults.bad_gateway())
    )
    assert "502" in octocat.checkout.push(repository).stderr
    assert octocat.github.repository("octocat", "sales").head() == (sha if is_there else None)
    assert octocat.checkout.push(repository).returncode == 0
    assert len(octocat.github.repository("octocat", "sales").commits()) == 1


@pytest.mark.parametrize(("when", "is_there"), [("before", False), ("after", True)])
def test_a_push_is_cut_off_before_or_after_the_effect(octocat: Octocat, when: Any, is_there: bool) -> None:
    repository = octocat.create()
    octocat.checkout.commit(PAGE)
    octocat.github.add_fault(Fault(kind="git", method="POST", times=None, when=when, answer=Drop()))
    assert octocat.checkout.push(repository).returncode != 0
    assert (octocat.github.repository("octocat", "sales").head() is not None) == is_there


def test_git_sends_a_push_again_when_a_kept_connection_is_closed(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.checkout.commit(PAGE)
    octocat.github.add_fault(Fault(kind="git", method="POST", answer=Drop()))
    assert octocat.checkout.push(repository).returncode == 0
    assert [logged.status for logged in octocat.github.log if logged.method == "POST"] == [201, None, 200]


def test_a_push_hangs(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.checkout.commit(PAGE)
    octocat.github.add_fault(Fault(kind="git", answer=Hang(LONG)))
    octocat.checkout.environment |= {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "1"}
    assert "Operation too slow" in octocat.checkout.push(repository).stderr


def test_visitors_meet_faults_too(octocat: Octocat) -> None:
    address = site(octocat.publish())
    octocat.github.add_fault(Fault(kind="site", answer=Answer(403, headers={"X-Edge": "yes"}, text="blocked")))
    blocked = octocat.visitor.get(address)
    assert (blocked.status_code, blocked.text, blocked.headers["X-Edge"]) == (403, "blocked", "yes")
    assert octocat.visitor.get(address).status_code == 200
