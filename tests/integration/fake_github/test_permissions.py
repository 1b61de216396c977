from pathlib import Path

import pytest
from github import BadCredentialsException, GithubException, UnknownObjectException

from tests.integration.fake_github.rig import DEPLOY, MAIN, PAGE, Checkout, Octocat, ask, connect


def test_another_token_is_refused_everywhere(octocat: Octocat, tmp_path: Path) -> None:
    repository = octocat.create()
    stranger = connect(octocat.github, token="ghp_wrong")
    with pytest.raises(BadCredentialsException, match="Bad credentials"):
        stranger.get_repo("octocat/sales")
    stranger.close()
    checkout = Checkout(octocat.github, tmp_path / "stranger", token="ghp_wrong")
    checkout.commit(PAGE)
    assert "could not read Username" in checkout.push(repository).stderr
    assert octocat.github.repository("octocat", "sales").head() is None


def test_other_peoples_repositories_are_read_only(octocat: Octocat) -> None:
    octocat.github.create("hubot", "sales", "theirs", files=PAGE)
    repository = octocat.client.get_repo("hubot/sales")
    assert repository.get_branch("main").commit.sha == octocat.github.repository("hubot", "sales").head()
    with pytest.raises(GithubException, match="Must have admin rights"):
        repository.edit(description="ours")
    with pytest.raises(UnknownObjectException):
        ask(repository, "POST", "/pages", MAIN)
    octocat.checkout.commit(PAGE)
    assert "Permission to hubot/sales.git denied to octocat." in octocat.checkout.push(repository).stderr


def test_other_peoples_private_repositories_are_not_there(octocat: Octocat) -> None:
    octocat.github.create("hubot", "secret", private=True)
    with pytest.raises(UnknownObjectException):
        octocat.client.get_repo("hubot/secret")


@pytest.mark.parametrize(
    ("granted", "path", "missing"),
    [
        ({"contents=write", "pages=write"}, "/user/repos", "administration=write"),
        ({"administration=write"}, "/repos/octocat/sales/pages", "pages=write,administration=write"),
        ({"administration=write"}, "/repos/octocat/sales/pages/builds", "pages=write"),
    ],
)
def test_a_fine_grained_token_is_told_what_it_lacks(
    octocat: Octocat, granted: set[str], path: str, missing: str
) -> None:
    octocat.github.create("octocat", "sales", files=PAGE)
    octocat.github.settings.permissions = granted
    with pytest.raises(GithubException) as refused:
        octocat.client.requester.requestJsonAndCheck("POST", path, input={"name": "other", **MAIN})
    assert refused.value.status == 403
    assert refused.value.message == "Resource not accessible by personal access token"
    assert (refused.value.headers or {})["x-accepted-github-permissions"] == missing


def test_pushing_needs_permissions_of_its_own(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.checkout.commit(PAGE)
    octocat.github.settings.permissions = set()
    assert "The requested URL returned error: 403" in octocat.checkout.push(repository).stderr
    octocat.github.settings.permissions = {"contents=write"}
    assert octocat.checkout.push(repository).returncode == 0


def test_workflow_files_need_a_permission(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.checkout.commit({**PAGE, **DEPLOY})
    octocat.github.settings.permissions = {"contents=write"}
    refused = octocat.checkout.push(repository)
    assert refused.returncode == 1
    assert "workflow `.github/workflows/pages.yml` without `workflow` scope" in refused.stderr
    assert octocat.github.repository("octocat", "sales").head() is None

    octocat.github.settings.permissions = {"contents=write", "workflows=write"}
    assert octocat.checkout.push(repository).returncode == 0
    octocat.github.settings.permissions = {"contents=write"}
    octocat.checkout.commit({"index.html": b"two"})
    assert octocat.checkout.push(repository).returncode == 0
